"""Frames against blender chains as one picture: what is to be chosen by looking is seen side by side."""

from __future__ import annotations

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
        frame: The frame, as an image of 8 bits.
        face: The face that its tiles show: the nearest of those that are swapped.
    """

    place: int
    frame: Frame
    face: FrameFace

    def tile(self, picture: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
        """The part of the frame's picture that the grid shows, uint8 `[size size 3]`."""
        matrix = _matrix(self.face, size)
        return np.asarray(cut(picture, matrix, size), np.uint8)


def read_rows(medium: Medium, places: Sequence[int], source: FaceSource) -> Iterator[Row]:
    """Reads the frames of a grid.

    Raises:
        MediaError: One cannot be decoded.
        OptionError: One has no face that is swapped.
    """
    for place in places:
        frame = next(iter(read_chunk(medium, Chunk(0, place, place, 1))), None)
        if frame is None:
            raise MediaError(f"frame {place} of {medium.path} cannot be decoded; choose another")
        faces = source.faces(frame.key)
        if not faces:
            raise OptionError(f"the frame at {frame.time:.2f} s has no face that would be swapped; choose another --at")
        yield Row(place, frame.still(), max(faces, key=lambda face: -scale_of(_matrix(face, 1))))


def swapped_tiles(rows: Sequence[Row], swapper: Swapper, size: int) -> NDArray[np.uint8]:
    """A column of the grid: each row's face swapped, uint8 `[rows size size 3]`; the rows are left as they are."""
    works = (Work(0, row.place, row.frame.still()) for row in rows)
    swapped = swapper.stream(works, lambda work: None)
    return np.stack([row.tile(work.frame.image(), size) for row, work in zip(rows, swapped, strict=True)])


def draw_grid(
    rows: Sequence[Row], columns: dict[str, NDArray[np.uint8]], timeline: Timeline, size: int
) -> NDArray[np.uint8]:
    """Draws the grid: the original first, then the columns under their names; each row says which frame it is.

    Returns:
        uint8 `[height width 3]`, RGB.
    """
    originals = np.stack([row.tile(row.frame.image(), size) for row in rows])
    labels = [f"{timeline.times.index(row.place)} {_time(row.frame)}".strip() for row in rows]
    return contact_sheet([originals, *columns.values()], ["original", *columns], size, labels)


def _matrix(face: FrameFace, size: int) -> NDArray[np.float32]:
    return crop_matrix(face.landmarks, face.scheme, _REGION, size, _COVERAGE)


def _time(frame: Frame) -> str:
    """When a frame is shown, or the image's name."""
    minutes, seconds = divmod(frame.time, 60)
    return f"{int(minutes)}:{seconds:05.2f}"
