"""How `faceswap plugins check` is told in a terminal: the checks, the costs, a row per Keras backend, one last line."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import FaceswapError
from .plugins import align_columns

if TYPE_CHECKING:
    from ..testing.child_log import Notice
    from ..testing.costs import Costs
    from ..testing.records import CheckRecord
    from ..testing.report import Report

_MEGABYTE = 1e6


def read_expected(given: Iterable[str], file: Path | None) -> dict[str, str]:
    """Reads expected failures: `CHECK=REASON`, from flags and from the lines of a file.

    Args:
        given: What the flags say.
        file: A text file with one of them per line; empty lines and those that begin with # do not count.

    Raises:
        FaceswapError: The file cannot be read, or one of them has no check or no reason.
    """
    try:
        lines = file.read_text(encoding="utf-8").splitlines() if file else []
    except (OSError, UnicodeDecodeError) as error:
        raise FaceswapError(f"{file} cannot be read: {error}") from error
    expected = {}
    for entry in (*(line for line in lines if line.strip() and not line.lstrip().startswith("#")), *given):
        check, _, reason = (part.strip() for part in entry.partition("="))
        if not (check and reason):
            raise FaceswapError(f"An expected failure is written CHECK=REASON. Received: {entry.strip()!r}")
        expected[check] = reason
    return expected


def read_options(given: Iterable[str]) -> dict[str, str]:
    """Reads option values, `NAME=VALUE`, as flags give them; hyphens stand for underscores.

    Raises:
        FaceswapError: One of them has no name or no value.
    """
    options = {}
    for entry in given:
        name, equals, value = entry.partition("=")
        if not (name.strip() and equals):
            raise FaceswapError(f"An option is written NAME=VALUE. Received: {entry!r}")
        options[name.strip().replace("-", "_")] = value
    return options


@contextmanager
def progress() -> Iterator[Notice]:
    """Shows in a terminal what is being done, on the error stream; shows nothing elsewhere."""
    from rich.console import Console

    with Console(stderr=True, highlight=False).status("starting") as status:
        yield lambda words: status.update(words)


def in_words(report: Report) -> str:
    """The report as people read it."""
    lines = [f"{report.found.label} from {report.found.origin}", *_checks(report.records)]
    if report.costs:
        lines += ["", *_costs(report.costs)]
    if report.backends:
        lines += ["", *_backends(report)]
    return "\n".join([*lines, "", _verdict(report)])


def _checks(records: list[CheckRecord]) -> list[str]:
    statuses = max(len(record.status) for record in records)
    names = max(len(record.check) for record in records)
    return [
        line
        for record in records
        for line in _wrapped(
            f"{record.status.upper():{statuses}}  {record.check:{names}}", record.message, statuses + names + 4
        )
    ]


def _wrapped(start: str, words: str, indent: int) -> list[str]:
    """Words behind a start; in a terminal broken at its edge, since what came must not be cut off."""
    edge = shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
    room = max(30, edge - indent)
    first, *more = textwrap.wrap(words, min(room, 10_000)) or [""]
    return [f"{start}  {first}".rstrip(), *(" " * indent + line for line in more)]


def _costs(costs: Costs) -> list[str]:
    slowest = ", ".join(f"{package} {seconds:.2f} s" for package, seconds in costs.slowest_imports.items())
    rows = [
        ("COST", "FIGURE", "MORE"),
        ("import", _seconds(costs.import_seconds), f"heavy: {_names(costs.imported)}; slowest: {slowest or 'none'}"),
        ("load", _seconds(costs.load_seconds), f"heavy: {_names(costs.loaded)}"),
        ("memory, load", _megabytes(costs.load_bytes), "resident memory at the peak of load() over that before"),
        ("memory, calls", _megabytes(costs.call_bytes), "the same for the calls below"),
        *(
            (f"item, batch {count}", _seconds(seconds), f"{1 / seconds:.3g} per second" if seconds else "")
            for count, seconds in costs.item_seconds.items()
        ),
    ]
    lines = align_columns(rows)
    return [*lines, f"not measured any further: {costs.error}"] if costs.error else lines


def _backends(report: Report) -> list[str]:
    from ..testing.costs import BATCHES
    from ..testing.report import counts

    # Counts are in lower case: people and scripts look for FAILED to find a check that did.
    header = ("KERAS BACKEND", "passed", "failed", "skipped", "expected", *(f"item, batch {n}" for n in BATCHES))
    rows = [(*header, "failed checks")]
    for row in report.backends:
        numbers = [str(number) for number in counts(row.records).values()]
        figures = row.costs.item_seconds if row.costs else {}
        items = [_seconds(figures.get(count)) for count in BATCHES]
        rows.append((row.backend, *numbers, *items, ", ".join(row.failed) or "-"))
    return align_columns(rows)


def _verdict(report: Report) -> str:
    from ..testing.report import counts

    numbers = ", ".join(f"{number} {status}" for status, number in counts(report.records).items() if number)
    failing = [row.backend for row in report.backends if row.failed]
    where = f"; failures on {' and '.join(failing)}" if failing else ""
    return f"{'passed' if report.passed else 'NOT PASSED'}: {numbers}{where}"


def _names(packages: list[str]) -> str:
    return ", ".join(packages) or "none"


def _seconds(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.2f} s" if value >= 1 else f"{value * 1e3:.3g} ms"


def _megabytes(value: int | None) -> str:
    return "-" if value is None else f"{value / _MEGABYTE:.0f} MB"
