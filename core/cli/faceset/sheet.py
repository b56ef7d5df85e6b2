"""The command `faceswap faceset sheet`."""

from __future__ import annotations

from pathlib import Path

import click

from ..completing import complete_path
from .arguments import faceset_argument

_KEYS = ["time", "sharpness", "brightness", "size", "yaw", "pitch", "roll", "identity", "histogram", "similarity"]


@click.command()
@faceset_argument
@click.option("--sort", "key", type=click.Choice(_KEYS), default="time", show_default=True, help="The faces' order.")
@click.option("--reverse", is_flag=True, help="From high to low.")
@click.option("--columns", type=click.IntRange(1, 40), default=8, show_default=True, help="Faces beside each other.")
@click.option("--rows", type=click.IntRange(1, 60), default=6, show_default=True, help="Faces below each other.")
@click.option("--tile", type=click.IntRange(32, 512), default=144, show_default=True, help="Side of a face in pixels.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    shell_complete=complete_path,
    help="The picture, such as FILE.jpg; of several pages FILE-1.jpg, FILE-2.jpg, ...",
)
def command(faceset: Path, key: str, reverse: bool, columns: int, rows: int, tile: int, out: Path) -> None:
    """Draw contact sheets of FACESET: its faces in order, each with what is known of it.

    \b
    Example:
        faceswap faceset sheet faces/anna --sort sharpness --out anna.jpg
    """  # noqa: D301 - click's mark for lines that stay as they are.
    from ....lib.faceset import Faceset
    from ....lib.faceset_order import sort_faces
    from ....lib.faceset_sheet import page_paths, sheet_captions, sheet_pages, sheet_pictures
    from ....lib.media import require_image_ending, write_image
    from ....lib.publish import require_parent

    require_image_ending(out)
    require_parent(out)
    with Faceset.open(faceset) as opened:
        table = opened.face_table()
        table = table.take(sort_faces(opened, table, key, reverse).rows)
        title = f"{faceset.resolve().name}, {len(table)} faces by {key}"
        pictures, captions = sheet_pictures(opened, table), sheet_captions(table, key)
        pages = sheet_pages(pictures, captions, title, columns, rows, tile)
        for path, page in zip(page_paths(out, len(table), columns * rows), pages, strict=True):
            write_image(path, page)
            click.echo(path)
