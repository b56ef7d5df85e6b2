"""The command `faceswap bench train`."""

from __future__ import annotations

from typing import Any

import click

from ...host import PluginChoice
from ...names import BACKENDS
from ..plugins import align_columns
from .arguments import (
    PRECISIONS,
    TrainablesCommand,
    as_json_option,
    chosen,
    generator_option,
    model_option,
    repeats_option,
    tell,
)


@click.command(cls=TrainablesCommand)
@click.option("--backend", "backends", multiple=True, type=click.Choice(BACKENDS), help="[default: the installed ones]")
@model_option
@generator_option
@click.option("--batch-size", "batch_sizes", multiple=True, default=(16,), show_default=True, type=click.IntRange(1))
@click.option(
    "--precision",
    "precisions",
    multiple=True,
    default=("float32", "bfloat16"),
    show_default=True,
    type=click.Choice(PRECISIONS),
)
@repeats_option
@as_json_option
@click.pass_context
def command(context: click.Context, /, backends: tuple[str, ...], as_json: bool, **asked: Any) -> None:
    """Measure training steps: against the machine's matrix products, and against plain steps on ready batches.

    Every combination of backend, model or generator, batch size and precision is measured; all of these can be given
    several times. Without any it is the model `original`.
    """
    from ...bench.train import HEADINGS, default_backends, figures, measure

    plugins = [(kind, choice) for kind in ("model", "generator") for choice in chosen(context, kind)]
    plugins = plugins or [("model", PluginChoice(name="original"))]
    rows = []
    for row in measure(
        backends or default_backends(), plugins, asked["batch_sizes"], asked["precisions"], asked["repeats"]
    ):
        rows.append(row)
        click.echo("  ".join(row.cells()), err=True)
    table = "\n".join(align_columns([HEADINGS, *(row.cells() for row in rows)]))
    tell(figures(rows), as_json, table, [row.as_dict() for row in rows])
