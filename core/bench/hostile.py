"""Damaged media by the thousand, taken through what extraction does with media: looking, choosing frames, decoding.

Files are looked at and decoded in child processes, many in each, as the job does it; the plugins alone are left out.
What must not happen is that this process fails, or waits for a file that never ends.
"""

from __future__ import annotations

import os
import random
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from ..errors import FaceswapError
from .measure import Figure
from .mutations import mutated, originals
from .processes import peak_of, tree

if TYPE_CHECKING:
    from ...lib.media import Gathered
    from ..extracting.footage import Footage

_BATCH = 100
"""Files that share their processes."""

_SECONDS = 30.0
_WORKERS = 2
_POLL_SECONDS = 0.1
_MOST_MEGABYTES = 4000
"""The largest image that is read, 16384x16384 of 16 bits, twice: as it is decoded, and with its colors in order."""

_EXCEPTION = re.compile(r"\((\w+(?:Error|Exception|Warning)): ")


@dataclass
class Tally:
    """What became of the files.

    Attributes:
        files: How many were tried.
        refused: Those that could not be read at all.
        frames: Frames that were decoded.
        missing: Frames that could not be decoded.
        crashes: What this process failed with, and on which files.
        hangs: Files on which a worker had to be ended since it made no progress.
        lost: Files on which a worker crashed or took too much memory, and how.
        exceptions: Exceptions that were met in decoding and are none of the project's own, by class.
    """

    files: int = 0
    refused: int = 0
    frames: int = 0
    missing: int = 0
    crashes: list[str] = field(default_factory=list)
    hangs: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    exceptions: Counter[str] = field(default_factory=Counter)

    def blame(self, name: str, reason: str) -> None:
        """Notes why a file, or frames of it, could not be had."""
        self.exceptions.update(_EXCEPTION.findall(reason))
        if "no progress on it" in reason:
            self.hangs.append(f"{name}: {reason}")
        elif "the worker ended" in reason or "of memory were taken" in reason:
            self.lost.append(f"{name}: {reason}")


def measure(count: int, seed: int) -> list[Figure]:
    """Damages files and takes them through extraction's reading.

    Args:
        count: How many files.
        seed: Of the damages.
    """
    tally, generator = Tally(), random.Random(seed)
    with TemporaryDirectory(prefix="faceswap-bench-") as folder, _watched() as peaks:
        sound = {path.name: path.read_bytes() for path in originals(Path(folder))}
        for start in range(0, count, _BATCH):
            batch = Path(folder) / f"batch-{start}"
            batch.mkdir()
            for number in range(start, min(count, start + _BATCH)):
                name = generator.choice(sorted(sound))
                ways, data = mutated(sound[name], generator)
                (batch / f"{number:05d}-{ways}-{name}").write_bytes(data)
            _read(batch, tally)
    details = {name: value for name, value in vars(tally).items() if name != "exceptions"}
    details |= {"exceptions": dict(tally.exceptions), "seed": seed}
    return [
        Figure(f"hostile: crashes of the parent in {tally.files} files", len(tally.crashes), "", 0, details),
        Figure(f"hostile: hangs over {_SECONDS:g} s", len(tally.hangs), "", 0),
        Figure("hostile: files on which a worker was lost", len(tally.lost), ""),
        Figure("hostile: peak memory of a process", round(max(peaks.values(), default=0) / 1e6), "MB", _MOST_MEGABYTES),
    ]


def _read(batch: Path, tally: Tally) -> None:
    """Reads a folder of files as the job does."""
    names = sorted(path.name for path in batch.iterdir())
    tally.files += len(names)
    try:
        _extract(batch, tally)
    except FaceswapError as error:
        tally.crashes.append(f"{names[0]} to {names[-1]}: the run ended: {error}")
    except Exception as error:
        tally.crashes.append(f"{names[0]} to {names[-1]}: {type(error).__name__}: {error}")


def _extract(batch: Path, tally: Tally) -> None:
    """What `ExtractJob` does with media, with nothing done with the frames."""
    from ...lib.media import gather
    from ..extracting.footage import distinct, make_tasks
    from ..extracting.mending import Mender
    from ..extracting.messages import MediumFiles
    from ..workers.limits import Limits
    from ..workers.pool import WorkerPool

    media, _ = distinct(gather([batch]))
    footage = list(_readable(media, tally))
    files = [MediumFiles(path=part.medium.path, images=part.medium.images) for part in footage]
    settings = {"media": [each.model_dump(mode="json") for each in files]}
    tasks = [task.model_dump(mode="json") for task in make_tasks(footage, 16)]
    workers = min(_WORKERS, len(tasks))
    with WorkerPool(__name__, "Decoder", settings, workers, Limits.shared(_SECONDS, _WORKERS), Mender()) as pool:
        for answer in pool.run(tasks, _never):
            _count(footage[answer["medium"]], answer, tally)


def _readable(media: Sequence[Gathered], tally: Tally) -> Iterator[Footage]:
    """The media that can be read; the others are counted."""
    from ..extracting.footage import Footage
    from ..extracting.scouting import look

    for medium, seen in zip(media, look(media, _never, _SECONDS), strict=True):
        if seen.refused:
            tally.refused += 1
            tally.blame(medium.path.name, seen.refused)
        else:
            yield Footage(medium, seen.timeline, frozenset())


def _count(part: Footage, answer: dict[str, Any], tally: Tally) -> None:
    """Counts what became of a chunk."""
    tally.frames += answer["frames"]
    for place, reason in answer["missing"]:
        tally.missing += 1
        tally.blame(part.frame_name(place), reason)
    for failure in answer["failures"]:
        tally.missing += len(failure["places"])
        tally.blame(part.frame_name(failure["places"][0]), failure["reason"])


class Decoder:
    """Runs in the other process: decodes chunks as extraction does.

    Args:
        settings: `media`, as in `WorkSettings`.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        import cv2

        from ..extracting.messages import MediumFiles
        from ..extracting.reel import Reels

        cv2.setNumThreads(1)
        self._reels = Reels([MediumFiles.model_validate(each) for each in settings["media"]])

    def run(self, task: dict[str, Any], note: Callable[[Any], None]) -> Callable[[], dict[str, Any]]:
        """Decodes a chunk."""
        from ..extracting.messages import ChunkTask

        chunk = ChunkTask.model_validate(task)
        answer: dict[str, Any] = {"medium": chunk.medium, "frames": 0, "missing": [], "failures": []}
        answer["failures"] = [failure.model_dump(mode="json") for failure in chunk.failures]
        if chunk.wanted:
            reel = self._reels.of(chunk.medium, chunk.wanted[0], note)
            answer["frames"] = sum(1 for _ in reel.frames(chunk.index, chunk.wanted))
            answer["missing"] = list(reel.missing.items())
        return lambda: answer


@contextmanager
def _watched() -> Iterator[dict[int, int]]:
    """Watches the memory of this process and its children: the peak of each, which can be read at the end."""
    peaks: dict[int, int] = {}
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(_POLL_SECONDS):
            peaks.update({member: peak for member in tree(os.getpid()) if (peak := peak_of(member))})

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peaks
    finally:
        stop.set()
        thread.join()


def _never() -> None:
    """Nobody stops a measurement."""
