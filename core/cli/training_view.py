"""What a terminal shows of a training below its bar: speed, validation, what was saved, and where to look."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from ..events import CheckpointSaved, Preview, Progress, TrainingStarted, TrainingStep, Validated
from .progress_words import validation_in_words


class TrainingView:
    """Takes the events of a run and keeps the lines that they come to; it knows nothing else of the training.

    A training begins with its first event and is over when another stage makes progress: a swap goes on to convert.
    """

    def __init__(self) -> None:
        self._facts: dict[str, str] = {}
        self._stage: str | None = None
        self._training = False

    def takes(self, event: Any) -> bool:
        """Takes an event that is shown here; those that are not are somebody else's to show."""
        if isinstance(event, TrainingStarted):
            self._facts, self._stage, self._training = {}, None, True
        elif isinstance(event, Progress):
            self._stage = self._stage or event.stage
            self._training = self._training and self._stage == event.stage
            return False
        if not self._training:
            return False
        told = _told(event)
        if told:
            self._facts = {**self._facts, **told}
        return bool(told)

    def lines(self, width: int) -> list[Text]:
        """The lines, each cut to the width of the terminal: text at its end, a path at its beginning."""
        return [_line(name, fact, width) for name, fact in self._facts.items()]


def _told(event: Any) -> dict[str, str]:
    """What an event says, by the name of the line that it stands in."""
    if isinstance(event, TrainingStep):
        told = {"speed": f"{event.faces_per_second:.1f} faces/s"} if event.faces_per_second else {}
        return told | ({"skipped": f"{event.skipped} steps"} if event.skipped else {})
    if isinstance(event, Validated):
        return {"validation": validation_in_words(event)}
    if isinstance(event, CheckpointSaved):
        return {"checkpoint": f"after {event.step} iterations"}
    if isinstance(event, Preview):
        return {"preview": event.path}
    return {}


def _line(name: str, fact: str, width: int) -> Text:
    room = max(width - 13, 8)
    if len(fact) > room:
        fact = f"…{fact[1 - room :]}" if name == "preview" else f"{fact[: room - 1]}…"
    return Text(f"{name:<10}  {fact}", style="dim", no_wrap=True, overflow="ellipsis")
