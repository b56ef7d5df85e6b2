"""Runs Python code in a fresh interpreter that sees this package and this process's import path, and nothing more."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

_PACKAGE_ROOT = Path(__file__).parents[2]
_POLL_SECONDS = 0.1

# The package is loaded by its path, because a checkout has no importable name of its own.
_LOAD_PACKAGE = """
import importlib.util, sys
before = set(sys.modules)
root = sys.argv.pop(1)
spec = importlib.util.spec_from_file_location(
    "faceswap", root + "/__init__.py", submodule_search_locations=[root])
sys.modules["faceswap"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(sys.modules["faceswap"])
"""


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes:
        returncode: Its exit code; the signal's number, negative, where a signal ended it.
        stderr: What it wrote to the standard error stream.
    """

    returncode: int
    stderr: str


def run_fresh(code: str, *arguments: str, **settings: Any) -> subprocess.CompletedProcess[str]:
    """Runs code in a new process.

    Args:
        code: Python source; `sys.argv[1:]` holds the arguments, `before` the names of the modules that every
            interpreter begins with.
        arguments: The arguments.
        settings: Further settings of `subprocess.run`.
    """
    return subprocess.run(_command(code, arguments), env=_environment({}), text=True, check=False, **settings)


def watch_fresh(
    code: str,
    *arguments: str,
    tick: Callable[[], None],
    environment: Mapping[str, str] | None = None,
    flags: Sequence[str] = (),
) -> Ended:
    """Runs code in a new process and looks up from waiting several times a second.

    Args:
        code: See `run_fresh`.
        arguments: See `run_fresh`.
        tick: Called while the process runs, and once more when it has ended.
        environment: Variables to be set for it.
        flags: Flags of the interpreter.
    """
    settings = {"env": _environment(environment or {}), "stdout": subprocess.DEVNULL}
    with TemporaryFile() as stderr:
        process = subprocess.Popen(_command(code, arguments, flags), stderr=stderr, **settings)  # type: ignore[call-overload]
        try:
            while process.poll() is None:
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_POLL_SECONDS)
                tick()
        finally:
            process.kill()  # Does nothing unless the wait was interrupted.
            process.wait()
        tick()
        stderr.seek(0)
        return Ended(process.returncode, stderr.read().decode(errors="replace"))


def _command(code: str, arguments: Sequence[str], flags: Sequence[str] = ()) -> list[str]:
    return [sys.executable, "-P", *flags, "-c", _LOAD_PACKAGE + code, str(_PACKAGE_ROOT), *arguments]


def _environment(changed: Mapping[str, str]) -> dict[str, str]:
    path = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
    return {**os.environ, "PYTHONPATH": path, **changed}


def last_line(text: str) -> str:
    """The last line with words in it: of a traceback, the one that says what happened."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
