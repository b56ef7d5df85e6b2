"""The command `faceswap bench extraction`."""

from __future__ import annotations

import click

from .arguments import (
    as_json_option,
    repeats_option,
    sizes_of,
    tell,
)


@click.command()
@click.option(
    "--size",
    "sizes",
    multiple=True,
    default=("384x384", "640x360", "1280x720"),
    show_default=True,
    callback=sizes_of,
    metavar="WxH",
    help="Of the frames, at least 256 high; can be given several times.",
)
@click.option("--frames", default=600, show_default=True, type=click.IntRange(160), help="Frames of each footage.")
@repeats_option
@as_json_option
def command(sizes: tuple[tuple[int, int], ...], frames: int, repeats: int, as_json: bool) -> None:
    """Measure extraction against the bare detector and aligner."""
    from ...bench.extraction import measure

    tell(measure(sizes, frames, repeats), as_json)
