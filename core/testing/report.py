"""Everything that an author wants to know of a plugin at once: the checks, the costs, and a row per Keras backend."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from ..names import BACKENDS
from ..registry import Found, find
from .child_log import Notice
from .costs import Costs, measure_costs
from .isolated import Checked, run_checks_isolated
from .records import CheckRecord


@dataclass(frozen=True)
class BackendRow:
    """A plugin on one Keras backend.

    Attributes:
        backend: The backend.
        records: What the checks said on it.
        costs: What the plugin costs on it; None where nothing was measured.
    """

    backend: str
    records: list[CheckRecord]
    costs: Costs | None

    @property
    def failed(self) -> list[str]:
        """The names of the checks that failed."""
        return [record.check for record in self.records if record.failed]

    def as_dict(self) -> dict[str, Any]:
        """The row as JSON holds it."""
        return {"backend": self.backend, "failed": self.failed, **_parts(self.records, self.costs)}


@dataclass(frozen=True)
class Report:
    """All about one plugin.

    Attributes:
        found: Where it comes from.
        records: What the checks said, on the first backend where there are several.
        costs: What it costs there; None where nothing was measured.
        backends: A row for each installed Keras backend; empty for plugins that do not use Keras or need one backend.
    """

    found: Found
    records: list[CheckRecord]
    costs: Costs | None
    backends: list[BackendRow] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether no check has failed, on no backend."""
        return not any(record.failed for record in self.records) and not any(row.failed for row in self.backends)

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON holds it."""
        plugin = {key: getattr(self.found, key) for key in ("kind", "name", "package", "version")}
        rows = [row.as_dict() for row in self.backends]
        return {**plugin, "passed": self.passed, **_parts(self.records, self.costs), "backends": rows}


def make_report(
    kind: str,
    name: str,
    *,
    options: Mapping[str, str] | None = None,
    expected_failures: Mapping[str, str] | None = None,
    costs: bool = True,
    notice: Notice = lambda words: None,
) -> Report:
    """Checks and measures an installed plugin, in processes of its own; on every Keras backend if it uses Keras.

    Args:
        kind: The plugin kind.
        name: The plugin's name, or `name@package`.
        options: Values of its options by name; the others have their defaults.
        expected_failures: Reasons by the names of checks that are known to fail.
        costs: Whether costs are measured too.
        notice: Told in a few words what is being done.

    Raises:
        PluginError: No such plugin is installed, it cannot be imported, or `expected_failures` names no check of it.
    """
    found, others = find(kind, name), installed_backends()
    chosen = os.environ.get("KERAS_BACKEND") or next(iter(others), None)

    def measured(backend: str | None, where: str = "") -> Costs | None:
        tell = _tell(notice, f"measuring{where}")
        return measure_costs(kind, name, options=options, backend=backend, notice=tell) if costs else None

    def checked_on(backend: str | None, where: str = "") -> Checked:
        tell = _tell(notice, f"checking{where}")
        return run_checks_isolated(
            kind, name, options=options, expected_failures=expected_failures, backend=backend, notice=tell
        )

    checked = checked_on(chosen)
    first = measured(chosen)
    if checked.keras is None or checked.pinned:
        return Report(found, checked.records, first)
    rows = [BackendRow(checked.keras, checked.records, first)]
    for backend in others:
        if backend != checked.keras:
            where = f" on {backend}:"
            rows.append(BackendRow(backend, checked_on(backend, where).records, measured(backend, where)))
    return Report(found, checked.records, first, rows)


def installed_backends(find: Callable[[str], object] = find_spec) -> list[str]:
    """The Keras backends that are installed, the default first; nothing is imported."""
    return [backend for backend in BACKENDS if find(backend) is not None]


def counts(records: Sequence[CheckRecord]) -> dict[str, int]:
    """How many checks ended in which way."""
    found = Counter(record.status for record in records)
    return {status: found[status] for status in ("passed", "failed", "skipped", "expected failure")}


def _parts(records: list[CheckRecord], costs: Costs | None) -> dict[str, Any]:
    return {
        "counts": counts(records),
        "records": [record.as_dict() for record in records],
        "costs": costs.as_dict() if costs else None,
    }


def _tell(notice: Notice, what: str) -> Notice:
    return lambda words: notice(f"{what} {words}")
