"""The loop of the job `train`: steps, and between them losses, checkpoints, previews and requests to stop."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import events
from ..errors import Cancelled
from ..training.checkpointing import diverged, resume, save_checkpoint
from ..training.engine import Engine
from ..training.faces import TrainingFaces
from ..training.preview import preview_faces, preview_grid, write_preview
from .context import JobContext, Stage

if TYPE_CHECKING:
    from .train import TrainJob, TrainReport

_TELL_STEPS = 10
_TELL_SECONDS = 1.0

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
    """

    def __init__(self, job: TrainJob, context: JobContext, engine: Engine, faces: Mapping[str, TrainingFaces]) -> None:
        self._job, self._context, self._engine, self._faces = job, context, engine, faces
        self._first = engine.step
        self._pending: list[dict[str, Any]] = []
        self._losses: dict[str, float] = {}
        self._busy = 0.0
        self._skipped_in_a_row = self._skipped = self._returns = self._stumbled = 0
        self._checkpoint: Path | None = None
        self._preview: Path | None = None
        self._samples: tuple[Any, Any] | None = None
        self._began = self._saved = self._told = time.monotonic()

    def run(self) -> TrainReport:
        """Trains until the iterations or the minutes are over.

        Raises:
            Cancelled: Somebody asked to stop; the state was saved.
            FaceswapError: The training diverged, or something could not be written.
        """
        job, engine, context = self._job, self._engine, self._context
        context.tell(events.TrainingStarted, model_dir=str(job.model_dir), step=engine.step, iterations=job.iterations)
        with context.stage("training", job.iterations, "iterations", done=engine.step) as stage:
            while engine.step < job.iterations and not self._time_is_up():
                self._step(stage)
                if context.stopping():
                    self._finish()
                    raise Cancelled(f"Stopped as asked at step {engine.step}; the same command continues.")
            self._finish()
        return self._report()

    def _step(self, stage: Stage) -> None:
        """Does one step and what is due after it."""
        began = time.monotonic()
        self._pending.append(self._engine.advance())
        due = self._engine.step % self._job.save_every == 0 or self._save_is_overdue()
        last = self._engine.step == self._job.iterations
        if due or last or self._engine.step % _TELL_STEPS == 0 or began - self._told > _TELL_SECONDS:
            self._tell()
        self._busy += time.monotonic() - began
        stage.advance(1, **self._losses)
        if self._skipped_in_a_row >= _MOST_SKIPPED:
            self._go_back(stage)
        elif due and not self._skipped_in_a_row:
            self._save()
        if self._engine.step % self._job.preview_every == 0:
            self._show()

    def _go_back(self, stage: Stage) -> None:
        """Goes back to the last checkpoint, if there is one, and on from there with half the learning rate."""
        engine, context, here = self._engine, self._context, self._engine.step
        self._stumbled = max(self._stumbled, here)
        if self._returns == _MOST_RETURNS:
            raise diverged(here, f"{self._skipped_in_a_row} steps in a row had losses or gradients that are not finite")
        self._returns += 1
        slowing = engine.slowing / 2
        notices = resume(self._job.model_dir, engine)
        engine.slowing, self._skipped_in_a_row = slowing, 0
        context.warn(
            f"{_MOST_SKIPPED} or more steps before step {here} had losses or gradients that are not finite and changed "
            f"nothing; training goes on from step {engine.step} with {slowing:g} of the learning rate"
        )
        for notice in notices:
            context.warn(notice)
        stage.advance(engine.step - here)
        context.tell(
            events.TrainingStarted,
            model_dir=str(self._job.model_dir),
            step=engine.step,
            iterations=self._job.iterations,
        )

    def _finish(self) -> None:
        """Saves and shows what the last steps did, where that has not been done."""
        if self._engine.step > self._first:
            self._save()
            self._show()

    def _tell(self) -> None:
        """Tells the mean losses since the last time; this waits for the device."""
        if not self._pending:
            return
        steps = [{name: float(loss) for name, loss in losses.items()} for losses in self._pending]
        names = {name for losses in steps for name in losses}
        told = {name: [losses[name] for losses in steps if math.isfinite(losses.get(name, math.nan))] for name in names}
        self._losses = {name: _mean(values) for name, values in sorted(told.items()) if values}
        self._pending, self._told = [], time.monotonic()
        self._skipped_in_a_row, self._skipped = self._engine.skipped()
        self._context.tell(events.TrainingStep, step=self._engine.step, steps=len(steps), losses=self._losses)

    def _save(self) -> None:
        if self._checkpoint and self._checkpoint.name == str(self._engine.step):
            return
        self._tell()
        self._checkpoint = save_checkpoint(self._job.model_dir, self._engine, self._job.keep_checkpoints)
        self._saved = time.monotonic()
        if self._engine.step > self._stumbled:
            self._returns = 0
        self._context.tell(events.CheckpointSaved, path=str(self._checkpoint), step=self._engine.step)

    def _show(self) -> None:
        """Writes a preview of the current step, unless that has been done."""
        job, step, model = self._job, self._engine.step, self._engine.model
        if self._preview and self._preview.stem == f"{step:08d}":
            return
        if self._samples is None:
            self._samples = preview_faces(job.source, model.crop), preview_faces(job.target, model.crop)
        with self._engine.averaged():
            grid = preview_grid(model, *self._samples)
        self._preview = write_preview(job.model_dir, step, grid)
        self._context.preview(self._preview, f"after {step} iterations")

    def _time_is_up(self) -> bool:
        minutes = self._job.minutes
        return minutes is not None and time.monotonic() - self._began >= 60 * minutes

    def _save_is_overdue(self) -> bool:
        return time.monotonic() - self._saved >= 60 * self._job.save_minutes

    def _report(self) -> TrainReport:
        from .train import TrainReport

        steps = self._engine.step - self._first
        faces = steps * self._job.batch_size * len(self._faces)
        return TrainReport(
            iterations=self._engine.step,
            skipped=self._skipped,
            resumed_from=self._first,
            losses=self._losses,
            faces_per_second=round(faces / self._busy, 2) if steps else None,
            source_faces=len(self._faces["source"]),
            target_faces=len(self._faces["target"]),
            checkpoint=str(self._checkpoint) if self._checkpoint else None,
            preview=str(self._preview) if self._preview else None,
            backend=self._engine.backend,
        )


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
