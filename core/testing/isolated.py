"""Runs the suite in a process of its own, which a plugin may end, crash or fill without harm to this one."""

from __future__ import annotations

import json
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from ..errors import FaceswapError, PluginError
from ..registry import find
from .checks import iterate_checks
from .interpreter import last_line, run_fresh
from .records import CheckRecord

_CHILD = """
from faceswap.core.testing.isolated import run_child

run_child(*sys.argv[1:])
"""


def run_checks_isolated(kind: str, name: str) -> list[CheckRecord]:
    """Runs every check on an installed plugin, in a process of its own.

    A plugin that ends or crashes the process fails the check that was running; the others run in a new process.

    Args:
        kind: The plugin kind.
        name: The plugin's name, or `name@package`.

    Returns:
        One record per check, in the suite's order.

    Raises:
        PluginError: No such plugin is installed, or it cannot be imported.
    """
    label = find(kind, name).label
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "records.jsonl")
        log.touch()
        while True:
            ran = run_fresh(_CHILD, kind, name, str(log), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            lines = _read(log)
            if not (lines and "end" in lines[-1]):
                _note_death(log, lines, label, ran)
                continue
            for line in lines:
                if "error" in line:
                    raise PluginError(line["error"])
            return [CheckRecord(**line["record"]) for line in lines if "record" in line]


def run_child(kind: str, name: str, log: str) -> None:
    """Runs the checks that the log does not yet speak of, and writes to it what happens."""
    done = {line["begin"] for line in _read(Path(log)) if "begin" in line}

    def begin(check: str) -> bool:
        if check not in done:
            _write(Path(log), {"begin": check})
        return check not in done

    try:
        for record in iterate_checks((kind, name), before=begin):
            _write(Path(log), {"record": record.as_dict()})
    except FaceswapError as error:
        _write(Path(log), {"error": str(error)})
    _write(Path(log), {"end": True})


def _note_death(log: Path, lines: list[dict[str, Any]], label: str, ran: subprocess.CompletedProcess[str]) -> None:
    """Blames the check that was running when the process ended.

    Raises:
        PluginError: None was running: the process ended while the plugin was imported.
    """
    if not lines or "begin" not in lines[-1]:
        raise PluginError(f"{label} could not be loaded: its process {_how_it_ended(ran)}")
    message = f"expected the process to go on. Received: it {_how_it_ended(ran)}"
    _write(log, {"record": CheckRecord(label, lines[-1]["begin"], "failed", message).as_dict()})


def _how_it_ended(ran: subprocess.CompletedProcess[str]) -> str:
    if ran.returncode < 0:
        return f"ended with {signal.Signals(-ran.returncode).name}"
    said = last_line(ran.stderr or "")
    return f"ended with exit code {ran.returncode}" + (f" ({said})" if said else "")


def _read(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def _write(log: Path, line: dict[str, Any]) -> None:
    # Written and closed at once: the next call into the plugin may be the last.
    with log.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
