"""What a training job measures of a generator: how varied its samples are, and whether it has collapsed."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from .. import events
from ..kinds import Generator
from ..training.standing import Standing
from .train_settings import GENERATED

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from ..training.engine import Engine
    from ..training.faces import TrainingFaces
    from .context import JobContext
    from .train import TrainJob
    from .train_validation import Places

_PATIENCE, _AT_FIRST = 3, 10
"""Measurements in a row that must say so before a collapse is told: after samples that differed, and before there were
any, since a generator begins with samples that are alike."""


class SampleWatch:
    """Measures samples of the same latents each time; holds no face out, since none is reconstructed.

    Args:
        job: The job.
        context: Is told.
        faces: The training faces.

    Attributes:
        standing: Says nothing: samples are not weighed against each other.
        figures: What was measured last in this run.
        score: None, for the same reason.
    """

    def __init__(self, job: TrainJob, context: JobContext, faces: Mapping[str, TrainingFaces]) -> None:
        self._job, self._context, self._faces = job, context, faces[GENERATED]
        self._real: NDArray[np.uint8] | None = None
        self._last: int | None = None
        self._alike, self._varied = 0, False
        self.standing = Standing()
        self.figures: dict[str, float] = {}
        self.score: float | None = None

    @property
    def held(self) -> dict[str, int]:
        """No face is held out."""
        return {}

    def trained(self) -> Places:
        """All faces."""
        import numpy as np

        return {GENERATED: np.arange(len(self._faces))}

    def recall(self, step: int) -> None:
        """Begins to count measurements anew."""
        self._alike, self._varied, self._last = 0, False, None

    def due(self, step: int) -> bool:
        """Whether a step is one after which samples are measured."""
        return self._job.validation > 0 and step % self._job.validate_every == 0

    def measure(self, engine: Engine) -> None:
        """Measures the samples and tells what came out, unless that has been done after this step."""
        from ..training.samples import relative_spread

        if not self._job.validation or self._last == engine.step:
            return
        with engine.averaged():
            self.figures = {"spread": round(relative_spread(self._samples(engine), self._shown()), 5)}
        self._last = engine.step
        self._context.tell(events.Validated, step=engine.step, figures=self.figures)
        self._judge(engine.step)

    def flat(self) -> bool:
        """Never: whether samples get better is for people to say."""
        return False

    def _judge(self, step: int) -> None:
        from ..training.samples import COLLAPSED

        spread = self.figures["spread"]
        self._alike = self._alike + 1 if spread < COLLAPSED else 0
        self._varied = self._varied or not self._alike
        if self._alike == (_PATIENCE if self._varied else _AT_FIRST):
            self._context.warn(
                f"The generator seems to have collapsed: after {step} iterations its samples differ from each other by "
                f"{spread:.0%} of what the faces do, {self._alike} times in a row. Look at the newest preview. If its "
                "faces are nearly alike, go back with `faceswap model restore`, lower the learning rate of the network "
                "that gets ahead, or give more, and more varied, faces."
            )

    def _samples(self, engine: Engine) -> NDArray[np.uint8]:
        from ..training.samples import SAMPLES

        generator = cast(Generator, engine.model)
        return generator.generate(generator.latents(SAMPLES, self._job.seed))

    def _shown(self) -> NDArray[np.uint8]:
        from ..training.samples import shown_faces

        if self._real is None:
            self._real = shown_faces(self._faces)
        return self._real
