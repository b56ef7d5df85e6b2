"""Short trainings of a small model, their events and what they leave."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from faceswap.core.errors import Cancelled
from faceswap.core.host import PluginChoice
from faceswap.core.jobs.context import JobContext
from faceswap.core.jobs.train import TrainJob
from faceswap.core.listeners import Listeners
from faceswap.lib import checkpoint

Facesets = tuple[Path, Path]
FEW = "with fewer than 100"
"""Part of the warning of facesets as small as these."""


SMALL = PluginChoice(name="mini", options={"width": 0.05})


def small_job(folder: Path, facesets: Facesets, **settings: Any) -> TrainJob:
    settings = {"model": SMALL, "iterations": 6, "batch_size": 2, "save_every": 100, "preview_every": 100, **settings}
    settings.setdefault("validation", 0.0)  # The facesets are small, and most tests do not ask for it.
    return TrainJob(model_dir=folder, source=facesets[0], target=facesets[1], **settings)


def events_of(job: TrainJob, stop_at: int | None = None) -> list[Any]:
    """The events of a run that somebody stops after a step."""
    events: list[Any] = []
    context = JobContext(events.append, job.home(), listeners=Listeners.load(job.listeners))

    def listen(event: Any) -> None:
        events.append(event)
        if event.type == "progress" and event.stage == "training" and stop_at and event.done >= stop_at:
            context.stop()

    context._listener = listen
    if stop_at:
        with pytest.raises(Cancelled, match=f"at step {stop_at}"):
            job.run(context)
    else:
        events.append(job.run(context))
    return events


def warnings_in(events: list[Any]) -> list[str]:
    """What was warned of, but that the facesets of these tests are small."""
    messages = [event.message for event in events if getattr(event, "type", "") == "warning"]
    return [message for message in messages if FEW not in message]


def newest_state(folder: Path) -> dict[str, bytes]:
    """The newest checkpoint's parts as bytes."""
    saved = checkpoint.load_latest(folder)
    return {f"{part}/{name}": array.tobytes() for part, arrays in saved.parts.items() for name, array in arrays.items()}
