"""The command `faceswap bench quality`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from ...host import PluginChoice
from ...names import BACKENDS
from ..plugins import align_columns
from .arguments import (
    PRECISIONS,
    STAGES,
    ModelsCommand,
    chosen,
    model_option,
)


@click.command(cls=ModelsCommand)
@click.option("--work", required=True, type=click.Path(path_type=Path), help="Folder of all the work; continued.")
@model_option
@click.option("--minutes", default=5.0, show_default=True, help="Training time of each model in all.")
@click.option("--seconds", default=12.0, show_default=True, help="Length of the footage of each performer.")
@click.option("--backend", type=click.Choice(BACKENDS), help="What trains and converts.")
@click.option("--batch-size", default=16, show_default=True, type=click.IntRange(1), help="Faces of each person.")
@click.option("--precision", default="float32", show_default=True, type=click.Choice(PRECISIONS), help="Of networks.")
@click.option("--only", "stages", multiple=True, default=STAGES, type=click.Choice(STAGES), help="Only these stages.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(context: click.Context, /, stages: tuple[str, ...], as_json: bool, **settings: Any) -> None:
    """Train models for the same time on performers, and measure their swaps against the truth.

    Writes report.json, report.md and comparison.png into the work folder. Its stages can be run apart, so that another
    machine can train and convert. The same command continues; more --minutes train on.
    """
    from ...bench.quality import Contestant, Quality
    from ..terminal import listener_for

    default = [PluginChoice(name=name) for name in ("mini", "original")]
    models = chosen(context, "model", [*default, PluginChoice(name="h64", options={"light": "true"})])
    settings["contestants"] = [Contestant.of(model) for model in models]
    with listener_for(False) as listener:
        report = Quality(**settings).run(stages, listener)
    if report:
        click.echo(json.dumps(report.as_dict(), indent=1) if as_json else "\n".join(align_columns(report.rows())))
