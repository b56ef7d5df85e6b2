"""The validations of a training job: what is held out, when the model is measured, who is told, when it is flat."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, cast

from .. import events
from ..errors import FaceswapError, OptionError
from ..host import Prepared, prepare
from ..kinds import SwapModel
from ..training.standing import Standing

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..contract import CropSpec
    from ..training.engine import Engine
    from ..training.faces import TrainingFaces
    from ..training.likeness import Likeness
    from ..training.validation import Validator
    from .context import JobContext
    from .train import TrainJob

Places = dict[str, "NDArray[np.int64]"]
"""Places of faces in their faceset, by identity."""


class Watch(Protocol):
    """What a training run measures between its steps.

    Attributes:
        standing: How the run stands by what was measured so far.
        figures: What was measured last in this run.
        score: The one number in which they are weighed; None where there is none.
    """

    standing: Standing
    figures: dict[str, float]
    score: float | None

    @property
    def held(self) -> dict[str, int]:
        """How many faces are held out, by identity."""
        ...

    def trained(self) -> Places:
        """The faces that are trained on."""
        ...

    def recall(self, step: int) -> None:
        """Takes up what the checkpoint of a step says of the measurements before it; none for step 0."""
        ...

    def due(self, step: int) -> bool:
        """Whether a step is one after which is measured."""
        ...

    def measure(self, engine: Engine) -> None:
        """Measures and tells what came out, unless that has been done after this step."""
        ...

    def flat(self) -> bool:
        """Whether training is to end because the figures no longer improve."""
        ...


def require_validation(job: TrainJob) -> None:
    """Raises OptionError where a run is to end by validations that it does not make."""
    if job.stop_when_flat and not job.validation:
        raise OptionError("--stop-when-flat goes by validations: give --validation a share above 0 as well.")


def recognizer_of(job: TrainJob) -> list[Prepared]:
    """The recognizer of the validations, where there are any and it is wanted."""
    wanted = job.recognizer if job.validation and not job.generator else None
    return [prepare("recognizer", wanted)] if wanted else []


class Validation:
    """What a training run knows of its held-out faces.

    Args:
        job: The job.
        context: Is told.
        faces: The training faces of each identity, held-out ones among them.
        crop: The crop of the model.

    Attributes:
        standing: How the run stands by the validations so far.
        figures: What was measured last in this run.
        score: The one number in which they are weighed; None before the first.
    """

    def __init__(self, job: TrainJob, context: JobContext, faces: Mapping[str, TrainingFaces], crop: CropSpec) -> None:
        self._job, self._context, self._crop = job, context, crop
        self._counts = {name: len(share) for name, share in faces.items()}
        self._chosen = {name: share.chosen for name, share in faces.items()}
        self._held = self._hold_out()
        self._validator: Validator | None = None
        self._last: int | None = None
        self.standing = Standing()
        self.figures: dict[str, float] = {}
        self.score: float | None = None

    @property
    def held(self) -> dict[str, int]:
        """How many faces are held out, by identity."""
        return {name: len(places) for name, places in self._held.items()}

    def trained(self) -> Places:
        """The faces that are trained on."""
        import numpy as np

        return {name: np.setdiff1d(np.arange(self._counts[name]), places) for name, places in self._held.items()}

    def recall(self, step: int) -> None:
        """Takes up what the checkpoint of a step says of the validations before it; none for step 0."""
        from ...lib.checkpoint import locate
        from ...lib.checkpoint_files import read_info

        path = locate(self._job.model_dir, step)
        self.standing = Standing.of(read_info(path, step), path) if step else Standing()
        self._last = None

    def due(self, step: int) -> bool:
        """Whether a step is one after which the model is measured."""
        return step % self._job.validate_every == 0

    def measure(self, engine: Engine) -> None:
        """Measures the model and tells what came out, unless that has been done after this step."""
        from ..training.validation import score

        if not any(self.held.values()) or self._last == engine.step:
            return
        self._validator = self._validator or self._make(engine)
        with engine.averaged():
            self.figures, self._last = self._validator.measure(), engine.step
        self.score = score(self.figures)
        self.standing = self.standing.after(engine.step, self.figures, self.score)
        self._context.tell(
            events.Validated,
            step=engine.step,
            figures=self.figures,
            score=self.score,
            best_step=self.standing.best_step,
        )

    def flat(self) -> bool:
        """Whether training is to end because the figures no longer improve."""
        return self._job.stop_when_flat and self.standing.flat(self._job.patience)

    def _hold_out(self) -> Places:
        from ..training.validation import SMALLEST_CROP, held_out

        share = self._job.validation
        if share and self._crop.size < SMALLEST_CROP:
            self._context.warn(f"The model's crops of {self._crop.size} pixels are too small to be validated.")
            share = 0.0
        held = {name: held_out(count, share) for name, count in self._counts.items()}
        small = [
            f"{count} faces of the {name}" for name, count in self._counts.items() if share and not len(held[name])
        ]
        if small:
            self._context.warn(
                f"{' and '.join(small)} are too few to keep {share:.0%} of them from training: all are trained on and "
                "not validated."
            )
        return held

    def _make(self, engine: Engine) -> Validator:
        from ..training.validation import Validator, read_sample, spread

        samples = {
            name: read_sample(self._job.faceset_of(name), spread(places), self._crop, self._chosen[name])
            for name, places in self._held.items()
            if len(places)
        }
        return Validator(cast(SwapModel, engine.model), samples, self._likeness())

    def _likeness(self) -> tuple[Likeness, Any] | None:
        """What the source looks like to the recognizer; None where it cannot be loaded, which is told."""
        from ..training.validation import read_likeness, stored_to_crop

        for prepared in recognizer_of(self._job):
            try:
                recognizer = prepared.load()
            except FaceswapError as error:
                self._context.warn(f"Validations have no figure of identity: {error}")
                return None
            likeness = read_likeness(self._job.faceset_of("source"), recognizer, self._chosen["source"])
            return likeness, stored_to_crop(self._job.faceset_of("target"), recognizer.crop)
        return None
