"""Frames against blender chains as one picture: what is to be chosen by looking is seen side by side."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...lib.contact_sheet import contact_sheet
from ...lib.geometry import crop_matrix, scale_of
from ...lib.media import Chunk, Frame, Medium, Timeline, read_chunk
from ...lib.warp import cut
from ..errors import MediaError, OptionError
from .faces import FaceSource, FrameFace
from .stream import Swapper, Work

_REGION, _COVERAGE = "head", 0.8
"""What a tile shows: the face upright, with hair, chin and ears, where seams are seen."""


@dataclass(frozen=True, eq=False)
class Row:
    """A frame of the grid.

    Attributes:
        place: Its presentation time in a video, its position among images.
        number: Which frame of the medium it is, from 0.
        frame: The frame, as an image of 8 bits.
        face: The face that its tiles show: the nearest of those that are swapped.
    """

    place: int
    number: int
    frame: Frame
    face: FrameFace

    def tile(self, picture: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
        """The part of the frame's picture that the grid shows, uint8 `[size size 3]`; black beyond the frame."""
        matrix = _matrix(self.face, size)
        return np.asarray(cut(picture, matrix, size, "zero"), np.uint8)


def read_rows(medium: Medium, timeline: Timeline, places: Sequence[int], source: FaceSource) -> Iterator[Row]:
    """Reads the frames of a grid, in order.

    Raises:
        MediaError: One cannot be decoded.
        OptionError: One has no face that is swapped.
    """
    for place in sorted(set(places)):
        frame = next(iter(read_chunk(medium, Chunk(0, place, place, 1))), None)
        if frame is None:
            raise MediaError(f"frame {place} of {medium.path} cannot be decoded; choose another")
        faces = source.faces(frame.key)
        if not faces:
            raise OptionError(f"the frame at {frame.time:.2f} s has no face that would be swapped; choose another --at")
        number = bisect_left(timeline.times, place)
        yield Row(place, number, frame.still(), max(faces, key=lambda face: -scale_of(_matrix(face, 1))))


def swapped_tiles(
    rows: Sequence[Row], medium: Medium, timeline: Timeline, swapper: Swapper, size: int
) -> NDArray[np.uint8]:
    """A column of the grid: each row's face swapped, uint8 `[rows size size 3]`; the rows are left as they are."""
    swapped = swapper.stream(_works(rows, medium, timeline, swapper.shots.context), lambda work: None)
    return np.stack([row.tile(work.frame.image(), size) for row, work in zip(rows, swapped, strict=True)])


def _works(rows: Sequence[Row], medium: Medium, timeline: Timeline, reach: int) -> Iterator[Work]:
    """The frames of the rows, and those around that the blenders look at, which are decoded once more."""
    last, times, shown = -1, timeline.times, {row.number: row for row in rows}
    for row in rows:
        first, last = max(last + 1, row.number - reach), max(last, min(row.number + reach, len(times) - 1))
        numbers = range(first, last + 1)
        frames = _frames(medium, times, numbers) if reach and numbers else {}
        for number in numbers:
            if number in shown:
                yield Work(0, times[number], shown[number].frame.still(), number)
            elif times[number] in frames:
                yield Work(0, times[number], frames[times[number]], number, wanted=False)


def _frames(medium: Medium, times: Sequence[int], numbers: range) -> dict[int, Frame]:
    """Successive frames by their places; those that cannot be decoded are left out."""
    chunk = Chunk(0, times[numbers[0]], times[numbers[-1]], len(numbers))
    return {frame.key.pts if medium.kind == "video" else int(frame.time): frame for frame in read_chunk(medium, chunk)}


def draw_grid(
    rows: Sequence[Row], columns: dict[str, NDArray[np.uint8]], size: int, notes: Sequence[str], title: str
) -> NDArray[np.uint8]:
    """Draws the grid: the original first, then the columns under their names; each row says which frame it is.

    Args:
        rows: The frames.
        columns: For each heading its tiles, uint8 `[rows size size 3]`.
        size: Side of a tile in pixels.
        notes: What the label of each row says first; may be empty.
        title: What stands above everything.

    Returns:
        uint8 `[height width 3]`, RGB.
    """
    originals = np.stack([row.tile(row.frame.image(), size) for row in rows])
    labels = [f"{note} frame {row.number} {_time(row.frame)}".strip() for row, note in zip(rows, notes, strict=True)]
    return contact_sheet([originals, *columns.values()], ["original", *columns], size, labels, title)


def _matrix(face: FrameFace, size: int) -> NDArray[np.float32]:
    return crop_matrix(face.landmarks, face.scheme, _REGION, size, _COVERAGE)


def _time(frame: Frame) -> str:
    """When a frame is shown, or the image's name."""
    minutes, seconds = divmod(frame.time, 60)
    return f"{int(minutes)}:{seconds:05.2f}"
