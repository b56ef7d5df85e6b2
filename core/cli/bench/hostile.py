"""The command `faceswap bench hostile`."""

from __future__ import annotations

import click

from .arguments import (
    as_json_option,
    tell,
)


@click.command()
@click.option("--count", default=200, show_default=True, type=click.IntRange(1), help="Damaged files.")
@click.option("--seed", default=0, show_default=True, help="Seed of the damages.")
@as_json_option
def command(count: int, seed: int, as_json: bool) -> None:
    """Damage small videos and images, and take them through extraction's reading: nothing may crash or hang."""
    from ...bench.hostile import measure

    tell(measure(count, seed), as_json)
