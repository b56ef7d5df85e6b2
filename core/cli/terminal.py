"""How a job's events are told in a terminal: a bar per stage with rate and time left, or JSON lines for programs."""

from __future__ import annotations

from typing import Any, Self

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from .. import events
from ..events import Failed, Finished, Preview, Warned


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
    """Shows progress bars, warnings and the places of pictures, and at the end the report."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]}"),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(elapsed_when_finished=True),
            TextColumn("{task.fields[figures]}"),
            console=self._console,
        )
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._stop()

    def __call__(self, event: Any) -> None:
        """Shows one event."""
        if isinstance(event, events.Progress):
            self._show_progress(event)
        elif isinstance(event, Warned):
            self._console.print(f"Warning: {event.message}", style="yellow", markup=False)
        elif isinstance(event, Preview):
            self._console.print(f"{event.title}: {event.path}", style="dim", markup=False)
        elif isinstance(event, (Finished, Failed)):
            self._stop()

    def _stop(self) -> None:
        if self._tasks:  # Bars that were never shown would end with an empty line.
            self._bars.stop()

    def _show_progress(self, event: events.Progress) -> None:
        if event.stage not in self._tasks:
            self._bars.start()
            self._tasks[event.stage] = self._bars.add_task(
                event.stage, total=event.total, unit=event.unit, rate="", figures=""
            )
        rate = f"{event.rate:.1f}/s" if event.rate else ""
        figures = "  ".join(f"{name} {value:.4f}" for name, value in event.figures.items())
        self._bars.update(self._tasks[event.stage], completed=event.done, total=event.total, rate=rate, figures=figures)
