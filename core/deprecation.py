"""How one learns that a hook goes away: the plugin still works, and one line names it and what to use instead.

A hook that goes away is declared with `@hookspec(warn_on_impl=going_away(...))` until the contract rises again; public
names go the same way through `_RENAMED` in the package's `__init__.py`. The rule stands in
docs/plugins/publishing.md, "Versions".
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from .names import CONTRACT_VERSION


class PluginDeprecation(FutureWarning):
    """A plugin uses what the next contract version does not have; a FutureWarning, since users should see it."""


def going_away(hook: str, instead: str) -> DeprecationWarning:
    """What a hook specification says when a plugin implements it.

    Args:
        hook: The hook's name.
        instead: What the author should use.
    """
    return DeprecationWarning(
        f"the hook `{hook}` goes away with contract {CONTRACT_VERSION + 1}: use {instead} instead"
    )


@contextmanager
def told_for(plugin: str) -> Iterator[None]:
    """Turns pluggy's warnings about a plugin that is registered inside into one line each, once per process.

    Args:
        plugin: The plugin and where it comes from, as the line names it.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", DeprecationWarning)
        yield
    for each in caught:
        _tell(f"{plugin}: {each.message}")


@cache
def _tell(line: str) -> None:
    warnings.warn(line, PluginDeprecation, stacklevel=2)


def show_in_one_line() -> None:
    """Has warnings about plugins shown as a line for users, without the place in the code."""
    general = warnings.formatwarning

    def format_warning(
        message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
    ) -> str:
        if issubclass(category, PluginDeprecation):
            return f"Warning: {message}\n"
        return general(message, category, filename, lineno, line)

    warnings.formatwarning = format_warning
