"""The commands `faceswap bench`: what things cost, against the bare libraries in the same run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import click

from ..errors import FaceswapError, suggest
from ..host import PluginChoice, default_choice, prepare
from ..names import BACKENDS
from .plugins import align_columns

if TYPE_CHECKING:
    from ..bench.measure import Figure

JOBS = "extract", "train", "convert"
PRECISIONS = "float32", "bfloat16", "float16"
STAGES = "prepare", "train", "convert", "measure"

_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, with the single repeats and the machine.")
_repeats = click.option(
    "--repeats", default=5, show_default=True, type=click.IntRange(1), help="Interleaved repeats of each side."
)
_jobs = click.option("--job", "jobs", multiple=True, default=JOBS, show_default=True, type=click.Choice(JOBS))
_model = click.option("--model", "models", multiple=True, metavar="NAME", help="A model, with `--model.OPTION VALUE`.")


class UnitGroup(click.Group):
    """A group that suggests a unit where there is none of the name."""

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[Any, Any, list[str]]:
        """Finds the unit."""
        if args and args[0] not in self.commands:
            raise FaceswapError(f"There is no bench unit '{args[0]}'. {suggest(args[0], self.commands)}")
        return super().resolve_command(ctx, args)


class ChoicesCommand(click.Command):
    """A command that takes several plugins of a kind: `--model.OPTION VALUE` belongs to the `--model` before it."""

    kind: ClassVar[str]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keeps the options of plugins aside, and gives click the other words."""
        ctx.meta["choices"], rest = split_choices(self.kind, args)
        return super().parse_args(ctx, rest)


class ModelsCommand(ChoicesCommand):
    """A command that takes several models."""

    kind = "model"


class GeneratorsCommand(ChoicesCommand):
    """A command that takes several generators."""

    kind = "generator"


class DetectorsCommand(ChoicesCommand):
    """A command that takes several detectors."""

    kind = "detector"


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
    flag, chosen, rest = f"--{kind}", list[tuple[str, dict[str, Any]]](), list[str]()
    waiting = [part for word in words for part in (word.split("=", 1) if word.startswith(flag) else [word])]
    while waiting:
        word = waiting.pop(0)
        value = waiting.pop(0) if waiting and not waiting[0].startswith("--") and word.startswith(flag) else None
        if word == flag and value is not None:
            chosen.append((value, {}))
        elif word.startswith(f"{flag}.") and chosen:
            option = word.removeprefix(f"{flag}.").replace("-", "_")
            chosen[-1][1][option] = "true" if value is None else value
        elif word.startswith(f"{flag}."):
            raise FaceswapError(f"{word} must follow the {flag} to which it belongs")
        else:
            rest += [word] if value is None else [word, value]
    return [PluginChoice(name=name, options=options) for name, options in chosen], rest


def _even_side(context: click.Context, parameter: click.Parameter, side: int) -> int:
    """Refuses a side that a video cannot have."""
    return _even(context, parameter, (side,))[0]


def _even(context: click.Context, parameter: click.Parameter, sides: tuple[int, ...]) -> tuple[int, ...]:
    """Refuses sides that a video cannot have."""
    odd = next((side for side in sides if side % 2), None)
    if odd is not None:
        raise click.BadParameter(f"an even number was expected. Received: {odd}")
    return sides


def _sizes(context: click.Context, parameter: click.Parameter, sizes: tuple[str, ...]) -> list[tuple[int, int]]:
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


@click.group(cls=UnitGroup)
def command() -> None:
    """Measure what things cost, and how good they become.

    Figures are ratios of medians over interleaved repeats, so that they hold on noisy machines. Exit code 1 when a
    figure is outside its bounds.
    """


def _simple_unit(name: str, text: str) -> None:
    @command.command(name, help=f"Measure {text}.")
    @_repeats
    @_as_json
    def run(repeats: int, as_json: bool) -> None:
        unit: Any = import_module(f"..bench.{name}", __package__)
        _tell(unit.measure(repeats), as_json)


_simple_unit("startup", "the seconds of `--help` and `plugins` over a bare interpreter, and with 200 packages")


