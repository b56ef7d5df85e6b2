"""The work of one chunk of frames: a pure function of the extraction's settings and the chunk.

Settings, tasks and results go through JSON, so that any executor can run them anywhere that sees the medium and the
faceset's folder. Workers write crops and a record of the rows; they never touch the database.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2

from ...lib.face_records import FrameRecord
from ...lib.faceset_chunk import write_chunk
from ...lib.media import Frame
from ..host import use_backend
from .chain import Chain, ExpectedFaces
from .given import GivenDetector, with_file
from .messages import ChunkResult, ChunkTask, FrameResult, WorkSettings
from .reel import Reels


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
        self._given: GivenDetector | None = None
        if self._settings.given:
            plugins, self._given = with_file(plugins, self._settings.given)
        use_backend(plugins.all)
        chosen = self._settings
        self._chain = Chain(plugins, chosen.crop_size, chosen.check, chosen.people, chosen.face_type)
        self._reels = Reels(self._settings.media)

    def run(self, task: dict[str, Any], note: Callable[[Any], None]) -> Callable[[], dict[str, Any]]:
        """Extracts the faces of a chunk; the function that is returned writes them and gives the result.

        Args:
            task: A dump of `ChunkTask`.
            note: Told what is done with which frame, before it is done.
        """
        chunk = ChunkTask.model_validate(task)
        frames: list[FrameRecord] = []
        missing: tuple[tuple[int, str], ...] = ()
        missed = {faces.pts: faces.expected() for faces in chunk.missed}
        given = {frame.place: frame for frame in chunk.given}
        if chunk.wanted:
            reel = self._reels.of(chunk.medium, chunk.wanted[0], note)
            for place, frame in reel.frames(chunk.index, chunk.wanted):
                note(["faces", place])
                if self._given:
                    self._given.turn_to(given.get(place))
                frames.append(self._record(frame, missed.get(place)))
            missing = tuple(reel.missing.items())
        return lambda: self._write(chunk, frames, missing)

    def _record(self, frame: Frame, missed: ExpectedFaces | None) -> FrameRecord:
        faces = self._chain.faces(frame.key, frame.image(), missed)
        return FrameRecord(frame.key.source, frame.key.pts, frame.time, frame.width, frame.height, faces)

    def _write(
        self, chunk: ChunkTask, frames: list[FrameRecord], missing: tuple[tuple[int, str], ...]
    ) -> dict[str, Any]:
        folder, name = self._settings.faceset, self._settings.media[chunk.medium].path.name
        record = write_chunk(folder, name, chunk.index, frames)
        return ChunkResult(
            index=chunk.index,
            medium=chunk.medium,
            record=record.relative_to(folder).as_posix(),
            frames=len(frames),
            faces=sum(len(frame.faces) for frame in frames),
            empty=sum(not frame.faces for frame in frames),
            missing=missing,
            failures=chunk.failures,
            each=tuple(_result(frame) for frame in frames),
        ).model_dump(mode="json")


def _result(frame: FrameRecord) -> FrameResult:
    return FrameResult(source=frame.source, pts=frame.pts, seconds=frame.time, faces=len(frame.faces))
