"""The command `faceswap bench faces`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from ..plugins import align_columns
from .arguments import (
    DetectorsCommand,
    as_json_option,
    even,
    repeats_option,
    tell,
)


@click.command(cls=DetectorsCommand)
@click.option(
    "--detector",
    "detectors",
    multiple=True,
    metavar="NAME",
    help="A detector, with `--detector.OPTION VALUE`.  [default: all whose weights are there]",
)
@click.option(
    "--media",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A video, an image or a folder of them to look at in place of the performers.",
)
@click.option(
    "--side",
    "sides",
    multiple=True,
    default=(384, 96),
    show_default=True,
    type=click.IntRange(64, 4096),
    callback=even,
    help="Side of the performers' frames in pixels.",
)
@click.option(
    "--frames", default=200, show_default=True, type=click.IntRange(2), help="The most frames of each footage."
)
@repeats_option
@as_json_option
@click.pass_context
def command(context: click.Context, /, detectors: tuple[str, ...], as_json: bool, **asked: Any) -> None:
    """Measure which faces detectors miss and invent, how fast they are, and what host and store add.

    On performers, whose faces' places are known; with --media on other footage, where faces are counted only.
    --detector, --media and --side can be given several times.
    """
    from ...bench.faces import HEADINGS, figures, installed_detectors, measure

    rows = []
    for row in measure(context.meta["choices"]["detector"] or installed_detectors(), **asked):
        rows.append(row)
        click.echo("  ".join(row.cells()), err=True)
    table = "\n".join(align_columns([HEADINGS, *(row.cells() for row in rows)]))
    tell(figures(rows), as_json, table, [asdict(row) for row in rows])