@command.command("extraction")
@click.option(
    "--size",
    "sizes",
    multiple=True,
    default=("384x384", "640x360", "1280x720"),
    show_default=True,
    callback=_sizes,
    metavar="WxH",
    help="Of the frames, at least 256 high; can be given several times.",
)
@click.option("--frames", default=600, show_default=True, type=click.IntRange(160), help="Frames of each footage.")
@_repeats
@_as_json
def extraction(sizes: tuple[tuple[int, int], ...], frames: int, repeats: int, as_json: bool) -> None:
    """Measure extraction against the bare detector and aligner."""
    from ..bench.extraction import measure

    _tell(measure(sizes, frames, repeats), as_json)


@command.command("memory")
@_jobs
@click.option("--frames", default=3000, show_default=True, type=click.IntRange(2), help="Length of the long footage.")
@click.option("--over", default=300, show_default=True, type=click.IntRange(1), help="Length of the short footage.")
@_as_json
def memory(jobs: tuple[str, ...], frames: int, over: int, as_json: bool) -> None:
    """Measure the peak memory of jobs on long footage against that on short footage."""
    from ..bench.memory import measure

    if over >= frames:
        raise click.BadParameter(f"it must be less than --frames, {frames}. Received: {over}", param_hint="--over")
    _tell(measure(jobs, frames, over), as_json)


@command.command("train", cls=ModelsCommand)
@click.option("--backend", "backends", multiple=True, type=click.Choice(BACKENDS), help="[default: the installed ones]")
@_model
@click.option("--batch-size", "batch_sizes", multiple=True, default=(16,), show_default=True, type=click.IntRange(1))
@click.option(
    "--precision",
    "precisions",
    multiple=True,
    default=("float32", "bfloat16"),
    show_default=True,
    type=click.Choice(PRECISIONS),
)
@_repeats
@_as_json
@click.pass_context
def train(context: click.Context, /, backends: tuple[str, ...], as_json: bool, **asked: Any) -> None:
    """Measure training steps: against the machine's matrix products, and against plain `train_on_batch`.

    Every combination of backend, model, batch size and precision is measured; all of these can be given several times.
    """
    from ..bench.train import HEADINGS, default_backends, figures, measure

    models = _models(context, [PluginChoice(name="original")])
    rows = []
    for row in measure(
        backends or default_backends(), models, asked["batch_sizes"], asked["precisions"], asked["repeats"]
    ):
        rows.append(row)
        click.echo("  ".join(row.cells()), err=True)
    table = "\n".join(align_columns([HEADINGS, *(row.cells() for row in rows)]))
    _tell(figures(rows), as_json, table, [row.as_dict() for row in rows])


@command.command("convert")
@_repeats
@_as_json
@click.option("--only", type=click.Choice(("conversion", "blenders")), help="Only this half.")
def convert(repeats: int, as_json: bool, only: str | None) -> None:
    """Measure conversion against bare decode, predict and encode, and what each blender costs.

    The table tells the milliseconds of one face; Poisson blending is measured against OpenCV's seamlessClone.
    """
    from ..bench.blender_costs import HEADINGS, measure_costs, measure_poisson
    from ..bench.convert import measure

    rows = [] if only == "conversion" else list(measure_costs(repeats))
    told = [] if only == "conversion" else measure_poisson(repeats)
    told += [] if only == "blenders" else measure(repeats)
    table = "\n".join(align_columns([HEADINGS, *(row.cells() for row in rows)])) if rows else ""
    _tell(told, as_json, table, [asdict(row) for row in rows])


