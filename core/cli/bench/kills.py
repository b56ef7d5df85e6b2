"""The command `faceswap bench kills`."""

from __future__ import annotations

import click

from .arguments import (
    as_json_option,
    jobs_option,
    tell,
)


@click.command()
@jobs_option
@click.option("--count", default=10, show_default=True, type=click.IntRange(1), help="Kills of each job.")
@click.option("--seed", default=0, show_default=True, help="Seed of the moments of the kills.")
@as_json_option
def command(jobs: tuple[str, ...], count: int, seed: int, as_json: bool) -> None:
    """Kill jobs at random moments, let them continue, and count what was lost."""
    from ...bench.kills import measure

    tell(measure(jobs, count, seed), as_json)
