"""The command `faceswap faceset check`."""

from __future__ import annotations

from pathlib import Path

import click

from .arguments import faceset_argument, json_option, progress_bar


@click.command()
@faceset_argument
@json_option
@click.pass_context
def command(context: click.Context, faceset: Path, as_json: bool) -> None:
    """Tell whether FACESET is whole.

    It verifies the database, decodes the image of every face, and compares the images in `crops` and `trash` with the
    faces. Nothing is changed. Exit code 1 when something is amiss; each line says what to do.
    """
    import json
    from dataclasses import asdict

    from ....lib.faceset import Faceset
    from ....lib.faceset_check import check_faceset

    with Faceset.open(faceset) as opened, progress_bar("Looking at faces") as progress:
        count, findings = len(opened), check_faceset(opened, progress)
    if as_json:
        told = {"faces": count, "findings": [asdict(finding) for finding in findings]}
        click.echo(json.dumps(told, indent=1))
    else:
        click.echo("\n".join(map(str, findings)) or f"{faceset} is whole: {count} faces")
    context.exit(1 if findings else 0)