@command.command("blenders")
@click.option("--work", required=True, type=click.Path(path_type=Path), help="Folder of the report and the picture.")
@click.option("--frames", default=40, show_default=True, type=click.IntRange(3), help="Frames of the footage.")
@click.option(
    "--side", default=384, show_default=True, type=click.IntRange(256, 2048), callback=_even_side, help="Of the frames."
)
@click.option(
    "--temporal",
    "temporals",
    multiple=True,
    default=(0,),
    show_default=True,
    type=click.IntRange(0, 4),
    help="Frames on either side that color is measured over; can be given several times.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def blenders(work: Path, frames: int, side: int, temporals: tuple[int, ...], as_json: bool) -> None:
    """Measure each color blender with each composite on performers, against the true swap.

    No model is trained: its answer is the true face in another light. Writes report.json, report.md and blenders.jpg.
    """
    from ..bench.blender_scene import Scene
    from ..bench.blenders import COLORS, COMPOSITES, HEADINGS, chains, measure, ranked, write

    scene, rows = Scene(frames, side), []
    for row in measure(scene, chains(COLORS, COMPOSITES, temporals)):
        rows.append(row)
        click.echo("  ".join(row.cells()[:-1]), err=True)
    best_first = ranked(rows)
    write(work, best_first, scene, frames // 2)
    told = json.dumps([asdict(row) for row in best_first], indent=1)
    click.echo(told if as_json else "\n".join(align_columns([HEADINGS, *(row.cells() for row in best_first)])))


@command.command("kills")
@_jobs
@click.option("--count", default=10, show_default=True, type=click.IntRange(1), help="Kills of each job.")
@click.option("--seed", default=0, show_default=True, help="Seed of the moments of the kills.")
@_as_json
def kills(jobs: tuple[str, ...], count: int, seed: int, as_json: bool) -> None:
    """Kill jobs at random moments, let them continue, and count what was lost."""
    from ..bench.kills import measure

    _tell(measure(jobs, count, seed), as_json)


@command.command("hostile")
@click.option("--count", default=200, show_default=True, type=click.IntRange(1), help="Damaged files.")
@click.option("--seed", default=0, show_default=True, help="Seed of the damages.")
@_as_json
def hostile(count: int, seed: int, as_json: bool) -> None:
    """Damage small videos and images, and take them through extraction's reading: nothing may crash or hang."""
    from ..bench.hostile import measure

    _tell(measure(count, seed), as_json)


@command.command("soak")
@click.option("--minutes", default=30.0, show_default=True, type=click.FloatRange(min=0, min_open=True))
@_as_json
def soak(minutes: float, as_json: bool) -> None:
    """Train for long, with many checkpoints, previews and validations; memory and open files must not grow."""
    from ..bench.soak import measure

    _tell(measure(minutes), as_json)


@command.command("store")
@click.option("--faces", default=1_000_000, show_default=True, type=click.IntRange(1), help="Faces in the faceset.")
@click.option("--repeats", default=5, show_default=True, type=click.IntRange(1), help="Repeats of each.")
@_as_json
def store(faces: int, repeats: int, as_json: bool) -> None:
    """Measure opening, sorting and filtering a faceset of many faces; it is made first, in the temporary folder."""
    from ..bench.store import measure

    _tell(measure(faces, repeats), as_json)


@command.command("landmarks")
@click.option("--aligner", "aligners", multiple=True, metavar="NAME", help="An aligner.  [default: the default one]")
@click.option(
    "--strength",
    "strengths",
    multiple=True,
    default=(0.5, 2.0),
    show_default=True,
    help="Of smoothing, too.",
)
@click.option("--frames", default=200, show_default=True, type=click.IntRange(20), help="Frames of each performer.")
@_as_json
def landmarks(aligners: tuple[str, ...], strengths: tuple[float, ...], frames: int, as_json: bool) -> None:
    """Measure errors and jitter of landmarks, as found, smoothed and filled in, on performers with true landmarks."""
    from ..bench.landmarks import HEADINGS, figures, measure

    choices = [PluginChoice(name=name) for name in aligners] or [default_choice("aligner")]
    rows = list(measure(choices, strengths, frames))
    table = "\n".join(align_columns([HEADINGS, *(row.cells() for row in rows)]))
    _tell(figures(rows), as_json, table, [asdict(row) for row in rows])


@command.command("faces", cls=DetectorsCommand)
@click.option(
    "--detector",
    "detectors",
    multiple=True,
    metavar="NAME",
    help="A detector, with `--detector.OPTION VALUE`.  [default: all whose weights are there]",
)
@click.option(
    "--media",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A video, an image or a folder of them to look at in place of the performers.",
)
@click.option(
    "--side",
    "sides",
    multiple=True,
    default=(384, 96),
    show_default=True,
    type=click.IntRange(64, 4096),
    callback=_even,
    help="Side of the performers' frames in pixels.",
)
@click.option(
    "--frames", default=200, show_default=True, type=click.IntRange(2), help="The most frames of each footage."
)
@_repeats
@_as_json
@click.pass_context
def faces(context: click.Context, /, detectors: tuple[str, ...], as_json: bool, **asked: Any) -> None:
    """Measure which faces detectors miss and invent, how fast they are, and what host and store add.

    On performers, whose faces' places are known; with --media on other footage, where faces are counted only.
    --detector, --media and --side can be given several times.
    """
    from ..bench.faces import HEADINGS, figures, installed_detectors, measure

    rows = []
    for row in measure(context.meta["choices"] or installed_detectors(), **asked):
        rows.append(row)
        click.echo("  ".join(row.cells()), err=True)
    table = "\n".join(align_columns([HEADINGS, *(row.cells() for row in rows)]))
    _tell(figures(rows), as_json, table, [asdict(row) for row in rows])


@command.command("quality", cls=ModelsCommand)
@click.option("--work", required=True, type=click.Path(path_type=Path), help="Folder of all the work; continued.")
@_model
@click.option("--minutes", default=5.0, show_default=True, help="Training time of each model in all.")
@click.option("--seconds", default=12.0, show_default=True, help="Length of the footage of each performer.")
@click.option("--backend", type=click.Choice(BACKENDS), help="What trains and converts.")
@click.option("--batch-size", default=16, show_default=True, type=click.IntRange(1), help="Faces of each person.")
@click.option("--precision", default="float32", show_default=True, type=click.Choice(PRECISIONS), help="Of networks.")
@click.option("--only", "stages", multiple=True, default=STAGES, type=click.Choice(STAGES), help="Only these stages.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def quality(context: click.Context, /, stages: tuple[str, ...], as_json: bool, **settings: Any) -> None:
    """Train models for the same time on performers, and measure their swaps against the truth.

    Writes report.json, report.md and comparison.png into the work folder. Its stages can be run apart, so that another
    machine can train and convert. The same command continues; more --minutes train on.
    """
    from ..bench.quality import Contestant, Quality
    from .terminal import listener_for

    default = [PluginChoice(name=name) for name in ("mini", "original")]
    models = _models(context, [*default, PluginChoice(name="h64", options={"light": "true"})])
    settings["contestants"] = [Contestant.of(model) for model in models]
    with listener_for(False) as listener:
        report = Quality(**settings).run(stages, listener)
    if report:
        click.echo(json.dumps(report.as_dict(), indent=1) if as_json else "\n".join(align_columns(report.rows())))


@command.command("study", cls=GeneratorsCommand)
@click.option("--work", required=True, type=click.Path(path_type=Path), help="Folder of all the work; continued.")
@click.option("--generator", "generators", multiple=True, metavar="NAME", help="With `--generator.OPTION VALUE`.")
@click.option("--model", default="mini", show_default=True, help="What learns to swap.")
@click.option("--minutes", default=10.0, show_default=True, help="Training time of each generator in all.")
@click.option("--swap-minutes", default=5.0, show_default=True, help="Training time of each model in all.")
@click.option("--seconds", default=24.0, show_default=True, help="Length of the footage of each performer.")
@click.option("--count", default=1000, show_default=True, type=click.IntRange(2), help="Pictures of each generator.")
@click.option("--batch-size", default=32, show_default=True, type=click.IntRange(1), help="Faces in a step.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def study(context: click.Context, /, model: str, as_json: bool, **settings: Any) -> None:
    """Train generators on a performer, measure their faces, and train a model on real and on generated ones.

    Writes report.json and report.md into the work folder, and pictures: each generator's grid.png, and the swaps beside
    the truth in swaps/comparison.png. The same command continues.
    """
    from ..bench.study import Study
    from .terminal import listener_for

    settings["generators"] = context.meta["choices"] or [PluginChoice(name="dcgan")]
    for choice in settings["generators"]:
        prepare("generator", choice)
    settings["model"] = PluginChoice(name=model)
    prepare("model", settings["model"])
    with listener_for(False) as listener:
        report = Study(**settings).run(listener)
    click.echo(json.dumps(report.as_dict(), indent=1) if as_json else report.markdown())


def _models(context: click.Context, default: list[PluginChoice]) -> list[PluginChoice]:
    """The models of the command line, each checked; else the default."""
    chosen: list[PluginChoice] = context.meta["choices"] or default
    for choice in chosen:
        prepare("model", choice)
    return chosen


def _tell(figures: Sequence[Figure], as_json: bool, table: str = "", rows: Sequence[Any] = ()) -> None:
    """Prints the figures, after a table where there is one, and ends with exit code 1 when a bound was missed."""
    from ..bench.measure import machine

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
