"""The command `faceswap faceset people`."""

from __future__ import annotations

from pathlib import Path

import click

from .arguments import faceset_argument, json_option


@click.command()
@faceset_argument
@click.option(
    "--name", "names", multiple=True, metavar="NUMBER=NAME", help="Call a person so from now on (repeatable)."
)
@json_option
def command(faceset: Path, names: tuple[str, ...], as_json: bool) -> None:
    """Find out who FACESET shows: groups its tracks by their embeddings.

    People get numbers, those with most faces first, and keep them when the command runs again. It writes people.jpg
    into FACESET, with faces of each. With --name alone, people who were found before stay as they are.
    """
    import json
    from dataclasses import asdict

    from ....lib.faceset_writer import FacesetWriter
    from ...facesets.people import find_people, name_people, people_of, write_sheet
    from ..plugins import align_columns

    wanted = dict(_named(word) for word in names)
    with FacesetWriter.open(faceset) as opened:
        opened.sync()
        if not wanted or not people_of(opened):
            find_people(opened)
        name_people(opened, wanted)
        people, sheet = people_of(opened), write_sheet(opened)
    if as_json:
        click.echo(json.dumps([asdict(person) for person in people], indent=1))
        return
    rows = [
        (str(person.number), person.name or "", str(person.faces), str(person.tracks), f"{person.seconds:.1f}")
        for person in people
    ]
    click.echo("\n".join([*align_columns([("person", "name", "faces", "tracks", "seconds"), *rows]), str(sheet)]))


def _named(word: str) -> tuple[int, str]:
    """Reads `1=anna`."""
    number, equals, name = word.partition("=")
    if not equals or not number.strip().isdigit():
        raise click.BadParameter(f"expected NUMBER=NAME, such as 1=anna. Received: {word!r}", param_hint="--name")
    return int(number), name
