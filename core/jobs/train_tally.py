"""Counts the steps of a training: their losses, which are told now and then, their time, those that were skipped."""

from __future__ import annotations

import math
import time
from typing import Any

from .. import events
from ..training.engine import Engine
from .context import JobContext

_TELL_STEPS = 10
_TELL_SECONDS = 1.0


class StepTally:
    """Does steps and tells of them.

    Args:
        context: Is told.
        engine: Does the steps.
        faces: How many faces of all people a step takes.

    Attributes:
        losses: The mean of each loss over the steps that were told last.
        busy: Seconds that the steps have taken that were told.
        skipped: How many steps changed nothing, those of earlier runs included, as far as they were told.
        skipped_in_a_row: The same of the last steps, without one between them that changed something.
    """

    def __init__(self, context: JobContext, engine: Engine, faces: int) -> None:
        self._context, self._engine, self._faces = context, engine, faces
        self._pending: list[dict[str, Any]] = []
        self._untold = 0.0
        self._told = time.monotonic()
        self.losses: dict[str, float] = {}
        self.busy = 0.0
        self.skipped = self.skipped_in_a_row = 0

    def advance(self, tell: bool) -> None:
        """Does one step; tells of it and those before it when asked or when it is time, which waits for the device.

        Args:
            tell: Whether it has to be told.
        """
        began = time.monotonic()
        self._pending.append(self._engine.advance())
        due = tell or self._engine.step % _TELL_STEPS == 0 or began - self._told > _TELL_SECONDS
        if due:
            self._wait()
        self._untold += time.monotonic() - began
        if due:
            self.tell()

    def tell(self) -> None:
        """Tells the mean losses since the last time; losses that are not finite, of skipped steps, are left out."""
        if not self._pending:
            return
        self._wait()
        steps, self._pending, self._told = self._pending, [], time.monotonic()
        names = {name for losses in steps for name in losses}
        finite = {
            name: [value for losses in steps if math.isfinite(value := losses.get(name, math.nan))] for name in names
        }
        self.losses = {name: sum(values) / len(values) for name, values in sorted(finite.items()) if values}
        self.skipped_in_a_row, self.skipped = self._engine.skipped()
        rate = len(steps) * self._faces / self._untold if self._untold else None
        self.busy, self._untold = self.busy + self._untold, 0.0
        self._context.tell(
            events.TrainingStep,
            step=self._engine.step,
            steps=len(steps),
            losses=self.losses,
            faces_per_second=rate and round(rate, 2),
            skipped=self.skipped,
        )

    def forgive(self) -> None:
        """Begins to count skipped steps in a row anew."""
        self.skipped_in_a_row = 0

    def _wait(self) -> None:
        """Waits until the device has computed the losses."""
        self._pending = [{name: float(loss) for name, loss in losses.items()} for losses in self._pending]
