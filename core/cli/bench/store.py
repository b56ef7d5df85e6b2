"""The command `faceswap bench store`."""

from __future__ import annotations

import click

from .arguments import (
    as_json_option,
    tell,
)


@click.command()
@click.option("--faces", default=1_000_000, show_default=True, type=click.IntRange(1), help="Faces in the faceset.")
@click.option("--repeats", default=5, show_default=True, type=click.IntRange(1), help="Repeats of each.")
@as_json_option
def command(faces: int, repeats: int, as_json: bool) -> None:
    """Measure opening, sorting and filtering a faceset of many faces; it is made first, in the temporary folder."""
    from ...bench.store import measure

    tell(measure(faces, repeats), as_json)
