"""The command `faceswap faceset filter`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .arguments import faceset_argument, json_option


def _conditions(function: click.decorators.FC) -> click.decorators.FC:
    """A flag for each condition."""
    for name, (metavar, text) in reversed(_FLAGS.items()):
        kind, flag = float if metavar in _NUMBERS else str, f"--{name.replace('_', '-')}"
        function = click.option(flag, name, type=kind, metavar=metavar, multiple=metavar == "NAME", help=text)(function)
    return function


_NUMBERS = ("X", "PX", "DEG", "D")
_FLAGS = {
    "blurred": ("X", "Sharpness below X; of usual footage dark and blurred faces have 1 to 5."),
    "smaller": ("PX", "Smaller in the frame than PX pixels."),
    "yaw_over": ("DEG", "Turned by more than DEG to either side."),
    "pitch_over": ("DEG", "Nodding by more than DEG up or down."),
    "darker": ("X", "Mean brightness below X, 0 to 1."),
    "brighter": ("X", "Mean brightness above X, 0 to 1."),
    "near_duplicates": (
        "D",
        "Nearly the same as a sharper face: D is the distance of their embeddings (0.2 is alike), or without a "
        "recognizer of gray thumbnails (0.02 is alike). The sharpest of each group stays.",
    ),
    "not_person": (
        "REF",
        "Of somebody else than REF: a person that faces here are noted to show, or the folder of a faceset that "
        "shows the person (both need embeddings of one recognizer).",
    ),
    "has": ("NAME", "With the attribute NAME, such as Eyeglasses, that an import noted; may be repeated."),
    "lacks": ("NAME", "Of which an import noted that they are without the attribute NAME; may be repeated."),
}


@click.command()
@faceset_argument
@_conditions
@click.option("--dry-run", is_flag=True, help="Only tell how many faces each condition hits.")
@json_option
def command(faceset: Path, dry_run: bool, as_json: bool, **values: Any) -> None:
    """Remove the faces of FACESET that any of some conditions hits.

    It tells how many faces each condition hits, and moves them to `trash` in FACESET. `faceswap faceset restore`
    brings them back. Try it with --dry-run; `faceswap faceset stats` shows what limits make sense.

    \b
    Example:
        faceswap faceset filter faces/anna --blurred 5 --smaller 60 --near-duplicates 0.15 --dry-run
    """  # noqa: D301 - click's mark for lines that stay as they are.
    import json

    from ....lib.faceset import Faceset
    from ....lib.faceset_writer import FacesetWriter
    from ...facesets.filtering import columns_of, find_hits, make_conditions, union

    conditions = make_conditions(values)
    with Faceset.open(faceset) as opened:
        table = opened.face_table(columns_of(conditions))
        hits = find_hits(opened, table, conditions)
    chosen = table.ids[union(hits, len(table))].tolist()
    if not dry_run:
        with FacesetWriter.open(faceset) as writer:
            writer.remove(chosen)
    counts = {name: int(hit.sum()) for name, hit in hits.items()}
    if as_json:
        click.echo(json.dumps({**counts, "removed": 0 if dry_run else len(chosen), "faces": chosen}, indent=1))
        return
    for name, count in counts.items():
        condition, _, attribute = name.partition(" ")
        click.echo(f"{condition.replace('_', ' ')} {attribute}".rstrip() + f": {count} faces")
    undo = "" if dry_run else f"; to undo: faceswap faceset restore {faceset}"
    click.echo(f"{len(chosen)} of {len(table)} faces {'would be ' if dry_run else ''}removed{undo}")
