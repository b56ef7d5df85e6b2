"""The command `faceswap faceset remove`."""

from __future__ import annotations

from pathlib import Path

import click

from .arguments import count_faces, face_names, faces_argument, faceset_argument


@click.command()
@faceset_argument
@faces_argument(required=True)
def command(faceset: Path, faces: tuple[str, ...]) -> None:
    """Take faces out of FACESET.

    A face is called like its image: FACE is that name, or the image's path; with - the names are read from standard
    input. The images move to `trash` in FACESET, and `faceswap faceset restore` brings the faces back as they were.
    """
    from ....lib.faceset_writer import FacesetWriter

    with FacesetWriter.open(faceset) as opened:
        removed = opened.remove(face_names(faces))
        left = len(opened)
    click.echo(f"Removed {count_faces(removed)}; {faceset} holds {count_faces(left)}")
