"""The figures of an evaluation as people read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Measured = tuple[str, str, Mapping[str, float]]
"""A metric, what it compared with (empty: nothing), and its figures by name."""

HEADING = ("figure", "against", "value")


def figure_rows(measured: Iterable[Measured]) -> list[tuple[str, str, str]]:
    """A row for each figure, under `HEADING`."""
    return [
        (_title(metric, name), against or "-", f"{value:.4g}")
        for metric, against, figures in measured
        for name, value in figures.items()
    ]


def _title(metric: str, name: str) -> str:
    """What a figure is called: with its metric's name before it, unless its own begins so."""
    words = name.replace("_", " ")
    return words if name.startswith(metric) else f"{metric} {words}"
