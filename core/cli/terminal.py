"""How a job's events are told: bars in a terminal, lines where the error stream is none, JSON lines for programs."""

from __future__ import annotations

from typing import Any, Self

import click
from rich.console import Console

from ..events import Failed, Finished, Noted, Preview, Progress, Warned
from .progress_bars import FittedBars
from .progress_lines import LineListener
from .training_view import TrainingView


class JsonListener:
    """Writes each event as one line of JSON."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def __call__(self, event: Any) -> None:
        """Writes one event."""
        click.echo(event.model_dump_json())


class TerminalListener:
    """Shows progress bars, what there is to know of a training, warnings and the places of pictures.

    Args:
        console: The terminal.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._training = TrainingView()
        self._bars = FittedBars(console, self._training)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._stop()

    def __call__(self, event: Any) -> None:
        """Shows one event."""
        if self._training.takes(event):
            return
        if isinstance(event, Progress):
            self._bars.show(event)
        elif isinstance(event, Warned):
            self._console.print(f"Warning: {event.message}", style="yellow", markup=False)
        elif isinstance(event, Noted):
            self._console.print(event.message, markup=False)
        elif isinstance(event, Preview):
            self._console.print(f"{event.title}: {event.path}", style="dim", markup=False)
        elif isinstance(event, (Finished, Failed)):
            self._stop()

    def _stop(self) -> None:
        if self._bars.tasks:  # Bars that were never shown would end with an empty line.
            self._bars.stop()


def listener_for(as_json: bool) -> JsonListener | TerminalListener | LineListener:
    """What tells a job's events.

    Args:
        as_json: Whether a program reads them; otherwise the error stream decides between bars and lines.
    """
    if as_json:
        return JsonListener()
    console = Console(stderr=True, highlight=False)
    return TerminalListener(console) if console.is_terminal and not console.is_dumb_terminal else LineListener()
