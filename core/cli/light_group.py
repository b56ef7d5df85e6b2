"""A group of commands that imports only the one that is called, so that start-up and help stay light."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from keyword import iskeyword
from typing import Any

import click

from ..errors import suggest


class LightGroup(click.Group):
    """A group that knows its commands by name; each is the `command` of a module of that name (`import_` of `import`).

    Args:
        commands: Command -> summary, in the order in which people meet them.
        package: Where the modules are.
        settings: As in `click.Group`.
    """

    def __init__(self, *, commands: Mapping[str, str], package: str, **settings: Any) -> None:
        super().__init__(**settings)
        self._summaries = commands
        self._package = package

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands."""
        return list(self._summaries)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports the command."""
        if cmd_name not in self._summaries:
            raise click.UsageError(f"There is no command '{cmd_name}'. {suggest(cmd_name, self._summaries)}", ctx)
        module = f"{cmd_name}_" if iskeyword(cmd_name) else cmd_name
        command: click.Command = import_module(f"{self._package}.{module}").command
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """Completes a command or a flag without importing the commands."""
        from click.shell_completion import CompletionItem

        known = self._summaries.items()
        commands = [CompletionItem(name, help=text) for name, text in known if name.startswith(incomplete)]
        return commands + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the summaries without importing the commands."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self._summaries.items()))
