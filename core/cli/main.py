"""The door of the command line: finds the command, keeps start-up light, and turns errors into one line."""

from __future__ import annotations

import os
import sys

import click

from ..deprecation import show_in_one_line
from ..errors import Cancelled, FaceswapError
from ..registry import NO_PLUGINS, own_version
from .light_group import LightGroup

COMMANDS = {
    "demo": "Show a whole swap with nothing else needed: rendered footage in, video and report out.",
    "swap": "Put the face of one video on another: extract, train and convert in one go.",
    "extract": "Take the faces out of videos, images and folders of both.",
    "faceset": "Look at extracted faces, and choose among them.",
    "train": "Train a model on the facesets of two people, or a generator on one.",
    "generate": "Make faces with a trained generator: a faceset, grids and videos.",
    "preview": "Show frames with several blender chains side by side, to choose by looking.",
    "convert": "Put the trained face on footage.",
    "frames": "Write the frames of a video as images, and when each is shown.",
    "assemble": "Make a video of images, with the times and the sound of another.",
    "verify": "Tell what an image or a video is, from what it was made, and whether it is intact.",
    "consent": "Record who agreed to a swap.",
    "evaluate": "Measure generated faces and swaps: whom they show, how near they come, how steady they are.",
    "model": "Look at a trained model: checkpoints, curves, snapshots, going back.",
    "clean": "Move what runs have left in a folder to the trash: parts, caches, files of killed processes.",
    "plugins": "List, explain, check and begin plugins.",
    "weights": "List, fetch and verify the weights that plugins declare.",
    "bench": "Measure the costs against the bare libraries.",
    "completion": "Print the script by which a shell completes commands, plugins and options.",
}
"""Command -> summary. A command is imported only when it is called."""

EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130


def _print_version(ctx: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(f"faceswap {own_version()}")
        ctx.exit()


@click.group(
    cls=LightGroup,
    commands=COMMANDS,
    package=__package__,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.option("--no-plugins", is_flag=True, help=f"Use built-in plugins only (also: {NO_PLUGINS}=1).")
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version.",
)
def cli(debug: bool, no_plugins: bool) -> None:
    """Swap faces in footage with interchangeable plugins.

    Begin with `faceswap demo`. `faceswap COMMAND --help` explains each command and the options of its plugins;
    `faceswap plugins` lists what is installed.
    """


def main(arguments: list[str] | None = None) -> None:
    """Runs the command line and exits with its code: 0 done, 2 bad input, 130 interrupted, 1 a fault of the program."""
    words = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in words
    if "--no-plugins" in words:
        os.environ[NO_PLUGINS] = "1"
    words = [word for word in words if word not in ("--debug", "--no-plugins")]
    if "_FACESWAP_COMPLETE" in os.environ:  # A shell asks, see completing.py; others need not import it.
        from .completing import answer_shells

        answer_shells()
    show_in_one_line()
    try:
        code = cli.main(words, prog_name="faceswap", standalone_mode=False)
    except (Exception, KeyboardInterrupt) as error:
        if debug:
            raise
        sys.exit(_tell(error))
    sys.exit(code if isinstance(code, int) else 0)


def _tell(error: BaseException) -> int:
    """Prints an error in one line and returns the exit code."""
    if isinstance(error, click.ClickException):
        error.show()
        return error.exit_code
    if isinstance(error, (Cancelled, KeyboardInterrupt, click.Abort)):
        click.echo(str(error) or "Interrupted.", err=True)
        return EXIT_INTERRUPTED
    if isinstance(error, FaceswapError):
        click.echo(f"Error: {error}", err=True)
        return EXIT_BAD_INPUT
    if isinstance(error, BrokenPipeError):
        return 1
    kind = type(error).__name__
    click.echo(f"Internal error: {kind}: {error}. Run again with --debug to see where.", err=True)
    return 1
