"""What a running job is given: where its events go, how its stages are counted, and whether it should stop."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .. import events
from ..errors import Cancelled
from ..listeners import Listeners

EventTaker = Callable[[Any], None]
"""Takes each event of a job."""

_PROGRESS_INTERVAL = 0.1


class Stage:
    """Counts the units of one stage of a job and reports them, at most ten times a second.

    Its rate begins with what comes first: that takes as long as starting up, loading and compiling.
    """

    def __init__(
        self,
        context: JobContext,
        name: str,
        total: int | None,
        unit: str,
        done: int,
        seconds: float | None = None,
        workers: int = 1,
    ) -> None:
        self._context, self._name, self._total, self._unit = context, name, total, unit
        self._done, self._seconds = done, seconds
        self._began, self._told = time.monotonic(), 0.0
        self._firsts, self._paced, self._paced_done = workers, self._began, done
        self._figures: dict[str, float] = {}

    def advance(self, count: int = 1, **figures: float) -> None:
        """Counts finished units, with figures worth watching."""
        self._done += count
        self._figures.update(figures)
        now = time.monotonic()
        if self._firsts:  # Several workers come with their first at about the same time.
            self._firsts -= 1
            self._paced, self._paced_done = now, self._done
        if now - self._told >= _PROGRESS_INTERVAL:
            self._told = now
            self.tell()

    def restart(self) -> None:
        """Counts the stage's seconds from now on: getting ready took none of them."""
        self._began = time.monotonic()

    def tell(self) -> None:
        """Reports where the stage stands."""
        now = time.monotonic()
        paced = now - self._paced
        rate = (self._done - self._paced_done) / paced if paced > 0 and self._done > self._paced_done else None
        self._context.tell(
            events.Progress,
            stage=self._name,
            done=self._done,
            total=self._total,
            unit=self._unit,
            seconds_left=None if self._seconds is None else max(self._seconds - (now - self._began), 0.0),
            rate=rate,
            figures=self._figures,
        )


class JobContext:
    """What a running job is given: where its events go and whether it should stop.

    Args:
        listener: Takes each event but details.
        workspace: The folder in which another process may ask the job to stop.
        job_id: The job's id; a fresh one when None.
        listeners: The run's listeners, whose hooks are called with what the events say.
    """

    def __init__(
        self,
        listener: EventTaker,
        workspace: Path,
        job_id: str | None = None,
        listeners: Listeners | None = None,
    ) -> None:
        self.id = job_id or uuid.uuid4().hex[:12]
        self.workspace = workspace
        self.listeners = listeners or Listeners()
        self._listener = listener
        self._stop = threading.Event()

    def emit(self, event: Any) -> None:
        """Hands an event to those whom it concerns; the one that ends a run comes after what went wrong with it."""
        ends = isinstance(event, (events.Finished, events.Failed))
        if not (ends or event.detail):
            self._listener(event)
        for failure in self.listeners.tell(event):
            self._listener(events.Warned(job=self.id, message=failure.message, listener=failure.name))
        if ends:
            self._listener(event)

    def forward(self, event: Any) -> None:
        """Hands on an event of a part of this job, whose own process has told its listeners."""
        if isinstance(event, events.Warned) and event.listener:
            self.listeners.switch_off(event.listener)
        self._listener(event.model_copy(update={"job": self.id}))

    def tell(self, event_class: type[Any], **said: Any) -> None:
        """Makes an event and hands it on; a detail that no listener wants is not made."""
        if not event_class.detail or self.listeners.want(event_class):
            self.emit(event_class(job=self.id, **said))

    def warn(self, message: str) -> None:
        """Reports something that did not stop the job."""
        self.tell(events.Warned, message=message)

    def note(self, message: str) -> None:
        """Reports something worth knowing that is as it should be."""
        self.tell(events.Noted, message=message)

    def preview(self, path: Path, title: str) -> None:
        """Reports a picture that the job has published."""
        self.tell(events.Preview, path=str(path), title=title)

    @contextmanager
    def stage(
        self,
        name: str,
        total: int | None,
        unit: str,
        done: int = 0,
        seconds: float | None = None,
        workers: int = 1,
    ) -> Iterator[Stage]:
        """Opens a stage whose progress is reported, also at its start and end.

        Args:
            name: What is done, in words.
            total: Units in all, None when unknown.
            unit: What is counted.
            done: Units that earlier runs have finished.
            seconds: After how many it ends, whatever is done by then; None for when all is done.
            workers: How many do it at once, each of them slow at first.
        """
        stage = Stage(self, name, total, unit, done, seconds, workers)
        stage.tell()
        try:
            yield stage
        finally:
            stage.tell()

    def stop(self) -> None:
        """Asks the job to stop at the next point from which it can resume."""
        self._stop.set()

    def stopping(self) -> bool:
        """Whether this or another process has asked the job to stop."""
        return self._stop.is_set() or cancel_file(self.workspace, self.id).exists()

    def check(self) -> None:
        """Raises `Cancelled` when the job should stop."""
        if self.stopping():
            raise Cancelled("Stopped as asked. What was finished is kept; the same command continues.")


def cancel_file(workspace: Path, job_id: str) -> Path:
    """The file whose existence asks the job to stop."""
    return workspace / "runs" / f"{job_id}.cancel"


def request_cancel(workspace: Path, job_id: str) -> None:
    """Asks a job, which may run in another process, to stop."""
    path = cancel_file(workspace, job_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
