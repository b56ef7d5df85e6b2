"""What `bench faces` does with one detector, in a worker process as extraction has them: finds, stores, and times.

One process does all of an extraction's work on a footage, one piece after the other, so that it can tell what each
takes. Core seconds are those of all its threads; they count work, whatever else the machine does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from ...lib.boxes import iou
from ...lib.face_records import FrameRecord
from ...lib.faceset_chunk import write_chunk
from ...lib.faceset_writer import FacesetWriter
from ...lib.media import Frame, FrameReader, Gathered
from ..errors import MediaError
from ..extracting.chain import Chain
from ..extracting.messages import FACE_TYPE
from ..extracting.plugins import PluginChoices
from ..extracting.reel import Reel
from ..extracting.searching import find_faces
from ..host import use_backend

SAME_FACE = 0.4
"""The least intersection over union of a found box with the true one, as plugins' conformance suite has it; detectors
differ in how much of a head they frame."""

_CROP, _CHUNK = 512, 16
"""As the job `extract` has them by default."""

_TIMED_EVERY = 20
"""Of every so many frames one is timed."""


class Clock:
    """Sums up what the blocks below it take.

    Attributes:
        wall: Seconds.
        cores: Seconds of all cores together.
    """

    def __init__(self) -> None:
        self.wall = self.cores = 0.0

    def __enter__(self) -> Self:
        self._began = time.perf_counter(), time.process_time()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.wall += time.perf_counter() - self._began[0]
        self.cores += time.process_time() - self._began[1]

    def seconds(self) -> dict[str, float]:
        """Both, as JSON holds them."""
        return {"wall": self.wall, "cores": self.cores}


class FacesWorker:
    """Measures footage; made once in a worker process.

    Args:
        settings: A dump of `PluginChoices`.

    Raises:
        PluginError: A plugin could not be loaded.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        cv2.setNumThreads(1)
        self._plugins = PluginChoices.model_validate(settings).prepare()
        use_backend(self._plugins.all)
        self._chain = Chain(self._plugins, _CROP)
        self._detect = self._plugins.detector.plugin.detect  # Loaded by the chain.

    def run(self, task: dict[str, Any], note: Callable[[Any], None]) -> Callable[[], dict[str, Any]]:
        """Measures one footage.

        Args:
            task: `path`, `images` and `frames` of the footage; `truth`, the true box of each frame or None; `repeats`.
            note: Told the number of each frame.
        """
        gathered = Gathered(Path(task["path"]), tuple(task["images"]))
        truth, tally = task["truth"], Tally()
        bare, host = ([Clock() for _ in range(task["repeats"])] for _ in range(2))
        with TemporaryDirectory(prefix="faceswap-bench-") as folder:
            job = _Job(self._chain, gathered, Path(folder) / "faceset", task["frames"])
            for index, record, image in job.frames():
                note(index)
                boxes = np.reshape([face.box for face in record.faces], (-1, 4))
                tally.add(boxes, None if truth is None else np.array(truth[index]))
                if index % _TIMED_EVERY == 0:
                    self._time(image, bare, host)
        if not tally.frames:
            raise MediaError(f"no frame of {gathered.label} can be decoded; give other footage")
        answer = {
            **vars(tally),
            "timed": len(range(0, tally.frames, _TIMED_EVERY)),
            "bare": [clock.cores for clock in bare],
            "host": [clock.cores for clock in host],
            "job": job.whole.seconds(),
            "store": job.store.seconds(),
        }
        return lambda: answer

    def _time(self, image: NDArray[np.uint8], bare: list[Clock], host: list[Clock]) -> None:
        """Lets the detector look at a frame by itself and by the host's search, in turn."""
        works: list[Callable[[], Any]] = [
            lambda: self._detect([image]),
            lambda: find_faces(self._detect, image, self._plugins.search),
        ]
        works[0]()  # Whatever grows with the size of a picture has grown.
        for number, clocks in enumerate(zip(bare, host, strict=True)):
            for side in (0, 1) if number % 2 else (1, 0):
                with clocks[side]:
                    works[side]()


class Tally:
    """Counts faces, and holds them against the true one where it is known.

    Attributes:
        frames: All frames.
        faces: Faces that were found in them.
        with_face: Frames in which any was found.
        missed: Frames in which none of them is the true one.
        false: Faces that are not the true one, or are it once more.
    """

    def __init__(self) -> None:
        self.frames = self.faces = self.with_face = self.missed = self.false = 0

    def add(self, boxes: NDArray[np.floating[Any]], truth: NDArray[np.floating[Any]] | None) -> None:
        """Counts a frame.

        Args:
            boxes: What was found, `[faces 4]`.
            truth: The box of its one face, `[4]`; None where nobody knows.
        """
        self.frames += 1
        self.faces += len(boxes)
        self.with_face += len(boxes) > 0
        if truth is not None:
            found = bool((iou(boxes, truth[None]) >= SAME_FACE).any())
            self.missed += not found
            self.false += len(boxes) - found


class _Job:
    """An extraction by this process alone: what the job's workers and its parent do, and how long it takes.

    Attributes:
        whole: All of it.
        store: Its part of writing chunks and of committing them.
    """

    def __init__(self, chain: Chain, gathered: Gathered, faceset: Path, most: int) -> None:
        self._chain, self._gathered, self._path, self._most = chain, gathered, faceset, most
        self.whole, self.store = Clock(), Clock()

    def frames(self) -> Iterator[tuple[int, FrameRecord, NDArray[np.uint8]]]:
        """Extracts the frames; those who wait for the next one are not timed."""
        with FacesetWriter.create_or_open(self._path, crop_size=_CROP, face_type=FACE_TYPE) as faceset:
            chunk: list[FrameRecord] = []
            for index, (record, image) in enumerate(self._extracted()):
                chunk.append(record)
                yield index, record, image
                if len(chunk) == _CHUNK:
                    self._store(faceset, index, chunk)
                    chunk = []
            self._store(faceset, self._most, chunk)

    def _extracted(self) -> Iterator[tuple[FrameRecord, NDArray[np.uint8]]]:
        frames = islice(FrameReader(Reel(self._gathered).medium), self._most)
        while (extracted := self._next(frames)) is not None:
            yield extracted

    def _next(self, frames: Iterator[Frame]) -> tuple[FrameRecord, NDArray[np.uint8]] | None:
        with self.whole:
            frame = next(frames, None)
            if frame is None:
                return None
            image = frame.image()
            faces = self._chain.faces(frame.key, image)
            record = FrameRecord(frame.key.source, frame.key.pts, frame.time, frame.width, frame.height, faces)
        return record, image

    def _store(self, faceset: FacesetWriter, number: int, chunk: list[FrameRecord]) -> None:
        with self.whole, self.store:
            faceset.commit_chunk(write_chunk(self._path, self._gathered.path.name, number, chunk))
