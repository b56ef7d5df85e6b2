"""The work of one chunk of frames: a pure function of the extraction's settings and the chunk.

Settings, tasks and results go through JSON, so that any executor can run them anywhere that sees the medium and the
faceset's folder. Workers write crops and a record of the rows; they never touch the database.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
from pydantic import BaseModel, ConfigDict

from ...lib.face_records import FrameRecord
from ...lib.faceset_chunk import write_chunk
from ...lib.media import Frame, Gathered
from ..host import use_backend
from .chain import Chain
from .plugins import PluginChoices
from .reel import Reel


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MediumFiles(_Message):
    """A medium of an extraction, as `lib.media.Gathered`."""

    path: Path
    images: tuple[str, ...] = ()


class WorkSettings(_Message):
    """What is the same for all chunks of an extraction."""

    media: tuple[MediumFiles, ...]
    faceset: Path
    plugins: PluginChoices
    crop_size: int
    check: bool = False


class ChunkTask(_Message):
    """One chunk of a medium.

    Attributes:
        index: Its number in the run; it follows on that of the chunk before it in the same medium.
        medium: The number of the medium among `WorkSettings.media`.
        wanted: The frames of it to extract: presentation times of a video, positions of images.
    """

    index: int
    medium: int
    wanted: tuple[int, ...]


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
        missing: Frames that could not be extracted: their places, and why.
        each: What became of each frame.
    """

    index: int
    medium: int
    record: str
    frames: int
    faces: int
    empty: int
    missing: tuple[tuple[int, str], ...]
    each: tuple[FrameResult, ...]


class ChunkWorker:
    """Runs chunks; made once in each worker process.

    Args:
        settings: A dump of `WorkSettings`.

    Raises:
        PluginError: A plugin could not be loaded.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = WorkSettings.model_validate(settings)
        cv2.setNumThreads(1)
        plugins = self._settings.plugins.prepare()
        use_backend(plugins.all)
        self._chain = Chain(plugins, self._settings.crop_size, self._settings.check)
        self._reel: Reel | None = None
        self._loaded = -1

    def run(self, task: dict[str, Any]) -> Callable[[], dict[str, Any]]:
        """Extracts the faces of a chunk; the function that is returned writes them and gives the result."""
        chunk = ChunkTask.model_validate(task)
        reel = self._reel_of(chunk.medium)
        frames = [self._record(frame) for _, frame in reel.frames(chunk.index, chunk.wanted)]
        missing = tuple(reel.missing.items())
        return lambda: self._write(chunk, reel.medium.path.name, frames, missing)

    def _reel_of(self, medium: int) -> Reel:
        """The medium that is read now is kept open."""
        if self._reel is None or self._loaded != medium:
            files = self._settings.media[medium]
            self._reel, self._loaded = Reel(Gathered(files.path, files.images)), medium
        return self._reel

    def _record(self, frame: Frame) -> FrameRecord:
        faces = self._chain.faces(frame.key, frame.image())
        return FrameRecord(frame.key.source, frame.key.pts, frame.time, frame.width, frame.height, faces)

    def _write(
        self, chunk: ChunkTask, name: str, frames: list[FrameRecord], missing: tuple[tuple[int, str], ...]
    ) -> dict[str, Any]:
        folder = self._settings.faceset
        record = write_chunk(folder, name, chunk.index, frames)
        return ChunkResult(
            index=chunk.index,
            medium=chunk.medium,
            record=record.relative_to(folder).as_posix(),
            frames=len(frames),
            faces=sum(len(frame.faces) for frame in frames),
            empty=sum(not frame.faces for frame in frames),
            missing=missing,
            each=tuple(_result(frame) for frame in frames),
        ).model_dump(mode="json")


def _result(frame: FrameRecord) -> FrameResult:
    return FrameResult(source=frame.source, pts=frame.pts, seconds=frame.time, faces=len(frame.faces))
