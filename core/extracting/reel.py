"""Reads the frames of chunks, one chunk after the other, and says which could not be read."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

from ...lib.media import Chunk, Frame, FrameReader, Gathered, Medium, probe
from ..errors import FaceswapError
from .messages import MediumFiles

_END = 2**63 - 1
"""A presentation time after every other."""

NotePlace = Callable[[int], None]


class Reel:
    """Reads chunks of one medium; neighbors are read on from where the last one ended.

    Decoding begins at a keyframe, which may lie hundreds of frames before a chunk, so starting anew for each would
    cost more than the faces in some footage.

    Args:
        gathered: The medium; it is opened here if it is a video.
        note: Told the place of the frame that is to be decoded next, again with each packet that goes before it.

    Raises:
        MediaError: It is a video that cannot be read.
    """

    def __init__(self, gathered: Gathered, note: NotePlace = lambda place: None) -> None:
        self.medium = _unopened(gathered) if gathered.images else probe(gathered.path)
        self.missing: dict[int, str] = {}
        """Why frames of the last chunk are missing, by their places."""
        self._note = note
        self._expected = 0
        self._frames: Iterator[Frame] = iter(())
        self._ahead: Frame | None = None
        self._index = -1

    def frames(self, index: int, wanted: Sequence[int]) -> Iterator[tuple[int, Frame]]:
        """The wanted frames that can be decoded, each with its place, and with its 8-bit view made.

        Args:
            index: The number of the chunk; chunks that follow each other in the medium have numbers that do.
            wanted: Places, ascending: presentation times of a video, positions of images.
        """
        self.missing = dict.fromkeys(wanted, "it cannot be decoded")
        places = self._images(wanted) if self.medium.images else self._video(index, wanted)
        try:
            for place, frame in places:
                frame.image()
                self.missing.pop(place, None)
                yield place, frame
        except FaceswapError:
            raise
        except Exception as error:  # What decoding raises, a full memory too, must not cost more than the chunk.
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            self.missing = dict.fromkeys(self.missing, f"it cannot be decoded ({reason})")
            self._index = -1

    def _images(self, wanted: Sequence[int]) -> Iterator[tuple[int, Frame]]:
        for place in wanted:
            self._note(place)
            reader = FrameReader(self.medium, Chunk(place, place, place, 1))
            for frame in reader:
                yield place, frame
            if reader.reasons:
                self.missing[place] = reader.reasons[0]

    def _video(self, index: int, wanted: Sequence[int]) -> Iterator[tuple[int, Frame]]:
        if not wanted:
            return
        self._expected = wanted[0]
        if index != self._index + 1 or self._index < 0:
            chunk = Chunk(index, wanted[0], _END, 0)
            self._frames, self._ahead = iter(FrameReader(self.medium, chunk, self._pulse)), None
        self._index = index
        chosen = frozenset(wanted)
        while (frame := self._pulled()) is not None:
            if frame.key.pts > wanted[-1]:
                self._ahead = frame
                return
            if frame.key.pts in chosen:
                yield frame.key.pts, frame
            if frame.key.pts == wanted[-1]:
                return  # What comes next is the next chunk's, and its trouble too.
            self._expected = wanted[bisect_right(wanted, frame.key.pts)]

    def _pulled(self) -> Frame | None:
        """The next frame of the video; None at its end."""
        frame, self._ahead = self._ahead, None
        if frame is None:
            self._pulse()
            frame = next(self._frames, None)
        return frame

    def _pulse(self) -> None:
        self._note(self._expected)


class Reels:
    """The media of a run, of which the one that is read now is open.

    Args:
        media: All of them.
    """

    def __init__(self, media: Sequence[MediumFiles]) -> None:
        self._media = media
        self._reel: Reel | None = None
        self._number = -1
        self._note: Callable[[Any], None] = lambda place: None

    def of(self, number: int, first: int, note: Callable[[Any], None]) -> Reel:
        """The reel of a medium.

        Args:
            number: Which of the media.
            first: The frame for whose sake it is opened.
            note: Told `decode` and the frame that is to be decoded next.
        """
        self._note = note
        if self._reel is None or self._number != number:
            self._decoding(first)
            files = self._media[number]
            self._reel, self._number = Reel(Gathered(files.path, files.images), self._decoding), number
        return self._reel

    def _decoding(self, place: int) -> None:
        self._note(["decode", place])


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
