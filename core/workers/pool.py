"""A pool of worker processes: JSON tasks in, JSON results out, errors raised here.

Each worker gets its tasks in order from a share of neighbors, so that it can go on reading where it stopped; one
that runs out takes over from the end of the longest share that is left. A worker that dies, stays at one place of
its task for too long or takes too much memory is replaced, where the caller can mend its task.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, Self

from .. import errors
from ..errors import FaceswapError
from .limits import Limits
from .shares import Care, Shares
from .worker import Worker

_ROOT = Path(__file__).resolve().parents[2]
_PACKAGE = __name__.partition(".")[0]

_POLL_SECONDS = 0.2


class WorkerError(RuntimeError):
    """A worker failed in a way that no user can act on; the message holds its traceback."""


def core_count() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class WorkerPool:
    """Worker processes that run tasks; used in a `with` block, whose end ends them.

    Args:
        module: The module that makes workers, as an absolute name.
        factory: Its function or class: takes `settings`, returns an object whose `run(task, note)` computes a task
            and returns a function that finishes it (waits for the disk) and gives the result. It calls `note` with
            the place in the task that it is at, anything that goes through JSON, again as a sign of life.
        settings: What every worker is given; must go through JSON.
        count: How many processes.
        limits: What bounds each of them, while it is at a place; None for nothing.
        care: Mends the tasks of workers that died; without it, a death ends the run.
    """

    def __init__(
        self,
        module: str,
        factory: str,
        settings: Mapping[str, Any],
        count: int,
        limits: Limits | None = None,
        care: Care | None = None,
    ) -> None:
        setup = {
            "path": [path or str(Path.cwd()) for path in sys.path],
            "package": _PACKAGE,
            "root": str(_ROOT),
            "module": module,
            "factory": factory,
            "settings": settings,
        }
        self._limits, self._care = limits, care
        self._looked = 0.0
        self._workers: list[Worker] = []
        for _ in range(count):
            self._workers.append(Worker(setup))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._workers:
            worker.end()

    def run(self, tasks: Sequence[Mapping[str, Any]], check: Callable[[], None]) -> Iterator[dict[str, Any]]:
        """Runs tasks and yields their results as they come.

        Args:
            tasks: In the order of the medium.
            check: Called several times a second; raises a FaceswapError when the run should stop.

        Raises:
            FaceswapError: A task failed in a way that a user can act on, or a worker died for good.
            WorkerError: A task failed otherwise.
        """
        if not tasks:
            return
        shares = Shares(tasks, len(self._workers))
        answers: SimpleQueue[dict[str, Any]] = SimpleQueue()
        for index, worker in enumerate(self._workers):
            worker.start(index, shares, answers, self._care)
        for _ in tasks:
            try:
                answer = self._next(answers, check)
            except FaceswapError:
                for _ in range(answers.qsize()):  # What is finished is kept.
                    yield _result(answers.get())
                raise
            yield _result(answer)

    def _next(self, answers: SimpleQueue[dict[str, Any]], check: Callable[[], None]) -> dict[str, Any]:
        while True:
            check()
            self._watch()
            try:
                return answers.get(timeout=_POLL_SECONDS)
            except Empty:
                continue

    def _watch(self) -> None:
        """Kills workers that are out of bounds; looks at most every fifth of a second."""
        now = time.monotonic()
        if self._limits and now - self._looked >= _POLL_SECONDS:
            self._looked = now
            for worker in self._workers:
                worker.hold_to(self._limits)


def _result(answer: dict[str, Any]) -> dict[str, Any]:
    if "result" in answer:
        return answer["result"]  # type: ignore[no-any-return]
    known = getattr(errors, answer["error"], None)
    if isinstance(known, type) and issubclass(known, FaceswapError):
        raise known(answer["message"])
    raise WorkerError(answer["trace"])
