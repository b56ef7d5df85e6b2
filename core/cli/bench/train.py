"""The command `faceswap bench train`."""

from __future__ import annotations

from typing import Any

import click

from ...host import PluginChoice
from ...names import BACKENDS
from ..plugins import align_columns
from .arguments import (
    PRECISIONS,
    ModelsCommand,
    as_json_option,
    chosen_models,
    model_option,
    repeats_option,
    tell,
)


@click.command(cls=ModelsCommand)
@click.option("--backend", "backends", multiple=True, type=click.Choice(BACKENDS), help="[default: the installed ones]")
@model_option
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
    """Measure training steps: against the machine's matrix products, and against plain `train_on_batch`.

    Every combination of backend, model, batch size and precision is measured; all of these can be given several times.
    """
    from ...bench.train import HEADINGS, default_backends, figures, measure

    models = chosen_models(context, [PluginChoice(name="original")])
    rows = []
    for row in measure(
        backends or default_backends(), models, asked["batch_sizes"], asked["precisions"], asked["repeats"]
    ):
        rows.append(row)
        click.echo("  ".join(row.cells()), err=True)
    table = "\n".join(align_columns([HEADINGS, *(row.cells() for row in rows)]))
    tell(figures(rows), as_json, table, [row.as_dict() for row in rows])
