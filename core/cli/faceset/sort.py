"""The command `faceswap faceset sort`."""

from __future__ import annotations

from pathlib import Path

import click

from .arguments import copy_option, faceset_argument, json_option, out_option

_KEYS = ["time", "sharpness", "brightness", "size", "yaw", "pitch", "roll", "identity", "histogram", "similarity"]


@click.command()
@faceset_argument
@click.option("--by", "key", type=click.Choice(_KEYS), required=True, help="What to sort by.")
@click.option("--reverse", is_flag=True, help="From high to low.")
@out_option
@copy_option
@json_option
def command(faceset: Path, key: str, reverse: bool, out: Path | None, copy: bool, as_json: bool) -> None:
    """Sort the faces of FACESET, from low to high.

    With --out a folder is made in which they lie in that order, numbered, to be looked through in any file browser.
    Delete there what you do not want; `faceswap faceset sync FACESET --from FOLDER` then removes those faces.
    Without it the order is printed, a face a line with what it was sorted by.

    Blurred faces come first by sharpness, turned ones at both ends by yaw. By identity, the faces least like all
    others come last (needs embeddings: extract with --recognizer). By similarity each face is followed by the one
    most like it, by its embedding or else its colors; by histogram always by its colors.

    \b
    Example:
        faceswap faceset sort faces/anna --by identity --out look
        (delete the strangers at the end of look)
        faceswap faceset sync faces/anna --from look
    """  # noqa: D301 - click's mark for lines that stay as they are.
    import json

    from ....lib.browsing import write_browsing
    from ....lib.face_table import CHOSEN_COLUMNS
    from ....lib.faceset import Faceset
    from ....lib.faceset_order import sort_faces

    with Faceset.open(faceset) as opened:
        table = opened.face_table([key] if key in CHOSEN_COLUMNS else [])
        order = sort_faces(opened, table, key, reverse)
    names = table.ids[order.rows].tolist()
    told = [(name, None if value != value else value) for name, value in zip(names, order.values.tolist(), strict=True)]
    if out is not None:
        words = [f"{key}-{'unknown' if value is None else f'{value:.4g}'}" for _, value in told]
        write_browsing(faceset, out, {"": list(zip(names, words, strict=True))}, copy)
    if as_json:
        click.echo(json.dumps([{"face": name, key: value} for name, value in told], indent=1))
    elif out is not None:
        click.echo(f"{out}: {len(names)} faces; after deleting there: faceswap faceset sync {faceset} --from {out}")
    else:
        click.echo("\n".join(f"{name} {'unknown' if value is None else f'{value:.6g}'}" for name, value in told))
