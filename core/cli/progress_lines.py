"""Progress where nobody watches a bar, in a log or a pipe: plain lines at a stage's begin, now and then, at its end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Self

import click

from ..events import Failed, Finished, Noted, Preview, Progress, Validated, Warned
from .progress_words import in_words, validation_in_words

INTERVAL = 30.0
"""Seconds from line to line while a stage goes on."""


class LineListener:
    """Writes plain lines to the error stream, without control characters.

    Args:
        clock: Tells seconds, from whatever beginning.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._heard: Progress | None = None
        self._told: Progress | None = None
        self._told_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._end_stage()

    def __call__(self, event: Any) -> None:
        """Tells one event, if it is time."""
        if isinstance(event, Progress):
            self._hear(event)
        elif isinstance(event, Warned):
            _write(f"Warning: {event.message}")
        elif isinstance(event, Noted):
            _write(event.message)
        elif isinstance(event, Preview):
            _write(f"{event.title}: {event.path}")
        elif isinstance(event, Validated):
            _write(f"validation {validation_in_words(event)}")
        elif isinstance(event, (Finished, Failed)):
            self._end_stage()

    def _hear(self, event: Progress) -> None:
        heard, told = self._heard, self._told
        if heard is None or told is None or event.stage != heard.stage or event.done < heard.done:
            self._end_stage()
            self._tell(event)
        elif event.done != told.done and (event.done == event.total or self._clock() - self._told_at >= INTERVAL):
            self._tell(event)
        self._heard = event

    def _tell(self, event: Progress) -> None:
        self._told, self._told_at = event, self._clock()
        _write(in_words(event))

    def _end_stage(self) -> None:
        """Tells where a stage has ended that has not come to its total, or has none."""
        if self._heard and self._told and self._heard.done != self._told.done:
            self._tell(self._heard)
        self._heard = None


def _write(line: str) -> None:
    click.echo("".join(letter if letter.isprintable() else " " for letter in line), err=True)
