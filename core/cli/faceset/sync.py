"""The command `faceswap faceset sync`."""

from __future__ import annotations

from pathlib import Path

import click

from ..completing import complete_path
from .arguments import count_faces, faceset_argument


@click.command()
@faceset_argument
@click.option(
    "--from",
    "folder",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    shell_complete=complete_path,
    help="Remove what was deleted in FOLDER, which `sort` or `group` made with --out.",
)
def command(faceset: Path, folder: Path | None) -> None:
    """Forget the faces whose image was deleted from FACESET.

    Faces whose image somebody deleted in `crops` are left out by every command anyway; this drops what is stored of
    them, and of removed faces whose image is gone from `trash`. They do not come back when their frame is extracted
    again. Images that belong to no face are deleted.

    With --from, the faces that were deleted in a folder for looking are removed: their images move to `trash`, and
    `faceswap faceset restore` brings them back.

    \b
    Example:
        faceswap faceset sync faces/anna --from look
    """  # noqa: D301 - click's mark for lines that stay as they are.
    from ....lib.browsing import deleted_in
    from ....lib.faceset_writer import FacesetWriter

    with FacesetWriter.open(faceset) as opened:
        if folder is None:
            done, count = "Dropped", opened.sync()
        else:
            here = set(opened.face_table(()).ids.tolist())
            done, count = "Removed", opened.remove(name for name in deleted_in(faceset, folder) if name in here)
        left = len(opened)
    click.echo(f"{done} {count_faces(count)}; {faceset} holds {count_faces(left)}")
