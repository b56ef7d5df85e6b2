"""What becomes of a frame on which a worker crashed, hung or took too much memory: it is tried again, then given up.

Again, since a worker may also die of what has nothing to do with its frame: another program that takes the memory.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from ..workers.shares import Task
from .messages import ChunkTask, Failure

_MOST_FAILURES = 5
"""After so many in a row nothing more of a medium is tried."""

_GIVEN_UP = f"{_MOST_FAILURES} frames in a row could not be extracted, so nothing more of this file was tried"


class Mender:
    """Mends chunks whose worker died, for `WorkerPool`."""

    def __init__(self) -> None:
        self._failures: Counter[int] = Counter()

    def succeeded(self, medium: int) -> None:
        """Notes that frames of a medium were extracted."""
        self._failures[medium] = 0

    def prepare(self, task: Task) -> Task:
        """Takes all frames out of a chunk whose medium is given up."""
        chunk = ChunkTask.model_validate(task)
        if self._failures[chunk.medium] < _MOST_FAILURES or not chunk.wanted:
            return task
        return _dumped(chunk, chunk.wanted, _GIVEN_UP)

    def mend(self, task: Task, place: Any, reason: str) -> Task:
        """Lets a chunk be tried again, the second time without the frames that cannot be had.

        Args:
            task: The chunk.
            place: `decode` or `faces`, and the frame.
            reason: What became of the worker.
        """
        chunk = ChunkTask.model_validate(task)
        stage, frame = place
        if chunk.suspect != frame:
            return chunk.model_copy(update={"suspect": frame}).model_dump(mode="json")
        self._failures[chunk.medium] += 1
        return _dumped(chunk, _lost(chunk, frame) if stage == "decode" else (frame,), reason)


def _lost(chunk: ChunkTask, frame: int) -> tuple[int, ...]:
    """A frame that cannot be decoded and those that are decoded from it: all up to the next keyframe."""
    end = min((key for key in chunk.keys if key > frame), default=None)
    return tuple(place for place in chunk.wanted if place >= frame and (end is None or place < end))


def _dumped(chunk: ChunkTask, lost: tuple[int, ...], reason: str) -> dict[str, Any]:
    """The chunk without frames that are given up."""
    failure = Failure(places=lost, reason=reason)
    wanted = tuple(place for place in chunk.wanted if place not in lost)
    update = {"suspect": None, "wanted": wanted, "failures": (*chunk.failures, failure)}
    return chunk.model_copy(update=update).model_dump(mode="json")
