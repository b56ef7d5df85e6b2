"""Runs the suite in a process of its own, which a plugin may end, crash or fill without harm to this one."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import FaceswapError, PluginError
from ..registry import find, select
from .checks import iterate_checks
from .child_log import Notice, how_it_ended, read, run_logged, write
from .records import CheckRecord

_CHILD = """
from faceswap.core.testing.isolated import run_child

run_child(*sys.argv[1:])
"""


@dataclass(frozen=True)
class Checked:
    """What the suite said of a plugin.

    Attributes:
        records: One record per check, in the suite's order.
        keras: The Keras backend that the plugin ran on; None where it did not import Keras.
        pinned: The Keras backend that the plugin cannot do without; None when it has no wish.
    """

    records: list[CheckRecord]
    keras: str | None = None
    pinned: str | None = None


def run_checks_isolated(
    kind: str,
    name: str,
    *,
    options: Mapping[str, str] | None = None,
    expected_failures: Mapping[str, str] | None = None,
    backend: str | None = None,
    notice: Notice = lambda words: None,
) -> Checked:
    """Runs every check on an installed plugin, in a process of its own.

    A plugin that ends or crashes the process fails the check that was running; the others run in a new process.

    Args:
        kind: The plugin kind.
        name: The plugin's name, or `name@package`.
        options: Values of its options by name; the others have their defaults.
        expected_failures: Reasons by the names of checks that are known to fail.
        backend: The Keras backend to run on; the environment's where None.
        notice: Told the name of each check when it begins.

    Raises:
        PluginError: No such plugin is installed, it cannot be imported, or `expected_failures` names no check of it.
    """
    label = find(kind, name).label
    given = [json.dumps(dict(each or {})) for each in (options, expected_failures)]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "records.jsonl")
        log.touch()
        while not (lines := read(log)) or "end" not in lines[-1]:
            ended = run_logged(_CHILD, kind, name, *given, log=log, notice=notice, backend=backend)
            lines = read(log)
            if not lines or "end" not in lines[-1]:
                running = lines[-1].get("begin") if lines else None
                if running is None:
                    raise PluginError(f"{label} could not be loaded: its process {how_it_ended(ended)}")
                message = f"expected the process to go on. Received: it {how_it_ended(ended)}"
                _log_record(log, CheckRecord(label, running, "failed", message))
    for line in lines:
        if "error" in line:
            raise PluginError(line["error"])
    return Checked([CheckRecord(**line["record"]) for line in lines if "record" in line], **lines[-1]["end"])


def run_child(kind: str, name: str, options: str, reasons: str, log_path: str) -> None:
    """Runs the checks that the log does not yet speak of, and writes to it what happens."""
    log = Path(log_path)
    done = {line["begin"] for line in read(log) if "begin" in line}

    def begin(check: str) -> bool:
        if check not in done:
            write(log, begin=check)
        return check not in done

    pinned = None
    try:
        pinned = select(kind, name).plugin_class.backend
        target = (kind, name, json.loads(options))
        for record in iterate_checks(target, expected_failures=json.loads(reasons), before=begin):
            _log_record(log, record)
    except (FaceswapError, ValueError) as error:  # A ValueError tells of a check that there is not.
        write(log, error=str(error))
    keras = sys.modules["keras"].config.backend() if "keras" in sys.modules else None
    write(log, end={"keras": keras, "pinned": pinned})


def _log_record(log: Path, record: CheckRecord) -> None:
    write(log, record=record.as_dict())
