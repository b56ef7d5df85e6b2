"""Reads the frames of chunks, one chunk after the other, and says which could not be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from ...lib.media import Chunk, Frame, Gathered, Medium, probe, read_chunk

_END = 2**63 - 1
"""A presentation time after every other."""


class Reel:
    """Reads chunks of one medium; neighbors are read on from where the last one ended.

    Decoding begins at a keyframe, which may lie hundreds of frames before a chunk, so starting anew for each would
    cost more than the faces in some footage.

    Args:
        gathered: The medium; it is opened here if it is a video.

    Raises:
        MediaError: It is a video that cannot be read.
    """

    def __init__(self, gathered: Gathered) -> None:
        self.medium = _unopened(gathered) if gathered.images else probe(gathered.path)
        self.missing: dict[int, str] = {}
        """Why frames of the last chunk are missing, by their places."""
        self._frames: Iterator[Frame] = iter(())
        self._next: Frame | None = None
        self._index = -1

    def frames(self, index: int, wanted: Sequence[int]) -> Iterator[tuple[int, Frame]]:
        """The wanted frames that can be decoded, each with its place.

        Args:
            index: The number of the chunk; chunks that follow each other in the medium have numbers that do.
            wanted: Places, ascending: presentation times of a video, positions of images.
        """
        self.missing = dict.fromkeys(wanted, "it cannot be decoded")
        places = self._images(wanted) if self.medium.images else self._video(index, wanted)
        for place, frame in places:
            self.missing.pop(place, None)
            yield place, frame

    def _images(self, wanted: Sequence[int]) -> Iterator[tuple[int, Frame]]:
        for place in wanted:
            reader = read_chunk(self.medium, Chunk(place, place, place, 1))
            for frame in reader:
                yield place, frame
            if reader.reasons:
                self.missing[place] = reader.reasons[0]

    def _video(self, index: int, wanted: Sequence[int]) -> Iterator[tuple[int, Frame]]:
        if not wanted:
            return
        if index != self._index + 1 or self._index < 0:
            self._frames = iter(read_chunk(self.medium, Chunk(index, wanted[0], _END, 0)))
            self._next = next(self._frames, None)
        self._index = index
        chosen = frozenset(wanted)
        while self._next is not None and self._next.key.pts <= wanted[-1]:
            frame, self._next = self._next, None
            if frame.key.pts in chosen:
                yield frame.key.pts, frame
            self._next = next(self._frames, None)


def _unopened(gathered: Gathered) -> Medium:
    """Images as a medium; their sizes are not needed, so that none of them is decoded for it."""
    return Medium(
        path=gathered.path,
        kind="folder",
        width=0,
        height=0,
        codec="",
        pixel_format="rgb24",
        frames=len(gathered.images),
        time_base=Fraction(1),
        images=gathered.images,
    )
