"""One worker process, as the parent sees it: fed, listened to, held to its bounds, and replaced when it dies."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any

from .limits import Limits, own_memory
from .shares import Care, Shares, Task

Answers = SimpleQueue[dict[str, Any]]

_CHILD = Path(__file__).with_name("child.py")

_MOST_STARTS = 3
"""So often in a row a process may die without having been at any place of a task."""

_FIRST_PLACES, _WARMING = 2, 4
"""At its first places a process has more time: there libraries load what they need, and compile."""

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


class Worker:
    """A process that runs tasks, and its successors.

    Args:
        setup: What the process is told first.
    """

    def __init__(self, setup: Mapping[str, Any]) -> None:
        self._setup = setup
        self._thread: threading.Thread | None = None
        self._changing = threading.Lock()
        self._ended = False
        self._numbers = count()
        self._tasks: dict[int, Task] = {}
        self._deaths = 0
        self._place: Any = None
        self._places = 0
        self._seen = 0.0
        self._killed_for = ""
        self._begin()

    def start(self, index: int, shares: Shares, answers: Answers, care: Care | None) -> None:
        """Begins to serve, in a thread.

        Args:
            index: The number of its share.
            shares: Where its tasks come from.
            answers: Where the answers go.
            care: Mends what it dies of; None: its death is the last answer.
        """
        self._index, self._shares, self._out, self._care = index, shares, answers, care
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def hold_to(self, limits: Limits) -> None:
        """Kills the process if it is out of bounds."""
        with self._changing:
            if self._place is None or self._ended or self._killed_for:
                return
            seconds = limits.seconds * (_WARMING if self._places <= _FIRST_PLACES else 1)
            if time.monotonic() - self._seen > seconds:
                self._killed_for = f"there was no progress on it for {seconds:g} s"
            elif limits.memory and own_memory(self._process.pid) > limits.memory:
                self._killed_for = f"more than {limits.memory / 2**30:.1f} GiB of memory were taken; try fewer workers"
            if self._killed_for:
                self._process.kill()

    def end(self) -> None:
        """Ends the process; what it had not finished is lost."""
        with self._changing:
            self._ended = True
            self._process.kill()
        if self._thread is not None:
            self._thread.join()
        self._close()

    def _begin(self) -> None:
        """Starts a process."""
        self._place, self._places, self._seen, self._killed_for = None, 0, time.monotonic(), ""
        self._output: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (closed in `_close`)
        self._process: subprocess.Popen[bytes] = subprocess.Popen(
            [sys.executable, "-P", str(_CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._output,
            env={**os.environ, **_ONE_THREAD},
            **_OWN_GROUP,
        )
        self._send(self._setup)

    def _close(self) -> None:
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._output):
            if pipe is not None:
                with suppress(OSError):  # A task that it did not live to read may be left in the pipe.
                    pipe.close()

    def _run(self) -> None:
        """Serves; whoever waits for answers is told what goes wrong in it."""
        try:
            self._serve()
        except Exception as error:
            trace = "".join(traceback.format_exception(error))
            self._out.put({"error": type(error).__name__, "message": str(error), "trace": trace})

    def _serve(self) -> None:
        """Feeds the process tasks and hands its answers on, until none is left.

        A task has two answers, in any order: that the process is free to compute the next, and the result.
        """
        awaited = self._feed()
        while awaited:
            answer = self._read()
            if answer is None:
                awaited = self._replaced()
            elif "at" in answer:
                self._arrive(answer["at"])
            else:
                awaited += self._take(answer) - 1

    def _arrive(self, place: Any) -> None:
        """Notes the place at which the process is, or that it is at none."""
        with self._changing:
            self._places += place not in (None, self._place)
            self._place, self._seen = place, time.monotonic()

    def _take(self, answer: dict[str, Any]) -> int:
        """Takes one of the two answers to a task; returns how many more are to come for it."""
        if "free" in answer:
            return self._feed()
        self._tasks.pop(answer.get("task", -1), None)
        self._deaths = 0
        self._out.put(answer)
        return 0

    def _feed(self) -> int:
        """Sends the next task, if there is one; returns the number of answers that it will have."""
        task = self._shares.take(self._index)
        if task is None:
            return 0
        task = self._care.prepare(task) if self._care else task
        number = next(self._numbers)
        self._tasks[number] = task
        self._send([number, task])
        return 2

    def _read(self) -> dict[str, Any] | None:
        """The next answer; None when the process is dead."""
        line = self._process.stdout.readline() if self._process.stdout else b""
        return json.loads(line) if line.endswith(b"\n") else None

    def _replaced(self) -> int:
        """Starts another process after a death and gives it a task; returns the number of answers to come."""
        how = self._obituary()
        self._deaths = 1 if self._place is not None else self._deaths + 1
        if self._care is None or self._deaths >= _MOST_STARTS:
            self._out.put(
                {
                    "error": "FaceswapError",
                    "message": f"A worker process ended {how}. What was finished is kept; try fewer workers.",
                }
            )
            return 0
        tasks = [*self._tasks.values()]
        if tasks and self._place is not None:
            reason = self._killed_for or f"the worker ended {how}"
            tasks[-1] = self._care.mend(tasks[-1], self._place, reason)
        for task in reversed(tasks):
            self._shares.put_back(self._index, task)
        self._tasks.clear()
        with self._changing:
            if self._ended:
                return 0
            self._close()
            self._begin()
        return self._feed()

    def _obituary(self) -> str:
        """How the process died, and its last words."""
        code = self._process.wait()
        self._output.seek(0)
        last = self._output.read().decode("utf-8", "replace").strip().splitlines()[-1:]
        how = f"by signal {-code} (9 often means that memory ran out)" if code < 0 else f"with exit code {code}"
        return f"{how}: {last[0]}" if last else how

    def _send(self, line: Any) -> None:
        if self._process.stdin is not None:
            with suppress(OSError):  # It has died, which reading its answer tells better.
                self._process.stdin.write(json.dumps(line).encode() + b"\n")
                self._process.stdin.flush()
