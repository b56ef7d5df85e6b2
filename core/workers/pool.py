"""A pool of worker processes: JSON tasks in, JSON results out, errors raised here.

Each worker gets its tasks in order from a share of neighbors, so that it can go on reading where it stopped; one
that runs out takes over from the end of the longest share that is left.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import IO, Any, Self

from .. import errors
from ..errors import FaceswapError

_CHILD = Path(__file__).with_name("child.py")
_ROOT = Path(__file__).resolve().parents[2]
_PACKAGE = __name__.partition(".")[0]

_POLL_SECONDS = 0.2

_ONE_THREAD = {
    # As many processes as cores: threads of their own would only contend, and change sums in the last bit.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    # Several processes share one device.
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
}

# Ctrl-C, which a terminal sends to a whole group, is for the parent to decide about.
_OWN_GROUP: dict[str, Any] = {"process_group": 0}
if sys.platform == "win32":
    _OWN_GROUP = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}


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
        factory: Its function or class: takes `settings`, returns an object whose `run(task)` computes a task and
            returns a function that finishes it (waits for the disk) and gives the result.
        settings: What every worker is given; must go through JSON.
        count: How many processes.
    """

    def __init__(self, module: str, factory: str, settings: Mapping[str, Any], count: int) -> None:
        setup = {
            "path": [path or str(Path.cwd()) for path in sys.path],
            "package": _PACKAGE,
            "root": str(_ROOT),
            "module": module,
            "factory": factory,
            "settings": settings,
        }
        self._workers: list[_Worker] = []
        for _ in range(count):
            self._workers.append(_Worker(setup))

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
            FaceswapError: A task failed in a way that a user can act on, or a worker died.
            WorkerError: A task failed otherwise.
        """
        if not tasks:
            return
        shares = Shares(tasks, len(self._workers))
        answers: SimpleQueue[dict[str, Any]] = SimpleQueue()
        for index, worker in enumerate(self._workers):
            worker.start(index, shares, answers)
        for _ in tasks:
            try:
                answer = _next(answers, check)
            except FaceswapError:
                for _ in range(answers.qsize()):  # What is finished is kept.
                    yield _result(answers.get())
                raise
            yield _result(answer)


def _next(answers: SimpleQueue[dict[str, Any]], check: Callable[[], None]) -> dict[str, Any]:
    while True:
        check()
        try:
            return answers.get(timeout=_POLL_SECONDS)
        except Empty:
            continue


def _result(answer: dict[str, Any]) -> dict[str, Any]:
    if "result" in answer:
        return answer["result"]  # type: ignore[no-any-return]
    known = getattr(errors, answer["error"], None)
    if isinstance(known, type) and issubclass(known, FaceswapError):
        raise known(answer["message"])
    raise WorkerError(answer["trace"])


class Shares:
    """The tasks that are left, as one run of neighbors for each worker."""

    def __init__(self, tasks: Sequence[Mapping[str, Any]], count: int) -> None:
        cuts = [len(tasks) * index // count for index in range(count + 1)]
        self._shares = [deque(tasks[cuts[index] : cuts[index + 1]]) for index in range(count)]
        self._lock = threading.Lock()

    def take(self, worker: int) -> Mapping[str, Any] | None:
        """The next task for a worker; None when none is left."""
        with self._lock:
            if self._shares[worker]:
                return self._shares[worker].popleft()
            longest = max(self._shares, key=len)
            return longest.pop() if longest else None


class _Worker:
    """One process, as the parent sees it."""

    def __init__(self, setup: Mapping[str, Any]) -> None:
        self._thread: threading.Thread | None = None
        self._output: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (closed in `end`)
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(_CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._output,
            env={**os.environ, **_ONE_THREAD},
            **_OWN_GROUP,
        )
        self._send(setup)

    def start(self, *work: Any) -> None:
        """Begins to serve, in a thread."""
        self._thread = threading.Thread(target=self._serve, args=work, daemon=True)
        self._thread.start()

    def _serve(self, index: int, shares: Shares, answers: SimpleQueue[dict[str, Any]]) -> None:
        """Feeds the process tasks and hands its answers on, until none is left.

        A task has two answers, in any order: that the process is free to compute the next, and the result.
        """
        awaited = self._feed(shares.take(index))
        while awaited:
            answer = self._read()
            awaited -= 1
            if "free" in answer:
                awaited += self._feed(shares.take(index))
            else:
                answers.put(answer)
            if "dead" in answer:
                return

    def _feed(self, task: Mapping[str, Any] | None) -> int:
        """Sends a task, if there is one; returns the number of answers that it will have."""
        if task is None:
            return 0
        self._send(task)
        return 2

    def _read(self) -> dict[str, Any]:
        line = self._process.stdout.readline() if self._process.stdout else b""
        return json.loads(line) if line.endswith(b"\n") else self._death()

    def end(self) -> None:
        """Ends the process; what it had not finished is lost."""
        self._process.kill()
        self._process.wait()
        if self._thread is not None:
            self._thread.join()
        for pipe in (self._process.stdin, self._process.stdout, self._output):
            if pipe is not None:
                with suppress(OSError):  # A task that it did not live to read may be left in the pipe.
                    pipe.close()

    def _send(self, line: Mapping[str, Any]) -> None:
        if self._process.stdin is not None:
            with suppress(OSError):  # It has died, which reading its answer tells better.
                self._process.stdin.write(json.dumps(line).encode() + b"\n")
                self._process.stdin.flush()

    def _death(self) -> dict[str, Any]:
        code = self._process.wait()
        self._output.seek(0)
        last = self._output.read().decode("utf-8", "replace").strip().splitlines()[-1:]
        how = f"by signal {-code} (9 often means that memory ran out)" if code < 0 else f"with exit code {code}"
        words = f": {last[0]}" if last else ""
        return {
            "dead": True,
            "error": "FaceswapError",
            "message": f"A worker process ended {how}{words}. What was finished is kept; try fewer workers.",
        }
