"""The command `faceswap bench startup`."""

from __future__ import annotations

import click

from .arguments import as_json_option, repeats_option, tell


@click.command()
@repeats_option
@as_json_option
def command(repeats: int, as_json: bool) -> None:
    """Measure the seconds of `--help` and `plugins` over a bare interpreter, and with 200 packages."""
    from ...bench.startup import measure

    tell(measure(repeats), as_json)
