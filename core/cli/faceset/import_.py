"""The command `faceswap faceset import`."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

import click

from ...errors import OptionError
from ..completing import complete_path
from .arguments import faceset_argument

_SHOWN = 5
"""Refused files that are named."""

LAYOUTS = ("dfl", "celeba", "aligned", "stylegan")
TYPES = ("half", "mid-full", "full", "whole", "head")

_CHAIN = {"masker", "recognizer", "workers"}
_PICTURES = {"crop_size", "face_type", "attributes", *_CHAIN}
_TAKEN = {
    "file": set[str](),
    "boxes": {"crop_size", "aligner", *_CHAIN},
    "dfl": {"crop_size"},
    "celeba": {"landmarks", *_PICTURES},
    "aligned": _PICTURES,
    "stylegan": _PICTURES,
}
"""What each kind of input goes with."""


@click.command()
@faceset_argument
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path),
    metavar="FILE|FOLDER",
    shell_complete=complete_path,
    help="What `faceswap faceset export` wrote, or a folder of faces.",
)
@click.option(
    "--layout",
    type=click.Choice(LAYOUTS),
    help="What FOLDER holds: DeepFaceLab's aligned JPEGs, CelebA's aligned pictures, other pictures that are upright "
    "faces in one place, or StyleGAN's TFRecords.  [default: dfl]",
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
@click.option(
    "--face-type",
    type=click.Choice(TYPES),
    help="Of pictures: how much of the head the crops show; with `aligned` and `stylegan`, what the pictures show.  "
    "[default: whole; with `stylegan`, what was noted beside the records]",
)
@click.option(
    "--attributes",
    type=click.Path(path_type=Path),
    metavar="FILE",
    shell_complete=complete_path,
    help="Of pictures: what is noted of each, such as CelebA's list_attr_celeba.txt.",
)
@click.option(
    "--landmarks",
    type=click.Path(path_type=Path),
    metavar="FILE",
    shell_complete=complete_path,
    help="Of CelebA: list_landmarks_align_celeba.txt, by which each face is placed by itself.",
)
@click.option("--crop-size", type=click.IntRange(64, 2048), metavar="N", help="Side of the crops in pixels.")
@click.option("--aligner", metavar="NAME", help="With --boxes: finds the landmarks, where FILE has none.")
@click.option("--masker", multiple=True, metavar="NAME", help="Masks the faces; not those of dfl.")
@click.option("--recognizer", metavar="NAME", help="Embeds the faces; not those of dfl.")
@click.option("--workers", type=click.IntRange(1), metavar="N", help="Processes; not for dfl.  [default: cores]")
def command(
    faceset: Path, source: Path | None, layout: str | None, boxes: Path | None, media: Path | None, **settings: Any
) -> None:
    """Make FACESET of what other tools have found, or add it to one that was made the same way.

    A FILE is one of `faceswap faceset export`: .jsonl, .parquet or .tfrecord. A FOLDER of layout dfl holds aligned
    JPEGs with their geometry inside, whose pickles are read as data and never executed: a file that asks for more is
    left out and named. Their pictures are cut anew, so that they stand like those that `faceswap extract` cuts; they
    have no masks. Frames that FACESET holds already stay as they are, so the same command continues after a stop.

    Of the other layouts each picture is a face, and nobody looks for one: pictures of which that is not so go through
    `faceswap extract`. What --attributes notes can be asked for by `faceswap faceset filter --has NAME`.

    A file of --boxes (.csv, .json or .jsonl) has a row for each face: left, top, right, bottom in pixels, its frame
    as `pts`, `frame` (counted from 0) or, of images, `source`, and if you like score and landmarks (x y x y ... of 68
    or 5 points). Its faces go through the chain of `faceswap extract`, from the aligner on, or with landmarks from
    the crop on.

    \b
    Examples:
        faceswap faceset import faces/anna --from data_src/aligned
        faceswap faceset import faces/anna --from anna.parquet
        faceswap faceset import faces/many --from img_align_celeba --layout celeba --attributes list_attr_celeba.txt
        faceswap faceset import faces/anna --boxes anna.csv --media anna.mp4
    """  # noqa: D301 - click's mark for lines that stay as they are.
    chosen = {name: value for name, value in settings.items() if value}
    if (source is None) == (boxes is None) or (boxes is None) != (media is None):
        raise OptionError("faceset import needs either --from or --boxes with --media; `--help` shows examples")
    kind = _kind(source, layout)
    _require_taken(kind, source, chosen)
    if source is None:
        _import_boxes(faceset, {"boxes": boxes, "media": media, **chosen})
    elif kind == "dfl":
        _import_folder(faceset, source, chosen.get("crop_size"))
    elif kind == "file":
        from ....lib.exchange.files import import_file

        added = import_file(faceset, source)
        click.echo(f"{faceset}: {added.faces} faces of {added.frames} frames added, {added.held} frames were there")
    else:
        _import_pictures(faceset, source, kind, chosen)


def _kind(source: Path | None, layout: str | None) -> str:
    """What is imported, one of those in `_TAKEN`."""
    if source is None and layout:
        raise OptionError("--layout says what the folder of --from holds: --boxes needs none")
    if source is None:
        return "boxes"
    return layout or ("dfl" if source.is_dir() else "file")


def _require_taken(kind: str, source: Path | None, chosen: Collection[str]) -> None:
    """Raises OptionError for a flag that says nothing here."""
    unused = set(chosen) - _TAKEN[kind]
    if unused:
        where = "--boxes" if source is None else f"--from {source}" + ("" if kind == "file" else f" as {kind}")
        raise OptionError(
            f"faceset import {where} takes no --{min(unused).replace('_', '-')}"
            + (": its faces stay as they are" if kind in ("file", "dfl") else "")
        )


def _import_pictures(faceset: Path, source: Path, layout: str, values: dict[str, Any]) -> None:
    from ...jobs.import_aligned import ImportAlignedJob
    from ...jobs.import_tfrecords import ImportTfrecordsJob

    made = {"media": source, "faceset": faceset, **_with_choices(values)}
    if layout == "stylegan":
        _run(ImportTfrecordsJob(**made))
    else:
        _run(ImportAlignedJob(layout=layout, **made))


def _import_boxes(faceset: Path, values: dict[str, Any]) -> None:
    from ...jobs.import_boxes import ImportBoxesJob

    _run(ImportBoxesJob(faceset=faceset, **_with_choices(values)))


def _with_choices(values: dict[str, Any]) -> dict[str, Any]:
    """The values of a job, the plugins as choices."""
    from ...host import PluginChoice

    single = ("aligner", "recognizer")
    choices: dict[str, Any] = {kind: PluginChoice(name=values[kind]) for kind in single if kind in values}
    if "masker" in values:
        choices["maskers"] = tuple(PluginChoice(name=name) for name in values["masker"])
    return {name: value for name, value in values.items() if name not in (*single, "masker")} | choices


def _run(job: Any) -> None:
    from ...jobs.job import run_job
    from ..terminal import listener_for

    with listener_for(as_json=False) as listener:
        report = run_job(job, listener)
    click.echo("\n".join(report.lines()))


def _import_folder(faceset: Path, folder: Path, crop_size: int | None) -> None:
    from ....lib.exchange.dfl_folder import import_dfl

    done = import_dfl(faceset, folder, crop_size)
    click.echo(f"{faceset}: {done.faces} faces of {done.frames} frames added, {done.held} frames were there")
    for line in done.refused[:_SHOWN]:
        click.echo(f"Left out: {line}", err=True)
    if len(done.refused) > _SHOWN:
        click.echo(f"Left out: {len(done.refused) - _SHOWN} more files", err=True)
