"""The command `faceswap faceset restore`."""

from __future__ import annotations

from pathlib import Path

import click

from .arguments import count_faces, face_names, faces_argument, faceset_argument


@click.command()
@faceset_argument
@faces_argument(required=False)
def command(faceset: Path, faces: tuple[str, ...]) -> None:
    """Bring removed faces of FACESET back.

    FACE is as in `faceswap faceset remove`; without it, all come back that were ever removed. Those whose image is
    gone from `trash` stay removed.
    """
    from ....lib.faceset_writer import FacesetWriter

    with FacesetWriter.open(faceset) as opened:
        restored = opened.restore(face_names(faces) if faces else None)
        info = opened.info()
    removed = f", {info.removed} stay removed" if info.removed else ""
    click.echo(f"Restored {count_faces(restored)}; {faceset} holds {count_faces(info.faces)}{removed}")
