"""The commands `faceswap weights`: list, fetch, place and verify what plugins declare; only `fetch` goes online."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict

import click

from ...lib.publish import output_errors
from ...lib.weights import State, WeightsFile, located, path_of, state, weights_folder
from ..errors import FaceswapError, WeightsError
from ..weights import Declared, chosen, declared
from .completing import complete_weights
from .plugins import align_columns


@click.group()
def command() -> None:
    """List, fetch and verify the weights files that plugins declare.

    Nothing is fetched without `faceswap weights fetch`. A file that you have already goes where `faceswap weights path`
    says. FACESWAP_WEIGHTS names another folder for all of them.
    """


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_all(as_json: bool) -> None:
    """List all declared weights, with their terms and whether they are there."""
    everything = declared(complain=lambda fault: click.echo(f"Warning: {fault}", err=True))
    if as_json:
        click.echo(json.dumps([_as_dict(each) for each in everything], indent=1))
        return
    header = ("FILE", "STATE", "SIZE", "COMMERCIAL", "USED BY", "LICENCE")
    click.echo("\n".join(align_columns([header, *map(_row, everything)])))


@command.command()
@click.argument("words", nargs=-1, metavar="[KIND NAME | FILE]", shell_complete=complete_weights)
@click.option("--all", "everything", is_flag=True, help="Fetch all that are missing.")
def fetch(words: tuple[str, ...], everything: bool) -> None:
    """Fetch the weights of a plugin, or one file, from where the plugin says.

    A download that was cut continues. What is there and verifies is not fetched again.
    """
    if everything == bool(words):
        raise FaceswapError("Name a plugin (KIND NAME) or a FILE, or give --all. `faceswap weights list` shows them.")
    files = [each.file for each in chosen(words)]
    fetchable = [file for file in files if file.url]
    if words and not fetchable:
        raise FaceswapError(f"Nothing to fetch: {'; '.join(map(_why_not, files)) or 'no weights are declared'}.")
    for file in fetchable:
        _fetch(file)


@command.command()
@click.argument("words", nargs=-1, metavar="[KIND NAME | FILE]", shell_complete=complete_weights)
def path(words: tuple[str, ...]) -> None:
    """Print where weights lie or belong, and make that folder; without a name, the folder of all."""
    if not words:
        click.echo(weights_folder())
        return
    for each in chosen(words):
        place = path_of(each.file)
        if place is None:
            raise FaceswapError(f"{_why_not(each.file)}.")
        if each.file.kept:
            with output_errors(place.parent):
                place.parent.mkdir(parents=True, exist_ok=True)
        click.echo(place)


@command.command()
@click.argument("words", nargs=-1, metavar="[KIND NAME | FILE]", shell_complete=complete_weights)
@click.pass_context
def verify(context: click.Context, words: tuple[str, ...]) -> None:
    """Read weights files and compare them with their hashes.

    Without a name: all that are there. Exit code 1 when one is wrong, or one that was named is missing.
    """
    bad = (State.WRONG, State.MISSING) if words else (State.WRONG,)
    found = [_tell_verified(each.file) for each in chosen(words)]
    context.exit(1 if any(answer in bad for answer in found) else 0)


def _tell_verified(file: WeightsFile) -> str:
    """Reads a file and says what came of it."""
    found, message = _verified(file)
    click.echo(f"{file.name}: {found}{message and f': {message}'}")
    return found


def _verified(file: WeightsFile) -> tuple[str, str]:
    if not file.sha256:
        return state(file), "no sha256 is declared"
    try:
        located(file, afresh=True)
    except WeightsError as error:
        return (State.MISSING if state(file) == State.MISSING else State.WRONG), str(error)
    return "verified", ""


def _fetch(file: WeightsFile) -> None:
    from ...lib import download

    with suppress(WeightsError):
        click.echo(f"{file.name} is there already: {located(file)}")
        return
    click.echo(f"{file.name}: {file.licence}; commercial use {'' if file.commercial else 'not '}allowed", err=True)
    with _progress(file) as report:
        place = download.fetch(file, report)
    click.echo(f"{file.name} is verified: {place}")


@contextmanager
def _progress(file: WeightsFile) -> Iterator[Callable[[int, int], object]]:
    """Shows a bar in a terminal, and nothing where the output goes to a program."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn()
    with Progress(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal) as bars:
        task = bars.add_task(file.name, total=file.size)
        yield lambda done, total: bars.update(task, completed=done, total=total)


def _as_dict(each: Declared) -> dict[str, object]:
    place = path_of(each.file)
    told = {"state": state(each.file), "path": str(place) if place else None, "plugins": each.plugins}
    return {**asdict(each.file), **told}


def _why_not(file: WeightsFile) -> str:
    """Why a file is not fetched."""
    if file.kept:
        return f"'{file.name}' are put in place by hand; they come from {file.source or 'their author'}"
    return f"'{file.name}' come with the plugin's package"


def _row(each: Declared) -> tuple[str, ...]:
    """A file as the table shows it."""
    file, users = each.file, ", ".join(each.plugins).replace("'", "")
    size = "-" if file.size is None else f"{file.size / 1e6:.1f} MB"
    return file.name, state(file), size, "yes" if file.commercial else "no", users, file.licence
