"""The command `faceswap bench landmarks`."""

from __future__ import annotations

from dataclasses import asdict

import click

from ...host import PluginChoice, default_choice
from ..plugins import align_columns
from .arguments import (
    as_json_option,
    tell,
)


@click.command()
@click.option("--aligner", "aligners", multiple=True, metavar="NAME", help="An aligner.  [default: the default one]")
@click.option(
    "--strength",
    "strengths",
    multiple=True,
    default=(0.5, 2.0),
    show_default=True,
    help="Of smoothing, too.",
)
@click.option("--frames", default=200, show_default=True, type=click.IntRange(20), help="Frames of each performer.")
@as_json_option
def command(aligners: tuple[str, ...], strengths: tuple[float, ...], frames: int, as_json: bool) -> None:
    """Measure errors and jitter of landmarks, as found, smoothed and filled in, on performers with true landmarks."""
    from ...bench.landmarks import HEADINGS, figures, measure

    choices = [PluginChoice(name=name) for name in aligners] or [default_choice("aligner")]
    rows = list(measure(choices, strengths, frames))
    table = "\n".join(align_columns([HEADINGS, *(row.cells() for row in rows)]))
    tell(figures(rows), as_json, table, [asdict(row) for row in rows])
