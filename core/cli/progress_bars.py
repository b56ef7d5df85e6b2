"""Progress bars that fit the terminal: where it is narrow, the bar goes first, then figures, and never the count."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, Task, TextColumn, TimeRemainingColumn
from rich.table import Column, Table
from rich.text import Text

from .. import events
from .progress_words import figures_in_words, rate_in_words
from .training_view import TrainingView

_WIDEST_BAR, _NARROWEST_BAR = 40, 10
_SEPARATOR = "  "


class FittedBars(Progress):
    """A line per stage: name, bar, count and total, rate, time left, figures.

    Args:
        console: Where they are drawn; its width is asked each time.
        below: Lines that stand below the bars.
    """

    def __init__(self, console: Console, below: TrainingView) -> None:
        self._terminal, self._below = console, below  # First: the base class draws while it is being made.
        super().__init__(console=console)
        self._lasting = (
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]}", markup=False),
            TextColumn("{task.fields[rate]}", markup=False),
            TimeRemainingColumn(elapsed_when_finished=True),
        )

    def show(self, event: events.Progress) -> None:
        """Shows where a stage stands; draws nothing before the first."""
        told: dict[str, Any] = {"unit": event.unit, "rate": rate_in_words(event), "figures": figures_in_words(event)}
        known = {task.description: task.id for task in self.tasks}
        if event.stage not in known:
            self.start()
            known[event.stage] = self.add_task(event.stage, total=event.total, **told)
        self.update(known[event.stage], completed=event.done, total=event.total, **told)

    def get_renderables(self) -> Iterable[RenderableType]:
        """The bars and what stands below them."""
        yield self.make_tasks_table(self.tasks)
        yield from self._below.lines(self._terminal.width)

    def make_tasks_table(self, tasks: Iterable[Task]) -> Table:
        """Lays the lines out in the room that there is."""
        shown = [task for task in tasks if task.visible]
        if not shown:  # Also while the base class is being made.
            return Table.grid()
        names = [Text(task.description, no_wrap=True, overflow="ellipsis") for task in shown]
        lasting = [[column(task) for column in self._lasting] for task in shown]
        room = self.console.width - sum(self._width(column) + 1 for column in (names, *zip(*lasting, strict=True)))
        figures = [_fitting(task.fields["figures"], room) for task in shown]

        # What was left out for want of room must not make room for a bar.
        all_figures = max(len(_SEPARATOR.join(task.fields["figures"])) for task in shown)
        bar_width = min(_WIDEST_BAR, room - all_figures - 1)
        bars = [BarColumn(bar_width)] if bar_width >= _NARROWEST_BAR else []

        # Only the name may shrink, should even the rest be too wide.
        table = Table.grid(Column(), *(Column(no_wrap=True) for _ in (*bars, *self._lasting)), padding=(0, 1))
        if any(figures):
            table.add_column(no_wrap=True)
        for task, name, cells, words in zip(shown, names, lasting, figures, strict=True):
            table.add_row(name, *(bar(task) for bar in bars), *cells, *([words] if any(figures) else []))
        return table

    def _width(self, cells: Iterable[RenderableType]) -> int:
        return max(self.console.measure(cell).maximum for cell in cells)


def _fitting(figures: list[str], room: int) -> str:
    """As many of the figures as there is room for."""
    while figures and len(_SEPARATOR.join(figures)) > room:
        figures = figures[:-1]
    return _SEPARATOR.join(figures)
