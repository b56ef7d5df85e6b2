"""The command `faceswap faceset export`."""

from __future__ import annotations

from pathlib import Path

import click

from ..completing import complete_path
from .arguments import faceset_argument


@click.command()
@faceset_argument
@click.argument("file", type=click.Path(path_type=Path), shell_complete=complete_path)
def command(faceset: Path, file: Path) -> None:
    """Write all that FACESET holds to FILE: rows, arrays and pictures.

    The ending of FILE says how: .jsonl (JSON lines), .parquet (needs the extra `parquet`) or .tfrecord.
    `faceswap faceset import` reads each back exactly, and other programs read them as they are.

    \b
    Example:
        faceswap faceset export faces/anna anna.parquet
        python -c "import pandas; print(pandas.read_parquet('anna.parquet').yaw.describe())"
    """  # noqa: D301 - click's mark for lines that stay as they are.
    from ....lib.exchange.files import export_faceset
    from ....lib.faceset import Faceset

    with Faceset.open(faceset) as opened:
        count = export_faceset(opened, file)
    click.echo(f"{file}: {count} faces")
