"""The command `faceswap bench convert`."""

from __future__ import annotations

from dataclasses import asdict

import click

from ..plugins import align_columns
from .arguments import (
    as_json_option,
    repeats_option,
    tell,
)


@click.command()
@repeats_option
@as_json_option
@click.option("--only", type=click.Choice(("conversion", "blenders")), help="Only this half.")
def command(repeats: int, as_json: bool, only: str | None) -> None:
    """Measure conversion against bare decode, predict and encode, and what each blender costs.

    The table tells the milliseconds of one face; Poisson blending is measured against OpenCV's seamlessClone.
    """
    from ...bench.blender_costs import HEADINGS, measure_costs, measure_poisson
    from ...bench.convert import measure

    rows = [] if only == "conversion" else list(measure_costs(repeats))
    told = [] if only == "conversion" else measure_poisson(repeats)
    told += [] if only == "blenders" else measure(repeats)
    table = "\n".join(align_columns([HEADINGS, *(row.cells() for row in rows)])) if rows else ""
    tell(told, as_json, table, [asdict(row) for row in rows])
