"""What an extraction's parent and its workers tell each other; all of it goes through JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from ..facesets.selecting import Wanted
from .plugins import PluginChoices

if TYPE_CHECKING:
    from .chain import ExpectedFaces

FACE_TYPE = "head"
"""How much of the head an extraction's crops show: the most, since every narrower crop is cut from them."""


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MediumFiles(_Message):
    """A medium of an extraction, as `lib.media.Gathered`."""

    path: Path
    images: tuple[str, ...] = ()


class WorkSettings(_Message):
    """What is the same for all chunks of an extraction.

    Attributes:
        media: What is extracted.
        faceset: Where to.
        plugins: The chain.
        crop_size: Side of the crops in pixels.
        face_type: How much of the head they show.
        check: Whether plugin calls are checked.
        people: Those whose faces are stored; None: all.
        given: The file of faces that stands for the detector; None: the detector looks.
    """

    media: tuple[MediumFiles, ...]
    faceset: Path
    plugins: PluginChoices
    crop_size: int
    face_type: str = FACE_TYPE
    check: bool = False
    people: Wanted | None = None
    given: GivenFile | None = None


class MissedFaces(_Message):
    """Faces of a frame that the detector missed, where the frames around it say that they are.

    Attributes:
        pts: The frame's presentation time stamp.
        boxes: Left, top, right, bottom of each.
        landmarks: The coordinates of each face's landmarks, x and y in turn.
    """

    pts: int
    boxes: tuple[tuple[float, ...], ...]
    landmarks: tuple[tuple[float, ...], ...]

    def expected(self) -> ExpectedFaces:
        """The same as arrays."""
        import numpy as np

        from .chain import ExpectedFaces

        points = np.array(self.landmarks, np.float32)
        return ExpectedFaces(np.array(self.boxes, np.float32), points.reshape(len(points), -1, 2))


class GivenFile(_Message):
    """A file of faces that stands for the detector, and with landmarks for the aligner.

    Attributes:
        digest: Of the file's content.
        scheme: Of its landmarks; None without.
    """

    digest: str
    scheme: str | None = None


class GivenFrame(_Message):
    """What such a file says of a frame.

    Attributes:
        place: The frame's.
        boxes: Left, top, right, bottom of each face.
        scores: 0..1, of each.
        landmarks: The coordinates of each face's landmarks, x and y in turn; none where the file has none.
    """

    place: int
    boxes: tuple[tuple[float, ...], ...]
    scores: tuple[float, ...]
    landmarks: tuple[tuple[float, ...], ...] = ()


class Failure(_Message):
    """Frames that were given up.

    Attributes:
        places: Which.
        reason: Why, in words that follow a "since".
    """

    places: tuple[int, ...]
    reason: str


class ChunkTask(_Message):
    """One chunk of a medium.

    Attributes:
        index: Its number in the run; it follows on that of the chunk before it in the same medium.
        medium: The number of the medium among `WorkSettings.media`.
        wanted: The frames of it to extract: presentation times of a video, positions of images.
        keys: Places in the chunk at which decoding can begin.
        missed: Faces that the detector will miss in them.
        given: What the file of faces says of them, where one stands for the detector.
        suspect: The frame on which a worker died.
        failures: Frames that are given up.
    """

    index: int
    medium: int
    wanted: tuple[int, ...]
    keys: tuple[int, ...] = ()
    missed: tuple[MissedFaces, ...] = ()
    given: tuple[GivenFrame, ...] = ()
    suspect: int | None = None
    failures: tuple[Failure, ...] = ()


class FrameResult(_Message):
    """What became of a frame.

    Attributes:
        source: The name of the video or image.
        pts: Its presentation time stamp.
        seconds: Its time in the footage.
        faces: How many faces are in it.
    """

    source: str
    pts: int
    seconds: float
    faces: int


class ChunkResult(_Message):
    """What became of a chunk.

    Attributes:
        index: Its number in the run.
        medium: The number of its medium.
        record: The folder with its crops and rows, relative to the faceset.
        frames: How many frames are in it.
        faces: How many faces.
        empty: How many frames without a face.
        missing: Frames that cannot be decoded: their places, and why.
        failures: Frames that were given up, since workers died of them.
        each: What became of each frame.
    """

    index: int
    medium: int
    record: str
    frames: int
    faces: int
    empty: int
    missing: tuple[tuple[int, str], ...]
    failures: tuple[Failure, ...]
    each: tuple[FrameResult, ...]
