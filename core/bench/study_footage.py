"""Two sets of faces of one performer: one that is all alike, and one that shows what a face can do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...lib.performers import SITTER, Script, Take
from ..jobs.context import JobContext

FACES = 100
"""Of each set, as in the study whose figures are compared."""

_RATE = 5
"""Frames a second: twenty seconds of acting, no two frames of one moment."""
_TREMBLE = 0.02
"""The share of its usual way that a still head moves."""
_NOISE = 1.5
"""Standard deviation of a camera's noise, of 255."""
_MOVES = "yaw", "pitch", "roll", "shift_x", "shift_y"


@dataclass(frozen=True)
class Still(Script):
    """The script of somebody who holds one expression; head and camera tremble."""

    def curves(self, times: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Returns each attribute of `Pose` over time; see `Script.curves`."""
        free = super().curves(times)
        return {name: values * (_TREMBLE if name in _MOVES else 0) for name, values in free.items()}


def render_sets(context: JobContext, folder: Path, seed: int) -> dict[str, Path]:
    """Renders both sets, unless they are there.

    Args:
        context: Is told.
        folder: Where.
        seed: Of the acting and the noise.

    Returns:
        The videos: `monotone` and `varied`.
    """
    takes = {
        name: Take(SITTER, script, _RATE) for name, script in (("monotone", Still(seed)), ("varied", Script(seed)))
    }
    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: folder / f"{name}.mp4" for name in takes}
    for name, take in takes.items():
        write_frames(context, paths[name], _filmed(take, seed), (take.size, FACES, _RATE))
    return paths


def write_frames(
    context: JobContext, path: Path, frames: Iterable[NDArray[np.uint8]], shape: tuple[int, int, int]
) -> None:
    """Writes square frames as a video, unless it is there.

    Args:
        context: Is told.
        path: The video.
        frames: uint8 `[size size 3]`, RGB, each.
        shape: Their side, their number, and how many are shown in a second.
    """
    from ...lib.media import VideoWriter

    if path.exists():
        return
    size, count, rate = shape
    with context.stage(f"render {path.name}", count, "frames") as stage, VideoWriter(path, size, size, rate) as video:
        for frame in frames:
            context.check()
            video.write(frame)
            stage.advance()


def _filmed(take: Take, seed: int) -> Iterator[NDArray[np.uint8]]:
    noise = np.random.default_rng(seed)
    for frame in take.frames(FACES):
        yield np.clip(np.rint(frame + noise.normal(0, _NOISE, frame.shape)), 0, 255).astype(np.uint8)
