"""The command `faceswap faceset export`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ...errors import OptionError
from ..completing import complete_path
from .arguments import faceset_argument
from .import_ import TYPES


@click.command()
@faceset_argument
@click.argument("file", type=click.Path(path_type=Path), shell_complete=complete_path)
@click.option(
    "--layout",
    type=click.Choice(["stylegan"]),
    help="Write TFRecords as StyleGAN reads them, into the folder FILE: a file for each size down to 4 pixels.",
)
@click.option("--size", type=int, metavar="N", help="Of stylegan: side of the largest pictures, a power of two.")
@click.option("--face-type", type=click.Choice(TYPES), help="Of stylegan: how much of the head they show.")
@click.option(
    "--seed", type=click.IntRange(0), metavar="N", help="Of stylegan: of the order of the faces.  [default: 0]"
)
@click.option("--in-order", is_flag=True, help="Of stylegan: leave the faces in their order.")
def command(faceset: Path, file: Path, layout: str | None, in_order: bool, **settings: Any) -> None:
    """Write all that FACESET holds to FILE: rows, arrays and pictures.

    The ending of FILE says how: .jsonl (JSON lines), .parquet (needs the extra `parquet`) or .tfrecord.
    `faceswap faceset import` reads each back exactly, and other programs read them as they are. In the layout of
    StyleGAN only pictures are written.

    \b
    Examples:
        faceswap faceset export faces/anna anna.parquet
        python -c "import pandas; print(pandas.read_parquet('anna.parquet').yaw.describe())"
        faceswap faceset export faces/anna datasets/anna --layout stylegan --size 256
    """  # noqa: D301 - click's mark for lines that stay as they are.
    chosen = {name: value for name, value in settings.items() if value is not None}
    if in_order and "seed" in chosen:
        raise OptionError("--seed is of an order that is drawn: leave it or --in-order out")
    if layout:
        _export_pictures(faceset, file, {**chosen, **({"seed": None} if in_order else {})})
        return
    if chosen or in_order:
        raise OptionError(f"--{(*chosen, 'in-order')[0].replace('_', '-')} needs --layout stylegan")
    from ....lib.exchange.files import export_faceset
    from ....lib.faceset import Faceset

    with Faceset.open(faceset) as opened:
        count = export_faceset(opened, file)
    click.echo(f"{file}: {count} faces")


def _export_pictures(faceset: Path, folder: Path, values: dict[str, Any]) -> None:
    from ...jobs.export_tfrecords import ExportTfrecordsJob
    from ...jobs.job import run_job
    from ..terminal import listener_for

    with listener_for(as_json=False) as listener:
        report = run_job(ExportTfrecordsJob(faceset=faceset, folder=folder, **values), listener)
    click.echo(f"{folder}: {report.faces} faces at {report.size} pixels and below")
