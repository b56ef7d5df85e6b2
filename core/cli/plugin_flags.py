"""The flags by which a plugin's options are given, `--detector.upsample`: in help texts and behind the TAB key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import click
from click.shell_completion import CompletionItem

from ..errors import FaceswapError
from ..host import PluginChoice, prepare
from ..names import KINDS
from ..options import OptionInfo, describe_options

Flags = list[tuple[str, OptionInfo]]


def option_flags(kind: str, choice: PluginChoice) -> Flags:
    """The flags of a plugin, each with its option; imports the plugin's module.

    Args:
        kind: The plugin's kind.
        choice: The plugin; options that are given here show as defaults.

    Raises:
        PluginError: The plugin is unknown, ambiguous or broken.
    """
    prefix = f"--{kind}.{_name(choice)}" if KINDS[kind].several else f"--{kind}"
    options = describe_options(prepare(kind, choice).plugin.Options, choice.options)
    return [(f"{prefix}.{option.name.replace('_', '-')}", option) for option in options]


def _name(choice: PluginChoice) -> str:
    return choice.name.partition("@")[0]


def format_plugin(formatter: click.HelpFormatter, kind: str, choice: PluginChoice) -> None:
    """Writes the section of a help text that explains a plugin's flags, or why there are none."""
    name = _name(choice)
    try:
        rows = [
            (flag, f"{option.description}  [{option.type}, default: {option.default}]")
            for flag, option in option_flags(kind, choice)
        ]
    except FaceswapError as error:
        rows = [(f"--{kind} {name}", str(error))]
    if rows:
        with formatter.section(f"Options of {kind} {name}"):
            formatter.write_dl(rows)


def complete_flags(kind: str, choices: Iterable[PluginChoice], incomplete: str) -> list[CompletionItem[str]]:
    """Completes the flags of the chosen plugins of a kind."""
    flags = {flag: option.description for flag, option in _loadable(kind, choices) if flag.startswith(incomplete)}
    return [CompletionItem(flag, help=text or None) for flag, text in flags.items()]


def value_flags(kind: str, choices: Iterable[PluginChoice]) -> list[click.Parameter]:
    """The same flags as click's options, which know the values that they take."""
    return [
        click.Option(
            [flag, f"option_{number}"],
            is_flag=option.is_flag,
            type=click.Choice(option.choices) if option.choices else None,
        )
        for number, (flag, option) in enumerate(_loadable(kind, choices))
    ]


def _loadable(kind: str, choices: Iterable[PluginChoice]) -> Iterator[tuple[str, OptionInfo]]:
    """The flags of the plugins that can be imported; of a broken one the run will tell."""
    for choice in choices:
        try:
            yield from option_flags(kind, choice)
        except FaceswapError:
            continue
