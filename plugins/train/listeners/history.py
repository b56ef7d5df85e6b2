"""Keeps the history of a training run in its model folder: JSON lines and TensorBoard events.

What it has told of a step is on its way to the disk before the step's checkpoint is, so that a run that was killed and
continued has told each step once.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ....core.hookspecs import hookimpl
from ....core.kinds import Listener

if TYPE_CHECKING:
    from ....lib.history import History

FACESWAP_CONTRACT = 1


class HistoryListener(Listener):
    """Writes `history.jsonl` and `tensorboard/` while a model is trained; other runs leave nothing."""

    _history: History | None = None

    @hookimpl
    def faceswap_training_started(self, model_dir: str, step: int, time: float) -> None:
        """Opens the history and cuts off what an earlier run told of steps that are done again."""
        from ....lib.history import History

        self._history = History(Path(model_dir), step)
        self._history.begin(step, time)

    @hookimpl
    def faceswap_training_step(self, step: int, losses: dict[str, float], time: float) -> None:
        """Adds a line and an event."""
        if self._history:
            self._history.add(step, losses, time)

    @hookimpl
    def faceswap_validated(self, step: int, figures: dict[str, float], score: float | None, time: float) -> None:
        """Adds a line and an event of what was measured."""
        if self._history:
            weighed = {} if score is None else {"score": score}
            self._history.add_validation(step, {**figures, **weighed}, time)

    @hookimpl
    def faceswap_run_ended(self) -> None:
        """Closes the files."""
        if self._history:
            self._history.close()
            self._history = None


@hookimpl
def faceswap_listener() -> type[HistoryListener]:
    """Hands over the listener."""
    return HistoryListener
