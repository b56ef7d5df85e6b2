"""The command `faceswap faceset stats`."""

from __future__ import annotations

from pathlib import Path

import click

from ..completing import complete_path
from .arguments import faceset_argument, json_option


@click.command()
@faceset_argument
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="FILE.png",
    shell_complete=complete_path,
    help="Draw it as one picture.",
)
@json_option
def command(faceset: Path, out: Path | None, as_json: bool) -> None:
    """Tell what FACESET shows: which poses, how sharp, large and bright its faces are, and when they are seen.

    Poses that heads take in usual footage and that no face here shows are named: a model that is trained on FACESET
    has to guess there, so record them. The limits of nine in ten faces help to choose those of `faceset filter`.

    \b
    Example:
        faceswap faceset stats faces/anna --out anna.png
    """  # noqa: D301 - click's mark for lines that stay as they are.
    import json

    from ....lib.faceset import Faceset
    from ....lib.faceset_stats import faceset_stats

    with Faceset.open(faceset) as opened:
        stats = faceset_stats(opened.face_table())
    if out is not None:
        from ....lib.faceset_picture import draw_stats

        draw_stats(stats, faceset.resolve().name, out)
    click.echo(json.dumps(stats.to_json(), indent=1) if as_json else "\n".join(stats.lines()))
    if out is not None and not as_json:
        click.echo(out)
