"""What the TAB key is answered, in bash, zsh and fish; completing names imports no plugin and nothing heavy."""

from __future__ import annotations

import io
import os
from collections import Counter
from contextlib import redirect_stdout
from typing import Any, TypeAlias

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
)

from ..listing import describe
from ..names import KINDS
from ..registry import NO_PLUGINS, discover
from ..weights import declared

COMPLETE_VARIABLE = "_FACESWAP_COMPLETE"
"""The environment variable by which a shell's script asks; click derives it from the program's name."""

Items: TypeAlias = "list[CompletionItem[Any]]"


def complete_kinds(context: click.Context, parameter: click.Parameter, incomplete: str) -> Items:
    """Completes a plugin kind."""
    return [CompletionItem(kind) for kind in KINDS if kind.startswith(incomplete)]


def complete_names(context: click.Context, parameter: click.Parameter, incomplete: str) -> Items:
    """Completes the name of a plugin whose kind is the argument `kind`."""
    return plugin_names(context.params.get("kind") or "", incomplete)


def complete_weights(context: click.Context, parameter: click.Parameter, incomplete: str) -> Items:
    """Completes whose weights are meant: `KIND NAME`, or the name of a file."""
    words = context.params.get("words") or ()
    if words:
        return plugin_names(words[0], incomplete) if len(words) == 1 else []
    names = dict.fromkeys(each.file.name for each in declared())
    # A shell would put the pieces of a name with spaces into the line as words of their own.
    known = [*KINDS, *(name for name in names if " " not in name)]
    return [CompletionItem(word) for word in known if word.startswith(incomplete)]


def complete_path(context: click.Context, parameter: click.Parameter, incomplete: str) -> Items:
    """Leaves a path to the shell."""
    return [CompletionItem(incomplete, type="file")]


def plugin_names(kind: str, incomplete: str) -> Items:
    """Completes the name of a plugin.

    Args:
        kind: Its kind; a word that is none has no plugins.
        incomplete: What the user has written of it.

    Returns:
        The names, as `name@package` where two packages offer one or where the user has begun to write so.
    """
    found = discover(kind) if kind in KINDS else []
    offers = Counter(plugin.name for plugin in found)
    items = []
    for plugin in found:
        full = "@" in incomplete or offers[plugin.name] > 1
        word = f"{plugin.name}@{plugin.package}" if full else plugin.name
        if word.startswith(incomplete):
            items.append(CompletionItem(word, help=describe(plugin).summary or None))
    return items


class _PluginComplete(ShellComplete):
    """Answers flags of plugin kinds before click imports the command, and is silent about all errors."""

    def get_completions(self, args: list[str], incomplete: str) -> Items:
        """Completes the last word of a command line.

        Args:
            args: The words before it.
            incomplete: What the user has written of it.
        """
        if "--no-plugins" in args:
            os.environ[NO_PLUGINS] = "1"
        flag, equals, value = incomplete.partition("=")
        joined = bool(equals) and flag.startswith("--")
        try:
            with redirect_stdout(io.StringIO()):  # A plugin that prints must not speak to the shell.
                return self._after_equals(args, flag, value) if joined else self._items(args, incomplete)
        except (Exception, SystemExit):
            return []  # Who presses TAB is not helped by an error in the middle of the line.

    def _after_equals(self, args: list[str], flag: str, value: str) -> Items:
        """Completes `--flag=value`; shells replace the whole word, so the flag is part of the answers."""
        items = self._items([*args, flag], value)
        return [
            item if item.type != "plain" else CompletionItem(f"{flag}={item.value}", help=item.help) for item in items
        ]

    def _items(self, args: list[str], incomplete: str) -> Items:
        # Every command names such flags alike, so that no command has to be imported to know them.
        kind = args[-1].removeprefix("--") if args and args[-1].startswith("--") else ""
        if kind in KINDS:
            return plugin_names(kind, incomplete)
        words = [word for word in args if word not in ("--debug", "--no-plugins")]
        return super().get_completions(words, incomplete)


class _Bash(_PluginComplete, BashComplete):
    """Bash breaks words at `=` and `@`, and replaces what stands from the last `@`, or behind the last `=`."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Puts the pieces of words together again."""
        args, incomplete = super().get_completion_args()
        *words, last = _rejoined([*args, incomplete])
        self._before = max(last.rfind("=") + 1, last.rfind("@"), 0)
        return words, last

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """Leaves out what stands before the last piece."""
        return f"{item.type},{item.value[self._before :]}"


class _Zsh(_PluginComplete, ZshComplete):
    """Zsh gives and takes whole words."""


class _Fish(_PluginComplete, FishComplete):
    """So does fish."""


def _rejoined(pieces: list[str]) -> list[str]:
    words: list[str] = []
    for piece in pieces:
        if words and (piece in ("=", "@") or words[-1].endswith(("=", "@"))):
            words[-1] += piece
        else:
            words.append(piece)
    return words


SHELLS: dict[str, type[ShellComplete]] = {shell.name: shell for shell in (_Bash, _Zsh, _Fish)}
"""The shells whose lines can be completed."""


def answer_shells() -> None:
    """Lets click answer the shells through the classes above."""
    for shell in SHELLS.values():
        add_completion_class(shell)
