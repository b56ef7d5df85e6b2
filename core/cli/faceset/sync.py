"""The command `faceswap faceset sync`."""

from __future__ import annotations

from pathlib import Path

import click

from .arguments import count_faces, faceset_argument


@click.command()
@faceset_argument
def command(faceset: Path) -> None:
    """Forget the faces whose image was deleted from FACESET.

    Faces whose image somebody deleted in `crops` are left out by every command anyway; this drops what is stored of
    them, and of removed faces whose image is gone from `trash`. They do not come back when their frame is extracted
    again. Images that belong to no face are deleted.
    """
    from ....lib.faceset_writer import FacesetWriter

    with FacesetWriter.open(faceset) as opened:
        dropped = opened.sync()
        left = len(opened)
    click.echo(f"Dropped {count_faces(dropped)}; {faceset} holds {count_faces(left)}")
