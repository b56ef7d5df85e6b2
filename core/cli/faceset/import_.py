"""The command `faceswap faceset import`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ...errors import OptionError
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
    metavar="FILE|FOLDER",
    shell_complete=complete_path,
    help="What `faceswap faceset export` wrote, or a folder of DeepFaceLab's aligned JPEGs.",
)
@click.option(
    "--boxes",
    type=click.Path(path_type=Path),
    metavar="FILE",
    shell_complete=complete_path,
    help="A CSV or JSON file of boxes in the frames of --media.",
)
@click.option(
    "--media",
    type=click.Path(path_type=Path),
    metavar="PATH",
    shell_complete=complete_path,
    help="The video, image or folder of images that --boxes is about.",
)
@click.option("--crop-size", type=click.IntRange(64, 2048), metavar="N", help="Side of the crops in pixels.")
@click.option("--aligner", metavar="NAME", help="With --boxes: finds the landmarks, where FILE has none.")
@click.option("--masker", multiple=True, metavar="NAME", help="With --boxes: masks the faces.")
@click.option("--recognizer", metavar="NAME", help="With --boxes: embeds the faces.")
@click.option("--workers", type=click.IntRange(1), metavar="N", help="With --boxes: processes.  [default: cores]")
def command(faceset: Path, source: Path | None, boxes: Path | None, media: Path | None, **settings: Any) -> None:
    """Make FACESET of what other tools have found, or add it to one that was made the same way.

    A FILE is one of `faceswap faceset export`: .jsonl, .parquet or .tfrecord. A FOLDER holds aligned JPEGs with their
    geometry inside, whose pickles are read as data and never executed: a file that asks for more is left out and
    named. Their pictures are cut anew, so that they stand like those that `faceswap extract` cuts; they have no masks.
    Frames that FACESET holds already stay as they are, so the same command continues after a stop.

    A file of --boxes (.csv, .json or .jsonl) has a row for each face: left, top, right, bottom in pixels, its frame
    as `pts`, `frame` (counted from 0) or, of images, `source`, and if you like score and landmarks (x y x y ... of 68
    or 5 points). Its faces go through the chain of `faceswap extract`, from the aligner on, or with landmarks from
    the crop on.

    \b
    Examples:
        faceswap faceset import faces/anna --from data_src/aligned
        faceswap faceset import faces/anna --from anna.parquet
        faceswap faceset import faces/anna --boxes anna.csv --media anna.mp4
    """  # noqa: D301 - click's mark for lines that stay as they are.
    chosen = {name: value for name, value in settings.items() if value}
    if (source is None) == (boxes is None) or (boxes is None) != (media is None):
        raise OptionError("faceset import needs either --from or --boxes with --media; `--help` shows examples")
    unused = chosen.keys() - {"crop_size"} if boxes is None else ()
    if unused or (source is not None and not source.is_dir() and chosen):
        flag = min(unused or chosen).replace("_", "-")
        raise OptionError(f"faceset import --from {source} takes no --{flag}: its faces stay as they are")
    if source is None:
        _import_boxes(faceset, {"boxes": boxes, "media": media, **chosen})
    elif source.is_dir():
        _import_folder(faceset, source, chosen.get("crop_size"))
    else:
        from ....lib.exchange.files import import_file

        added = import_file(faceset, source)
        click.echo(f"{faceset}: {added.faces} faces of {added.frames} frames added, {added.held} frames were there")


def _import_boxes(faceset: Path, values: dict[str, Any]) -> None:
    from ...host import PluginChoice
    from ...jobs.import_boxes import ImportBoxesJob
    from ...jobs.job import run_job
    from ..terminal import listener_for

    single = ("aligner", "recognizer")
    choices: dict[str, Any] = {kind: PluginChoice(name=values.pop(kind)) for kind in single if kind in values}
    if "masker" in values:
        choices["maskers"] = tuple(PluginChoice(name=name) for name in values.pop("masker"))
    with listener_for(as_json=False) as listener:
        report = run_job(ImportBoxesJob(faceset=faceset, **values, **choices), listener)
    click.echo("\n".join(report.lines()))


def _import_folder(faceset: Path, folder: Path, crop_size: int | None) -> None:
    from ....lib.exchange.dfl_folder import import_dfl

    done = import_dfl(faceset, folder, crop_size)
    click.echo(f"{faceset}: {done.faces} faces of {done.frames} frames added, {done.held} frames were there")
    for line in done.refused[:_SHOWN]:
        click.echo(f"Left out: {line}", err=True)
    if len(done.refused) > _SHOWN:
        click.echo(f"Left out: {len(done.refused) - _SHOWN} more files", err=True)
