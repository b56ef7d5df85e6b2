"""The command `faceswap bench`: what things cost, against the bare libraries in the same run."""

from __future__ import annotations

import json
from importlib import import_module
from typing import Any

import click

from ..errors import FaceswapError, suggest
from .plugins import align_columns

UNITS = {
    "startup": "the seconds of `faceswap --help` and `faceswap plugins` over a bare interpreter, and with 200 packages",
    "training": "a training step of `original` against plain `train_on_batch`",
    "extraction": "extraction against the bare detector and aligner",
    "conversion": "conversion against bare decode, predict and encode",
    "memory": "peak memory of 3,000 frames against that of 300",
    "kills": "extract, train and convert killed at random moments, --count times each",
}
"""Unit -> what it measures. A unit is imported only when it runs."""


@click.command(epilog="Units: " + "; ".join(f"{name}: {text}" for name, text in UNITS.items()) + ".")
@click.argument("units", nargs=-1)
@click.option(
    "--repeats", default=5, show_default=True, type=click.IntRange(1), help="Interleaved repeats of each side."
)
@click.option("--count", default=10, show_default=True, type=click.IntRange(1), help="Kills of each job (unit kills).")
@click.option("--seed", default=0, show_default=True, help="Seed of the moments of the kills.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with the single repeats and the machine.")
@click.pass_context
def command(context: click.Context, units: tuple[str, ...], repeats: int, count: int, seed: int, as_json: bool) -> None:
    """Measure what UNITS cost (all but `kills` when none is named).

    Figures are ratios of medians over interleaved repeats, so that they hold on noisy machines. Exit code 1 when a
    figure is over its bound.
    """
    from ..bench.measure import Figure, machine

    figures: list[Figure] = []
    for name in units or [unit for unit in UNITS if unit != "kills"]:
        if name not in UNITS:
            raise FaceswapError(f"There is no bench unit '{name}'. {suggest(name, UNITS)}")
        unit: Any = import_module(f"..bench.{name}", __package__)
        click.echo(f"measuring {name}: {UNITS[name]} ...", err=True)
        figures += unit.measure(count, seed) if name == "kills" else unit.measure(repeats)
    if as_json:
        click.echo(json.dumps({"machine": machine(), "figures": [figure.as_dict() for figure in figures]}, indent=1))
    else:
        click.echo("\n".join(align_columns([_row(figure) for figure in figures])))
    context.exit(0 if all(figure.kept for figure in figures) else 1)


def _row(figure: Any) -> tuple[str, ...]:
    bound = "" if figure.bound is None else f"at most {figure.bound}"
    return figure.name, f"{figure.value:g} {figure.unit}", bound, "kept" if figure.kept else "MISSED"
