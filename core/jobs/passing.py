"""What the jobs share that pass frames from one medium to another: progress, warnings, the end."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .context import JobContext

if TYPE_CHECKING:
    from ..converting.conversion import Conversion, Stream
    from ..converting.stream import Work

CHUNK_FRAMES = 64
"""Frames that are kept together; a kill loses no more."""


def pass_frames(context: JobContext, conversion: Conversion, stream: Stream, name: str) -> int:
    """Does what no earlier run has finished, and publishes the output.

    Args:
        context: Of the job.
        conversion: The medium on its way.
        stream: Makes of frames what is written.
        name: Of the stage.

    Returns:
        How many frames were written in all.

    Raises:
        FaceswapError: A frame could not be written, or somebody asked to stop.
    """
    from ..converting.conversion import sum_up

    if conversion.parts.discarded:
        context.warn(f"{conversion.parts.folder} was begun with other settings or footage; starting anew.")
    for loss in conversion.output.losses():
        context.warn(loss)
    done = sum_up(conversion.finished().values()).frames
    with context.stage(name, conversion.total, "frames", done=done) as stage:

        def watch(work: Work) -> None:
            context.check()
            stage.advance()

        frames = sum_up(conversion.run(stream, watch).values()).frames
    if frames < conversion.total:
        lost = conversion.total - frames
        context.warn(f"{lost} frames of {conversion.medium.path} could not be decoded and are left out.")
    conversion.publish()
    return frames


def digest(files: Iterable[Path], *settings: Any) -> str:
    """Stands for what parts depend on: files, by size and time, and settings that JSON holds."""
    known = [[file.name, file.stat().st_size, file.stat().st_mtime_ns] for file in files]
    return hashlib.sha256(json.dumps([known, *settings], sort_keys=True, default=str).encode()).hexdigest()
