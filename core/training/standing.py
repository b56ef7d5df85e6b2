"""How a training run stands by its validations: which step was best, and whether the figures still improve.

It is a function of the validations alone and is kept in each checkpoint, so that a run that goes on from there decides
as the uninterrupted one does.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from ...lib import checkpoint, checkpoint_files
from ..errors import CheckpointError

SMOOTHED = 3
"""Over how many validations the score is averaged before it is compared."""

LEAST_GAIN = 0.002
"""By how much the averaged score has to rise above the highest one so far to count as better."""

_KEY = "validation"


def best_step(folder: Path) -> int | None:
    """The best step of a model folder by its newest readable checkpoint; None where no validation was made.

    Raises:
        CheckpointError: A checkpoint says of validations what cannot be understood.
    """
    for step in reversed(checkpoint.saved_steps(folder)):
        path = checkpoint.locate(folder, step)
        try:
            info = checkpoint_files.read_info(path, step)
        except CheckpointError:
            continue  # A damaged one is told where it is used.
        return Standing.of(info, path).best_step
    return None


class Standing(BaseModel):
    """What the validations of a run have shown so far.

    Attributes:
        best_step: The step with the highest score; None before the first validation.
        best_score: That score.
        best_figures: What was measured then.
        recent: The last scores, oldest first, at most `SMOOTHED`.
        peak: The highest mean of so many scores that counted as better.
        waited: Validations since then.
        figures: The names of the figures that the scores are made of.
    """

    model_config = ConfigDict(frozen=True)

    best_step: int | None = None
    best_score: float = 0.0
    best_figures: dict[str, float] = {}
    recent: tuple[float, ...] = ()
    peak: float | None = None
    waited: int = 0
    figures: tuple[str, ...] = ()

    @classmethod
    def of(cls, info: Mapping[str, Any], source: object) -> Self:
        """What a checkpoint says.

        Raises:
            CheckpointError: It cannot be understood.
        """
        try:
            return cls.model_validate(info.get(_KEY, {}))
        except ValidationError as error:
            reason = " ".join(str(error).split())[:200]
            raise CheckpointError(f"{source} says of validations what this program cannot read: {reason}") from error

    def info(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {_KEY: self.model_dump(mode="json")} if self.recent else {}

    def after(self, step: int, figures: Mapping[str, float], score: float) -> Standing:
        """How the run stands after one more validation.

        Scores of other figures than before (another recognizer, or none) say nothing about each other, so that counting
        begins again with them.
        """
        names = tuple(sorted(figures))
        if names != self.figures:
            return Standing(figures=names)._after(step, figures, score)
        return self._after(step, figures, score)

    def flat(self, patience: int) -> bool:
        """Whether the averaged score has not become better in so many validations."""
        return self.waited >= patience

    def _after(self, step: int, figures: Mapping[str, float], score: float) -> Standing:
        best = self.best_step is None or score > self.best_score
        recent = (*self.recent, score)[-SMOOTHED:]
        smooth = sum(recent) / len(recent)
        better = self.peak is None or smooth > self.peak + LEAST_GAIN
        return Standing(
            best_step=step if best else self.best_step,
            best_score=score if best else self.best_score,
            best_figures=dict(figures) if best else self.best_figures,
            recent=recent,
            peak=smooth if better else self.peak,
            waited=0 if better else self.waited + 1,
            figures=self.figures,
        )
