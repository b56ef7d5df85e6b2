"""The command `faceswap faceset group`."""

from __future__ import annotations

from pathlib import Path

import click

from .arguments import copy_option, faceset_argument, json_option, out_option

_KEYS = ["yaw", "pitch", "sharpness", "person", "track"]


@click.command()
@faceset_argument
@click.option("--by", "key", type=click.Choice(_KEYS), required=True, help="What to group by.")
@click.option("--bins", type=click.IntRange(1, 100), default=8, show_default=True, help="Ranges of a measure.")
@out_option
@copy_option
@json_option
def command(faceset: Path, key: str, bins: int, out: Path | None, copy: bool, as_json: bool) -> None:
    """Group the faces of FACESET by a measure, by person or by track.

    With --out a folder is made with a subfolder for each group, its faces by time. Delete there what you do not want,
    whole subfolders too; `faceswap faceset sync FACESET --from FOLDER` then removes those faces. Without it the
    groups are counted.

    \b
    Example:
        faceswap faceset group faces/anna --by yaw --bins 9 --out look
    """  # noqa: D301 - click's mark for lines that stay as they are.
    import json

    from ....lib.browsing import write_browsing
    from ....lib.faceset import Faceset
    from ....lib.faceset_order import group_faces

    with Faceset.open(faceset) as opened:
        table = opened.face_table()
        groups = group_faces(opened, table, key, bins)
    if out is not None:
        words = [f"{time:.2f}s" for time in table.time.tolist()]
        shown = {name: [(str(table.ids[row]), words[row]) for row in rows] for name, rows in groups.items()}
        write_browsing(faceset, out, shown, copy)
    if as_json:
        click.echo(json.dumps({name: table.ids[rows].tolist() for name, rows in groups.items()}, indent=1))
        return
    for name, rows in groups.items():
        click.echo(f"{name}: {len(rows)} faces")
    if out is not None:
        click.echo(f"{out}: {len(table)} faces; after deleting there: faceswap faceset sync {faceset} --from {out}")
