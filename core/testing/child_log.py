"""The file by which a process that works with a plugin tells its parent how far it has come, line by line."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .interpreter import Ended, last_line, watch_fresh

Notice = Callable[[str], None]
"""Told in a few words what is being done."""


def read(log: Path) -> list[dict[str, Any]]:
    """The lines so far; one that is still being written is left out."""
    text = log.read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def write(log: Path, **line: Any) -> None:
    """Adds a line; written and closed at once, since the next call into the plugin may be the last."""
    with log.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def run_logged(code: str, *arguments: str, log: Path, notice: Notice, backend: str | None, flags: Any = ()) -> Ended:
    """Runs code in a process of its own that writes to the log, and passes on each `begin` of it.

    Args:
        code: Python source.
        arguments: Its arguments; the log's path is added to them.
        log: The log.
        notice: Told each `begin`.
        backend: The Keras backend of the process; the environment's where None.
        flags: Flags of the interpreter.
    """
    told = len(read(log))

    def tick() -> None:
        nonlocal told
        lines = read(log)
        for line in lines[told:]:
            if "begin" in line:
                notice(line["begin"])
        told = len(lines)

    environment: Mapping[str, str] = {"KERAS_BACKEND": backend} if backend else {}
    return watch_fresh(code, *arguments, str(log), tick=tick, environment=environment, flags=flags)


def how_it_ended(ended: Ended) -> str:
    """The end of a process in words."""
    if ended.returncode < 0:
        return f"ended with {signal.Signals(-ended.returncode).name}"
    said = last_line(ended.stderr)
    return f"ended with exit code {ended.returncode}" + (f" ({said})" if said else "")
