"""The worker process: run as a script by `pool`, it takes tasks as lines of JSON and answers in the same way.

A script, and not a spawned fork of the parent, so that a user's own script needs no `__main__` guard and so that
the environment (threads, Keras backend) is set before anything is imported. It loads the package by its path, as
`faceswap.py` does.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from queue import SimpleQueue
from typing import Any

Finish = Callable[[], dict[str, Any]]
Note = Callable[[Any], None]
Run = Callable[[dict[str, Any], Note], Finish]
Lines = SimpleQueue[str]

_SIGN_SECONDS = 1.0


def main() -> None:
    """Serves until standard input closes, which it does when the parent ends, however it ends."""
    answers = _Answers()
    lines: Lines = SimpleQueue()
    threading.Thread(target=_read, args=(lines,), daemon=True).start()
    try:
        run = _make_worker(json.loads(lines.get()))
    except Exception as error:
        answers.write(_failure(error))
        return
    _serve(lines, answers, run)


def _read(lines: Lines) -> None:
    for line in sys.stdin.buffer:
        lines.put(line.decode("utf-8"))
    os._exit(0)  # Nobody waits for the answer any more; half-done work is swept by the next run.


def _make_worker(setup: dict[str, Any]) -> Run:
    sys.path[:] = setup["path"]
    _load_package(setup["package"], setup["root"])
    made = getattr(importlib.import_module(setup["module"]), setup["factory"])(setup["settings"])
    return made.run  # type: ignore[no-any-return]


def _load_package(name: str, root: str) -> None:
    init = Path(root) / "__init__.py"
    spec = importlib.util.spec_from_file_location(name, init, submodule_search_locations=[root])
    if spec is None or spec.loader is None:
        raise ImportError(f"cannot load the package {name} from {root}")
    package = importlib.util.module_from_spec(spec)
    sys.modules[name] = package
    spec.loader.exec_module(package)


def _serve(lines: Lines, answers: _Answers, run: Run) -> None:
    """Computes one task after the other; while it computes, a thread finishes the task before."""
    place = _Place(answers)
    with ThreadPoolExecutor(1) as finishing:
        before: Future[None] | None = None
        while True:
            number, task = json.loads(lines.get())
            try:
                finish = run(task, place.note)
            except Exception as error:
                place.note(None)
                answers.write({"task": number, **_failure(error)})
            else:
                place.note(None)
                wait([before] if before else [])  # A disk that is slower than the task must not fill the memory.
                before = finishing.submit(_finish, answers, number, finish)
            answers.write({"task": number, "free": True})


def _finish(answers: _Answers, number: int, finish: Finish) -> None:
    try:
        answer = {"result": finish()}
    except Exception as error:
        answer = _failure(error)
    answers.write({"task": number, **answer})


class _Place:
    """Tells the parent where in its task this process is, so that it can tell slow work from a hang."""

    def __init__(self, answers: _Answers) -> None:
        self._answers = answers
        self._place: Any = None
        self._told = 0.0

    def note(self, place: Any) -> None:
        """Tells a place that is new; the same one, a sign of life, at most once a second."""
        now = time.monotonic()
        if place != self._place or now - self._told >= _SIGN_SECONDS:
            self._place, self._told = place, now
            self._answers.write({"at": place})


class _Answers:
    """The way back to the parent, which two threads write."""

    def __init__(self) -> None:
        self._pipe = os.fdopen(os.dup(1), "w", encoding="utf-8")
        self._lock = threading.Lock()
        os.dup2(2, 1)  # What plugins print must not get between the answers.

    def write(self, answer: dict[str, Any]) -> None:
        """Writes one answer as a line."""
        with self._lock:
            self._pipe.write(json.dumps(answer) + "\n")
            self._pipe.flush()


def _failure(error: Exception) -> dict[str, Any]:
    """The error's class by name for the parent to raise again, and where it happened."""
    return {
        "error": type(error).__name__,
        "message": str(error),
        "trace": "".join(traceback.format_exception(error)),
    }


if __name__ == "__main__":
    main()
