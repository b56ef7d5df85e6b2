"""The command `faceswap bench blenders`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from ..plugins import align_columns
from .arguments import (
    even_side,
)


@click.command()
@click.option("--work", required=True, type=click.Path(path_type=Path), help="Folder of the report and the picture.")
@click.option("--frames", default=40, show_default=True, type=click.IntRange(3), help="Frames of the footage.")
@click.option(
    "--side", default=384, show_default=True, type=click.IntRange(256, 2048), callback=even_side, help="Of the frames."
)
@click.option(
    "--temporal",
    "temporals",
    multiple=True,
    default=(0,),
    show_default=True,
    type=click.IntRange(0, 4),
    help="Frames on either side that color is measured over; can be given several times.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(work: Path, frames: int, side: int, temporals: tuple[int, ...], as_json: bool) -> None:
    """Measure each color blender with each composite on performers, against the true swap.

    No model is trained: its answer is the true face in another light. Writes report.json, report.md and blenders.jpg.
    """
    from ...bench.blender_scene import Scene
    from ...bench.blenders import COLORS, COMPOSITES, HEADINGS, chains, measure, ranked, write

    scene, rows = Scene(frames, side), []
    for row in measure(scene, chains(COLORS, COMPOSITES, temporals)):
        rows.append(row)
        click.echo("  ".join(row.cells()[:-1]), err=True)
    best_first = ranked(rows)
    write(work, best_first, scene, frames // 2)
    told = json.dumps([asdict(row) for row in best_first], indent=1)
    click.echo(told if as_json else "\n".join(align_columns([HEADINGS, *(row.cells() for row in best_first)])))
