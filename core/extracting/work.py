"""The work of one chunk of frames: a pure function of the extraction's settings and the chunk.

Settings, tasks and results go through JSON, so that any executor can run them anywhere that sees the medium and the
faceset's folder. Workers write crops and a record of the rows; they never touch the database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from pydantic import BaseModel, ConfigDict

from ...lib.face_records import FrameRecord
from ...lib.faceset_chunk import write_chunk
from ...lib.media import Chunk, Frame, Medium, probe, read_chunk
from ..host import use_backend
from ..selecting import Wanted
from .chain import Chain, ExpectedFaces
from .plugins import PluginChoices


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WorkSettings(_Message):
    """What is the same for all chunks of an extraction."""

    media: Path
    faceset: Path
    plugins: PluginChoices
    crop_size: int
    check: bool = False
    wanted: Wanted | None = None


class MissedFaces(_Message):
    """Faces of a frame that the detector missed, where the frames around it say that they are.

    Attributes:
        source: The name of the video or image.
        pts: The frame's presentation time stamp.
        boxes: Left, top, right, bottom of each.
        landmarks: The coordinates of each face's landmarks, x and y in turn.
    """

    source: str
    pts: int
    boxes: tuple[tuple[float, ...], ...]
    landmarks: tuple[tuple[float, ...], ...]

    def expected(self) -> ExpectedFaces:
        """The same as arrays."""
        points = np.array(self.landmarks, np.float32)
        return ExpectedFaces(np.array(self.boxes, np.float32), points.reshape(len(points), -1, 2))


class ChunkTask(_Message):
    """One chunk of the medium.

    Attributes:
        index: Its number in the medium.
        first: Its first frame, as in `lib.media.Chunk`.
        last: Its last frame.
        count: How many frames it has.
        done: Frames in it that need no work, as (source, pts).
        missed: Faces that the detector will miss in the others.
    """

    index: int
    first: int
    last: int
    count: int
    done: tuple[tuple[str, int], ...] = ()
    missed: tuple[MissedFaces, ...] = ()


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
        index: Its number in the medium.
        record: The folder with its crops and rows, relative to the faceset.
        frames: How many frames are in it.
        faces: How many faces.
        empty: How many frames without a face.
        missing: Frames that could not be decoded.
        each: What became of each frame.
    """

    index: int
    record: str
    frames: int
    faces: int
    empty: int
    missing: int
    each: tuple[FrameResult, ...]


class ChunkWorker:
    """Runs chunks; made once in each worker process.

    Args:
        settings: A dump of `WorkSettings`.

    Raises:
        PluginError: A plugin could not be loaded.
        MediaError: The medium cannot be read.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = WorkSettings.model_validate(settings)
        cv2.setNumThreads(1)
        self._medium = probe(self._settings.media)
        plugins = self._settings.plugins.prepare()
        use_backend(plugins.all)
        self._chain = Chain(plugins, self._settings.crop_size, self._settings.check, self._settings.wanted)
        self._reel = Reel(self._medium)

    def run(self, task: dict[str, Any]) -> Callable[[], dict[str, Any]]:
        """Extracts the faces of a chunk; the function that is returned writes them and gives the result."""
        chunk = ChunkTask.model_validate(task)
        done = frozenset(chunk.done)
        missed = {(faces.source, faces.pts): faces.expected() for faces in chunk.missed}
        frames, seen = [], 0
        for frame in self._reel.frames(Chunk(chunk.index, chunk.first, chunk.last, chunk.count)):
            seen += 1
            place = (frame.key.source, frame.key.pts)
            if place not in done:
                frames.append(self._record(frame, missed.get(place)))
        return lambda: self._write(chunk, frames, chunk.count - seen)

    def _record(self, frame: Frame, missed: ExpectedFaces | None) -> FrameRecord:
        faces = self._chain.faces(frame.key, frame.image(), missed)
        return FrameRecord(frame.key.source, frame.key.pts, frame.time, frame.width, frame.height, faces)

    def _write(self, chunk: ChunkTask, frames: list[FrameRecord], missing: int) -> dict[str, Any]:
        folder = self._settings.faceset
        record = write_chunk(folder, self._medium.path.name, chunk.index, frames)
        return ChunkResult(
            index=chunk.index,
            record=record.relative_to(folder).as_posix(),
            frames=len(frames),
            faces=sum(len(frame.faces) for frame in frames),
            empty=sum(not frame.faces for frame in frames),
            missing=missing,
            each=tuple(_result(frame) for frame in frames),
        ).model_dump(mode="json")


def _result(frame: FrameRecord) -> FrameResult:
    return FrameResult(source=frame.source, pts=frame.pts, seconds=frame.time, faces=len(frame.faces))


class Reel:
    """Reads chunks one after the other; neighbors are read on from where the last one ended.

    Decoding begins at a keyframe, which may lie hundreds of frames before a chunk, so starting anew for each would
    cost more than the faces in some footage.
    """

    def __init__(self, medium: Medium) -> None:
        self._medium = medium
        self._frames: Iterator[Frame] = iter(())
        self._next: Frame | None = None
        self._index = -1

    def frames(self, chunk: Chunk) -> Iterator[Frame]:
        """The frames of a chunk that can be decoded."""
        if self._medium.kind != "video":
            yield from read_chunk(self._medium, chunk)
            return
        if chunk.index != self._index + 1 or self._index < 0:
            to_end = Chunk(chunk.index, chunk.first, _END, 0)
            self._frames = iter(read_chunk(self._medium, to_end))
            self._next = next(self._frames, None)
        self._index = chunk.index
        while self._next is not None and self._next.key.pts <= chunk.last:
            frame, self._next = self._next, None
            yield frame
            self._next = next(self._frames, None)


_END = 2**63 - 1
"""A presentation time after every other."""
