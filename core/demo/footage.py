"""Renders the demo's footage: each performer acts an independent script, with sound."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..jobs.context import JobContext

if TYPE_CHECKING:
    from ...lib.performers import Take

SOUND_RATE = 48000


def takes(seed: int) -> tuple[Take, Take]:
    """The source's take and the target's, whose scripts have nothing in common."""
    from ...lib.performers import BEARDED, SITTER, Script, Take

    return Take(SITTER, Script(2 * seed)), Take(BEARDED, Script(2 * seed + 1))


def render(context: JobContext, path: Path, take: Take, frames: int) -> None:
    """Renders a take as a video, unless it is there already."""
    if path.exists():
        return
    from ...lib.media import VideoWriter
    from ...lib.performers import soundtrack

    rate = round(take.fps)
    with (
        context.stage(f"render {path.name}", frames, "frames") as stage,
        VideoWriter(path, take.size, take.size, rate, audio_rate=SOUND_RATE) as video,
    ):
        video.write_audio(soundtrack(take.script, frames / take.fps, SOUND_RATE))
        for frame in take.frames(frames):
            context.check()
            video.write(frame)
            stage.advance()
