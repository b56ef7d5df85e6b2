"""The command `faceswap faceset merge`."""

from __future__ import annotations

from pathlib import Path

import click

from ..completing import complete_path


@click.command()
@click.argument("into", type=click.Path(path_type=Path), shell_complete=complete_path)
@click.argument("others", metavar="FROM...", type=click.Path(path_type=Path), nargs=-1, required=True)
def command(into: Path, others: tuple[Path, ...]) -> None:
    """Add the faces of the facesets FROM to the faceset INTO, which is made if it is not there.

    All must have been made with the same plugins, options and crops. Frames that INTO holds already stay as they are;
    another film under a name that INTO knows is refused. Tracks and people keep their numbers where these are free,
    and people of one name are one person. FROM is not changed.

    \b
    Example:
        faceswap faceset merge faces/anna faces/anna-monday faces/anna-tuesday
    """  # noqa: D301 - click's mark for lines that stay as they are.
    from ....lib.exchange.files import add_to
    from ....lib.faceset import Faceset
    from ....lib.faceset_copy import FacesetHead, whole_frames

    for other in others:
        with Faceset.open(other) as opened:
            added = add_to(into, FacesetHead.of(opened), whole_frames(opened))
        click.echo(f"{other}: {added.faces} faces of {added.frames} frames added, {added.held} frames were there")
