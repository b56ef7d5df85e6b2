"""What several commands of `faceswap faceset` take."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from ..completing import complete_path


def faceset_argument(function: click.decorators.FC) -> click.decorators.FC:
    """FACESET: the faceset that a command is about."""
    kind = click.Path(path_type=Path)
    return click.argument("faceset", metavar="FACESET", type=kind, shell_complete=complete_path)(function)


def json_option(function: click.decorators.FC) -> click.decorators.FC:
    """`--json`: the same for programs."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)


def faces_argument(*, required: bool) -> Callable[[click.decorators.FC], click.decorators.FC]:
    """FACE...: faces by name, to be read with `face_names`."""
    return click.argument("faces", metavar="FACE..." if required else "[FACE...]", nargs=-1, required=required)


def face_names(words: Iterable[str]) -> list[str]:
    """The names of faces out of names, paths of their images, and -, which stands for words on standard input."""
    given = [line for word in words for line in (sys.stdin.read().split() if word == "-" else [word])]
    return [Path(word).stem if word.endswith(".jpg") else word for word in given]


def count_faces(count: int) -> str:
    """The number in words that fit it."""
    return "1 face" if count == 1 else f"{count} faces"


@contextmanager
def progress_bar(label: str) -> Iterator[Callable[[int, int], None]]:
    """Yields what to tell how much is done, and of how much; drawn in a terminal only."""
    with click.progressbar(length=1, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:

        def tell(done: int, total: int) -> None:
            bar.length = total
            bar.update(done - bar.pos)

        yield tell


def out_option(function: click.decorators.FC) -> click.decorators.FC:
    """`--out`: a folder for people to look through."""
    kind = click.Path(path_type=Path)
    text = "Make this folder of numbered links to the pictures."
    return click.option("--out", type=kind, metavar="FOLDER", shell_complete=complete_path, help=text)(function)


def copy_option(function: click.decorators.FC) -> click.decorators.FC:
    """`--copy`: pictures instead of links to them."""
    text = "Copies instead of links, for a folder that goes elsewhere."
    return click.option("--copy", is_flag=True, help=text)(function)
