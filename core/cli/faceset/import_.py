"""The command `faceswap faceset import`."""

from __future__ import annotations

from pathlib import Path

import click

from ..completing import complete_path
from .arguments import faceset_argument

_SHOWN = 5
"""Refused files that are named."""


@click.command()
@faceset_argument
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE|FOLDER",
    shell_complete=complete_path,
    help="What `faceswap faceset export` wrote, or a folder of DeepFaceLab's aligned JPEGs.",
)
@click.option(
    "--crop-size", type=click.IntRange(64, 2048), metavar="N", help="Side of the crops of a FOLDER, in pixels."
)
def command(faceset: Path, source: Path, crop_size: int | None) -> None:
    """Make FACESET of what other tools have found, or add it to one that was made the same way.

    A FILE is one of `faceswap faceset export`: .jsonl, .parquet or .tfrecord. A FOLDER holds aligned JPEGs with their
    geometry inside, whose pickles are read as data and never executed: a file that asks for more is left out and
    named. Their pictures are cut anew, so that they stand like those that `faceswap extract` cuts; they have no masks.
    Frames that FACESET holds already stay as they are, so the same command continues after a stop.

    \b
    Examples:
        faceswap faceset import faces/anna --from data_src/aligned
        faceswap faceset import faces/anna --from anna.parquet
    """  # noqa: D301 - click's mark for lines that stay as they are.
    from ....lib.exchange.dfl_folder import import_dfl
    from ....lib.exchange.files import import_file

    if not source.is_dir():
        if crop_size is not None:
            raise click.UsageError("--crop-size is for a folder; a file's crops stay as they are.")
        added = import_file(faceset, source)
        click.echo(f"{faceset}: {added.faces} faces of {added.frames} frames added, {added.held} frames were there")
        return
    done = import_dfl(faceset, source, crop_size)
    click.echo(f"{faceset}: {done.faces} faces of {done.frames} frames added, {done.held} frames were there")
    for line in done.refused[:_SHOWN]:
        click.echo(f"Left out: {line}", err=True)
    if len(done.refused) > _SHOWN:
        click.echo(f"Left out: {len(done.refused) - _SHOWN} more files", err=True)
