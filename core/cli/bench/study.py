"""The command `faceswap bench study`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from ...host import PluginChoice, prepare
from .arguments import GeneratorsCommand, chosen, generator_option


@click.command(cls=GeneratorsCommand)
@click.option("--work", required=True, type=click.Path(path_type=Path), help="Folder of all the work; continued.")
@generator_option
@click.option("--model", default="mini", show_default=True, help="What learns to swap.")
@click.option("--minutes", default=10.0, show_default=True, help="Training time of each generator in all.")
@click.option("--swap-minutes", default=5.0, show_default=True, help="Training time of each model in all.")
@click.option("--seconds", default=24.0, show_default=True, help="Length of the footage of each performer.")
@click.option("--count", default=1000, show_default=True, type=click.IntRange(2), help="Pictures of each generator.")
@click.option("--batch-size", default=32, show_default=True, type=click.IntRange(1), help="Faces in a step.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(context: click.Context, /, model: str, as_json: bool, **settings: Any) -> None:
    """Train generators on a performer, measure their faces, and train a model on real and on generated ones.

    Writes report.json and report.md into the work folder, and pictures: each generator's grid.png, and the swaps beside
    the truth in swaps/comparison.png. The same command continues.
    """
    from ...bench.study import Study
    from ..terminal import listener_for

    settings["generators"] = chosen(context, "generator", [PluginChoice(name="dcgan")])
    settings["model"] = PluginChoice(name=model)
    prepare("model", settings["model"])
    with listener_for(False) as listener:
        report = Study(**settings).run(listener)
    click.echo(json.dumps(report.as_dict(), indent=1) if as_json else report.markdown())
