"""Training for so many minutes in all, over any number of calls."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...lib.publish import publish_bytes
from ..jobs.context import JobContext

if TYPE_CHECKING:
    from ..jobs.train import TrainJob

_RECORD = "trained.json"


@dataclass(frozen=True)
class Trained:
    """How something was trained.

    Attributes:
        minutes: In all.
        iterations: In all.
        faces_per_second: Faces of all people, in the last run.
        backend: The Keras backend of the last run.
    """

    minutes: float = 0.0
    iterations: int = 0
    faces_per_second: float | None = None
    backend: str | None = None


def trained(folder: Path) -> Trained:
    """What was trained in a folder up to now."""
    path = folder / _RECORD
    return Trained(**json.loads(path.read_text())) if path.exists() else Trained()


def train_for(context: JobContext, folder: Path, minutes: float, job: Callable[[float], TrainJob]) -> None:
    """Trains for what is left of some minutes, in a process of its own.

    Args:
        context: The context of what this is a part of.
        folder: Keeps how long was trained; made if need be.
        minutes: In all.
        job: Makes the training of the minutes that are left.
    """
    from ..jobs.isolated import run_isolated

    left = minutes - trained(folder).minutes
    if left <= 0:
        return
    folder.mkdir(parents=True, exist_ok=True)
    report = run_isolated(job(left), context)
    now = Trained(minutes, report.iterations, report.faces_per_second, report.backend)
    publish_bytes(folder / _RECORD, json.dumps(asdict(now)).encode())
