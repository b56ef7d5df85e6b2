"""The command `faceswap bench soak`."""

from __future__ import annotations

import click

from .arguments import (
    as_json_option,
    tell,
)


@click.command()
@click.option("--minutes", default=30.0, show_default=True, type=click.FloatRange(min=0, min_open=True))
@as_json_option
def command(minutes: float, as_json: bool) -> None:
    """Train for long, with many checkpoints, previews and validations; memory and open files must not grow."""
    from ...bench.soak import measure

    tell(measure(minutes), as_json)
