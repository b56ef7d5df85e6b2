"""What the commands of `faceswap bench` share: options, plugins with options of their own, and how figures are told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import click

from ...errors import FaceswapError
from ...host import PluginChoice, prepare
from ..plugins import align_columns

if TYPE_CHECKING:
    from ...bench.measure import Figure

JOBS = "extract", "train", "convert"
PRECISIONS = "float32", "bfloat16", "float16"
STAGES = "prepare", "train", "convert", "measure"

as_json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON, with single repeats and the machine."
)
repeats_option = click.option(
    "--repeats", default=5, show_default=True, type=click.IntRange(1), help="Interleaved repeats of each side."
)
jobs_option = click.option("--job", "jobs", multiple=True, default=JOBS, show_default=True, type=click.Choice(JOBS))
model_option = click.option(
    "--model", "models", multiple=True, metavar="NAME", help="A model, with `--model.OPTION VALUE`."
)
generator_option = click.option(
    "--generator", "generators", multiple=True, metavar="NAME", help="A generator, with `--generator.OPTION VALUE`."
)


class ChoicesCommand(click.Command):
    """A command that takes several plugins of a kind: `--model.OPTION VALUE` belongs to the `--model` before it."""

    kinds: ClassVar[tuple[str, ...]]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keeps the plugins with their options aside, by kind, and gives click the other words."""
        ctx.meta["choices"] = {}
        for kind in self.kinds:
            ctx.meta["choices"][kind], args = split_choices(kind, args)
        return super().parse_args(ctx, args)


class ModelsCommand(ChoicesCommand):
    """A command that takes several models."""

    kinds = ("model",)


class GeneratorsCommand(ChoicesCommand):
    """A command that takes several generators."""

    kinds = ("generator",)


class TrainablesCommand(ChoicesCommand):
    """A command that takes several models and generators."""

    kinds = ("model", "generator")


class DetectorsCommand(ChoicesCommand):
    """A command that takes several detectors."""

    kinds = ("detector",)


def split_choices(kind: str, words: Sequence[str]) -> tuple[list[PluginChoice], list[str]]:
    """Splits the plugins of a kind with their options from the other words of a command line.

    Args:
        kind: The kind.
        words: `--KIND NAME`, `--KIND.OPTION VALUE`, `--KIND.FLAG` and others; `=` may stand in place of a space.

    Returns:
        The plugins in order, and the other words.

    Raises:
        FaceswapError: An option stands before any plugin.
    """
    flag, choices, rest = f"--{kind}", list[tuple[str, dict[str, Any]]](), list[str]()
    waiting = [part for word in words for part in (word.split("=", 1) if word.startswith(flag) else [word])]
    while waiting:
        word = waiting.pop(0)
        value = waiting.pop(0) if waiting and not waiting[0].startswith("--") and word.startswith(flag) else None
        if word == flag and value is not None:
            choices.append((value, {}))
        elif word.startswith(f"{flag}.") and choices:
            option = word.removeprefix(f"{flag}.").replace("-", "_")
            choices[-1][1][option] = "true" if value is None else value
        elif word.startswith(f"{flag}."):
            raise FaceswapError(f"{word} must follow the {flag} to which it belongs")
        else:
            rest += [word] if value is None else [word, value]
    return [PluginChoice(name=name, options=options) for name, options in choices], rest


def even_side(context: click.Context, parameter: click.Parameter, side: int) -> int:
    """Refuses a side that a video cannot have."""
    return even(context, parameter, (side,))[0]


def even(context: click.Context, parameter: click.Parameter, sides: tuple[int, ...]) -> tuple[int, ...]:
    """Refuses sides that a video cannot have."""
    odd = next((side for side in sides if side % 2), None)
    if odd is not None:
        raise click.BadParameter(f"an even number was expected. Received: {odd}")
    return sides


def sizes_of(context: click.Context, parameter: click.Parameter, sizes: tuple[str, ...]) -> list[tuple[int, int]]:
    """Reads sizes of frames that a video can have and that the performers can be rendered at."""
    read = []
    for size in sizes:
        width, cross, height = size.partition("x")
        if not (cross and width.isdecimal() and height.isdecimal()) or int(width) % 2 or int(height) % 2:
            raise click.BadParameter(f"two even numbers such as 640x360 were expected. Received: {size}")
        if not 256 <= int(height) <= int(width):
            raise click.BadParameter(f"a height from 256 to the width was expected. Received: {size}")
        read.append((int(width), int(height)))
    return read


def chosen(context: click.Context, kind: str, default: list[PluginChoice] | None = None) -> list[PluginChoice]:
    """The plugins of a kind on the command line, each checked; else the default."""
    choices: list[PluginChoice] = context.meta["choices"][kind] or default or []
    for choice in choices:
        prepare(kind, choice)
    return choices


def tell(figures: Sequence[Figure], as_json: bool, table: str = "", rows: Sequence[Any] = ()) -> None:
    """Prints the figures, after a table where there is one, and ends with exit code 1 when a bound was missed."""
    from ...bench.measure import machine

    if as_json:
        told = {"machine": machine(), "rows": list(rows), "figures": [figure.as_dict() for figure in figures]}
        click.echo(json.dumps(told, indent=1))
    else:
        lines = [line for line in (table, *align_columns([_row(figure) for figure in figures])) if line]
        click.echo("\n".join(lines))
    click.get_current_context().exit(0 if all(figure.kept for figure in figures) else 1)


def _row(figure: Figure) -> tuple[str, ...]:
    bounds = [
        f"{word} {bound:g}"
        for word, bound in (("at most", figure.bound), ("at least", figure.least))
        if bound is not None
    ]
    return figure.name, f"{figure.value:g} {figure.unit}", ", ".join(bounds), "kept" if figure.kept else "MISSED"
