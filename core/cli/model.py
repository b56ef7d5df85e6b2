"""The commands `faceswap model`: what a model folder holds, its curves, its snapshots, and going back."""

from __future__ import annotations

from pathlib import Path

import click

from .completing import complete_path

_FOLDER = click.Path(path_type=Path)


def _model_dir(function: click.decorators.FC) -> click.decorators.FC:
    return click.argument("model_dir", type=_FOLDER, shell_complete=complete_path)(function)


@click.group()
def command() -> None:
    """Look at the model that `faceswap train` makes, and manage its checkpoints.

    Nothing here trains, and nothing is deleted: `restore` moves what is newer into the folder's `trash`, `snapshot`
    copies a checkpoint to where nothing prunes it.
    """


@command.command()
@_model_dir
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def info(model_dir: Path, as_json: bool) -> None:
    """Tell what MODEL_DIR holds.

    It tells the plugin with its options, how long it was trained, every checkpoint and snapshot with its size and
    whether its files are what was written, the best one, the last losses and the last validation.
    """
    from ..training.model_info import model_info

    told = model_info(model_dir)
    click.echo(told.model_dump_json(indent=1) if as_json else "\n".join(told.lines()))


@command.command()
@_model_dir
@click.argument("step", metavar="STEP|SNAPSHOT")
def restore(model_dir: Path, step: str) -> None:
    """Go back to a checkpoint of MODEL_DIR.

    Training goes on from there. STEP is that of a checkpoint, SNAPSHOT the name of a snapshot; `faceswap model
    info` lists both. Newer checkpoints and previews, and a copy of the history, are moved to `trash/<time>/` in
    MODEL_DIR: move them back to undo it.
    """
    from ...lib.checkpoint_shelf import restore as go_back
    from ...lib.checkpoint_shelf import restore_snapshot
    from ...lib.lock import FolderLock
    from ..training.saved_model import read_record

    read_record(model_dir)
    with FolderLock(model_dir):
        done = go_back(model_dir, int(step)) if step.isdecimal() else restore_snapshot(model_dir, step)
    if done.trash:
        click.echo(f"Moved to {done.trash}: {', '.join(done.moved)}")
    click.echo(f"{model_dir} stands at step {done.step}; `faceswap train` goes on from there.")


@command.command()
@_model_dir
@click.argument("name", required=False)
@click.option("--step", type=int, metavar="N", help="Which checkpoint.  [default: the newest that verifies]")
def snapshot(model_dir: Path, name: str | None, step: int | None) -> None:
    """Keep a copy of a checkpoint of MODEL_DIR.

    It lies in `snapshots/NAME`, where nothing prunes it. Training may go on meanwhile. Without a NAME it is called
    `step-N`. `faceswap model restore MODEL_DIR NAME` brings it back.
    """
    from ...lib.checkpoint import load_latest
    from ...lib.checkpoint_shelf import take_snapshot
    from ..training.saved_model import read_record

    read_record(model_dir)
    chosen = load_latest(model_dir).step if step is None else step
    path = take_snapshot(model_dir, name or f"step-{chosen}", chosen)
    click.echo(f"Step {chosen} is kept as {path}")


@command.command()
@_model_dir
@click.option(
    "--at", metavar="N,N,...", help="Show the losses with the previews nearest to these iterations below them."
)
@click.option("--output", type=_FOLDER, metavar="FILE", help="The PNG to write.  [default: MODEL_DIR/curves.png]")
def plot(model_dir: Path, at: str | None, output: Path | None) -> None:
    """Draw the curves of MODEL_DIR.

    Losses and validations are drawn over iterations and over the time of training; time in which nobody trained is
    left out. With --at 5661,26244,162408 the figure shows the losses alone, and below them what the model made of
    faces at those iterations.
    """
    from ..training.plotting import plot_curves, plot_with_previews
    from ..training.saved_model import read_record

    read_record(model_dir)
    output = output or model_dir / "curves.png"
    if at is None:
        plot_curves(model_dir, output)
    else:
        plot_with_previews(model_dir, output, _steps(at))
    click.echo(output)


def _steps(words: str) -> list[int]:
    """The iterations in `5661,26244`."""
    parts = [word.strip() for word in words.split(",")]
    if not all(part.isascii() and part.isdecimal() for part in parts):
        raise click.BadParameter(f"expected iterations with commas between them, 500,2000. Received: {words}")
    return [int(part) for part in parts]


@command.command()
@_model_dir
@click.option("--output", type=_FOLDER, metavar="FILE", help="The video.  [default: MODEL_DIR/timelapse.mp4]")
@click.option("--fps", type=click.IntRange(1, 120), default=10, show_default=True, help="Previews per second.")
def timelapse(model_dir: Path, output: Path | None, fps: int) -> None:
    """Make a video of the previews of MODEL_DIR.

    It shows how the faces came about; below each preview stands its iteration.
    """
    from ..training.previews import write_timelapse
    from ..training.saved_model import read_record

    read_record(model_dir)
    output = output or model_dir / "timelapse.mp4"
    count = write_timelapse(model_dir, output, fps)
    click.echo(f"{output}: {count} previews")
