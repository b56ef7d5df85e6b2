"""The command `faceswap bench memory`."""

from __future__ import annotations

import click

from .arguments import JOBS, as_json_option, tell


@click.command()
@click.option(
    "--job",
    "jobs",
    multiple=True,
    default=JOBS,
    show_default=True,
    type=click.Choice([*JOBS, "evaluate"]),
    help="evaluate: `evaluate faces`, of as many faces as --frames says and as many real ones.",
)
@click.option("--frames", default=3000, show_default=True, type=click.IntRange(2), help="Length of the long footage.")
@click.option("--over", default=300, show_default=True, type=click.IntRange(1), help="Length of the short footage.")
@as_json_option
def command(jobs: tuple[str, ...], frames: int, over: int, as_json: bool) -> None:
    """Measure the peak memory of jobs on long footage against that on short footage."""
    from ...bench.memory import measure

    if over >= frames:
        raise click.BadParameter(f"it must be less than --frames, {frames}. Received: {over}", param_hint="--over")
    tell(measure(jobs, frames, over), as_json)
