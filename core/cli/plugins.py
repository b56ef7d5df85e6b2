"""The commands `faceswap plugins`: list, explain and check plugins, and begin new ones."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from ..listing import Listed, describe
from ..names import CONTRACT_VERSION, KINDS
from ..registry import Found, discover, find, known_kind
from .completing import complete_kinds, complete_names
from .plugin_new import new


def _list_flags(function: Callable[..., None]) -> Callable[..., None]:
    """The flags of the list, which stands with and without its name."""
    kinds = f"Only this kind: {', '.join(KINDS)}."
    function = click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)
    return click.option("--kind", metavar="KIND", help=kinds, shell_complete=complete_kinds)(function)


@click.group(invoke_without_command=True)
@_list_flags
@click.pass_context
def command(context: click.Context, kind: str | None, as_json: bool) -> None:
    """List the installed plugins; nothing of them is imported.

    Plugins of other packages appear here as soon as their package is installed with pip.
    """
    if context.invoked_subcommand is None:
        _list(kind, as_json)


def _list(kind: str | None, as_json: bool) -> None:
    listed = [describe(found) for found in discover(kind)]
    click.echo(json.dumps([plugin.as_dict() for plugin in listed], indent=1) if as_json else _table(listed))


@command.command("list")
@_list_flags
@click.pass_context
def list_all(context: click.Context, kind: str | None, as_json: bool) -> None:
    """List the installed plugins, as `faceswap plugins` does."""
    before = context.parent.params if context.parent else {}
    _list(kind or before.get("kind"), as_json or bool(before.get("as_json")))


def _table(listed: list[Listed]) -> str:
    header = ("KIND", "NAME", "PACKAGE", "VERSION", "WEIGHTS", "SUMMARY")
    rows = [
        (
            plugin.kind,
            plugin.name,
            plugin.package,
            plugin.version,
            plugin.weights_terms or "-",
            plugin.summary,
        )
        for plugin in listed
    ]
    return "\n".join(align_columns([header, *rows]))


def align_columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Lays rows in columns; in a terminal the last one is cut at its edge."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    edge = shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize
    lines = []
    for row in rows:
        start = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        lines.append(f"{start}  {row[-1]}"[: max(edge, len(start))].rstrip())
    return lines


@command.command()
@click.argument("kind", shell_complete=complete_kinds)
@click.argument("name", shell_complete=complete_names)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with the options' schema.")
def info(kind: str, name: str, as_json: bool) -> None:
    """Explain one plugin: its options, its contract, the licence of its weights."""
    from ..host import PluginChoice, prepare

    found = find(known_kind(kind), name)
    plugin = prepare(kind, PluginChoice(name=name)).plugin
    described = describe(found)
    if as_json:
        schema = plugin.Options.model_json_schema()
        click.echo(json.dumps({**described.as_dict(), "contract": CONTRACT_VERSION, "options": schema}, indent=1))
        return
    click.echo("\n".join([*_headline(found, described), *_options(kind, name, plugin), *_contract(plugin)]))


def _headline(found: Found, described: Listed) -> list[str]:
    weights = [
        f"weights: {part.get('name', '?')}: {part.get('licence', 'unknown licence')}; commercial use "
        f"{'allowed' if part.get('commercial') else 'not allowed'}; {part['state']}"
        for part in described.weights
    ]
    return [f"{found.label} from {found.origin} ({found.module})", described.summary, *weights]


def _options(kind: str, name: str, plugin: Any) -> list[str]:
    from ..options import describe_options

    prefix = f"--{kind}.{name}" if KINDS[kind].several else f"--{kind}"
    rows = [
        (f"  {prefix}.{option.name.replace('_', '-')}", option.type, option.default, option.description)
        for option in describe_options(plugin.Options)
    ]
    header = ("  OPTION", "TYPE", "DEFAULT", "MEANING")
    return ["", "options:", *align_columns([header, *rows])] if rows else ["", "options: none"]


def _contract(plugin: Any) -> list[str]:
    """What the plugin declares: the class attributes of its kind, and its methods' signatures."""
    from ..checking import contract_methods, declared_attributes

    lines = [f"  {name} = {value}" for name, value in declared_attributes(plugin).items()]
    lines += [f"  {signature}" for signature in contract_methods(plugin)]
    return ["", f"contract {CONTRACT_VERSION}:", *lines]


@command.command()
@click.argument("kind", shell_complete=complete_kinds)
@click.argument("name", shell_complete=complete_names)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with all figures.")
@click.option("--option", "options", multiple=True, metavar="NAME=VALUE", help="An option of it (repeatable).")
@click.option("--expect", multiple=True, metavar="CHECK=REASON", help="A check that is known to fail (repeatable).")
@click.option(
    "--expect-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A text file of such lines, CHECK=REASON.",
)
@click.option("--costs/--no-costs", default=True, help="Measure import, load, memory and seconds per item too.")
@click.pass_context
def check(
    context: click.Context,
    kind: str,
    name: str,
    as_json: bool,
    options: tuple[str, ...],
    expect: tuple[str, ...],
    expect_file: Path | None,
    costs: bool,
) -> None:
    """Run the conformance suite on one plugin and measure what it costs, in processes of its own.

    A plugin that uses Keras is checked on each Keras backend that is installed, unless it declares the one it needs.
    Costs are figures, which neither pass nor fail. Options are the defaults where --option says nothing else.

    Exit code 0 when no check fails, 1 when one does, 2 when the plugin cannot be loaded.
    """
    from ..testing.report import make_report
    from .check_report import in_words, progress, read_expected, read_options

    expected = read_expected(expect, expect_file)
    with progress() as notice:
        report = make_report(
            known_kind(kind),
            name,
            options=read_options(options),
            expected_failures=expected,
            costs=costs,
            notice=notice,
        )
    click.echo(json.dumps(report.as_dict(), indent=1) if as_json else in_words(report))
    context.exit(0 if report.passed else 1)


command.add_command(new)
