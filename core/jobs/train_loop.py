"""The loop of the job `train`: steps, and between them losses, validations, checkpoints, previews, requests to stop."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .. import events
from ..errors import Cancelled
from ..training.checkpointing import diverged, resume, save_checkpoint
from ..training.engine import Engine
from ..training.faces import TrainingFaces
from ..training.preview import write_preview
from ..training.standing import Standing
from .context import JobContext, Stage
from .train_previews import Previews
from .train_tally import StepTally
from .train_validation import Watch

if TYPE_CHECKING:
    from .train import TrainJob, TrainReport

_MOST_SKIPPED = 5
"""Steps in a row that may change nothing before training goes back to the last checkpoint."""
_MOST_RETURNS = 3
"""Times that it goes back without getting farther."""


class TrainLoop:
    """One run of a training job.

    Args:
        job: What to do.
        context: Is told, and tells when to stop.
        engine: The engine, at the step from which training goes on.
        faces: The training faces.
        validation: The validations so far, and those to come.
        previews: Draws what is shown.
    """

    def __init__(
        self,
        job: TrainJob,
        context: JobContext,
        engine: Engine,
        faces: Mapping[str, TrainingFaces],
        validation: Watch,
        previews: Previews,
    ) -> None:
        self._job, self._context, self._engine, self._faces = job, context, engine, faces
        self._validation, self._previews = validation, previews
        self._tally = StepTally(context, engine, engine.batch_size * len(faces))
        self._first = engine.step
        self._returns = self._stumbled = 0
        self._checkpoint: Path | None = None
        self._saved_state: tuple[int, Standing] | None = None
        self._preview: Path | None = None
        self._began: float | None = None  # When the first step was done: until then graphs are made.
        self._saved = time.monotonic()

    def run(self) -> TrainReport:
        """Trains until the iterations or the minutes are over, or validation no longer improves.

        Raises:
            Cancelled: Somebody asked to stop; the state was saved.
            FaceswapError: The training diverged, or something could not be written.
        """
        job, engine, context = self._job, self._engine, self._context
        self._tell_start()
        seconds = None if job.minutes is None else 60 * job.minutes
        with context.stage("training", job.iterations, "iterations", engine.step, seconds) as stage:
            while not (ended := self._ended()):
                self._step(stage)
                if context.stopping():
                    self._save_and_show()
                    raise Cancelled(f"Stopped as asked at step {engine.step}; the same command continues.")
            if engine.step > self._first:
                self._validate()
            self._save_and_show()
        return self._report(ended)

    def _ended(self) -> str:
        """Why training has come to its end; empty while it has not."""
        job, engine = self._job, self._engine
        if engine.step >= job.iterations:
            return f"all {job.iterations} iterations are done"
        if job.minutes and self._began and time.monotonic() - self._began >= 60 * job.minutes:
            return f"the {job.minutes:g} minutes are over"
        if self._validation.flat():
            best = self._validation.standing.best_step
            return f"validation has not improved {job.patience} times in a row (best after {best} iterations)"
        return ""

    def _step(self, stage: Stage) -> None:
        """Does one step and what is due after it."""
        job, number = self._job, self._engine.step + 1
        save, validate = number % job.save_every == 0 or self._save_is_overdue(), self._validation.due(number)
        self._tally.advance(tell=save or validate or number == job.iterations)
        stage.advance(1, **self._tally.losses)
        if self._began is None:
            self._began = time.monotonic()
            stage.restart()
        if self._tally.skipped_in_a_row >= _MOST_SKIPPED:
            self._go_back(stage)
        elif not self._tally.skipped_in_a_row:
            if validate:
                self._validate()
            if save:
                self._save()
        if self._engine.step % job.preview_every == 0:
            self._show()

    def _go_back(self, stage: Stage) -> None:
        """Goes back to the last checkpoint, if there is one, and on from there with half the learning rate."""
        engine, context, here = self._engine, self._context, self._engine.step
        self._stumbled = max(self._stumbled, here)
        if self._returns == _MOST_RETURNS:
            row = self._tally.skipped_in_a_row
            raise diverged(here, f"{row} steps in a row had losses or gradients that are not finite")
        self._returns += 1
        slowing = engine.slowing / 2
        notices = resume(self._job.model_dir, engine)
        engine.slowing, self._saved_state = slowing, None
        self._tally.forgive()
        if engine.step < here:
            self._validation.recall(engine.step)
        context.warn(
            f"{_MOST_SKIPPED} or more steps before step {here} had losses or gradients that are not finite and changed "
            f"nothing; training goes on from step {engine.step} with {slowing:g} of the learning rate"
        )
        for notice in notices:
            context.warn(notice)
        stage.advance(engine.step - here)
        self._tell_start()

    def _tell_start(self) -> None:
        job, step = self._job, self._engine.step
        self._context.tell(events.TrainingStarted, model_dir=str(job.model_dir), step=step, iterations=job.iterations)

    def _validate(self) -> None:
        """Measures the model, and saves it where it has never been better."""
        self._tally.tell()
        self._validation.measure(self._engine)
        if self._validation.standing.best_step == self._engine.step:
            self._save()

    def _save_and_show(self) -> None:
        """Saves and shows what the last steps did, where that has not been done."""
        if self._engine.step > self._first:
            self._save()
            self._show()

    def _save(self) -> None:
        """Saves the state, unless it was saved as it is."""
        state = self._engine.step, self._validation.standing
        if self._saved_state == state:
            return
        self._tally.tell()
        self._checkpoint = save_checkpoint(self._job.model_dir, self._engine, self._job.keep_checkpoints, state[1])
        self._saved_state, self._saved = state, time.monotonic()
        if self._engine.step > self._stumbled:
            self._returns = 0
        self._context.tell(events.CheckpointSaved, path=str(self._checkpoint), step=self._engine.step)

    def _show(self) -> None:
        """Writes a preview of the current step, unless that has been done."""
        step = self._engine.step
        if self._preview and self._preview.stem == f"{step:08d}":
            return
        with self._engine.averaged():
            grid = self._previews.grid(self._engine.model, f"after {step} iterations")
        self._preview = write_preview(self._job.model_dir, step, grid)
        self._context.preview(self._preview, f"after {step} iterations")

    def _save_is_overdue(self) -> bool:
        return time.monotonic() - self._saved >= 60 * self._job.save_minutes

    def _report(self, ended: str) -> TrainReport:
        from .train import TrainReport

        steps, tally = self._engine.step - self._first, self._tally
        faces = steps * self._engine.batch_size * len(self._faces)
        return TrainReport(
            iterations=self._engine.step,
            skipped=tally.skipped,
            resumed_from=self._first,
            ended=ended,
            losses=tally.losses,
            validation=self._validation.figures,
            validation_score=self._validation.score,
            best_step=self._validation.standing.best_step,
            held_out=self._validation.held,
            faces_per_second=round(faces / tally.busy, 2) if steps else None,
            batch_size=self._engine.batch_size,
            faces={identity: len(share) for identity, share in self._faces.items()},
            checkpoint=str(self._checkpoint) if self._checkpoint else None,
            preview=str(self._preview) if self._preview else None,
            backend=self._engine.backend,
        )
