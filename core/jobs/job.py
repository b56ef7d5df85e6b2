"""What all jobs share: the frozen settings, the context that carries events and cancelling, and running one."""

from __future__ import annotations

import json
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from ...lib.publish import publish_bytes
from .. import events
from ..errors import Cancelled, FaceswapError
from ..host import PluginChoice
from ..listeners import Listeners

EventTaker = Callable[[Any], None]
"""Takes each event of a job."""

_PROGRESS_INTERVAL = 0.1


class Report(BaseModel):
    """What a job did; every job's report extends it."""

    model_config = ConfigDict(frozen=True)

    seconds: float = 0.0

    def lines(self) -> list[str]:
        """The report as people read it, one figure a line."""
        figures = self.model_dump(mode="json")
        return [f"{name.replace('_', ' ')}: {value}" for name, value in figures.items() if value not in ({}, [], None)]


class Job(BaseModel):
    """A piece of work: inputs, plugins by name with their options, outputs. Its dump reproduces it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: ClassVar[str]
    positional: ClassVar[tuple[str, ...]] = ()
    """The fields that the command line takes without a flag, in order."""
    report_class: ClassVar[type[Report]] = Report

    listeners: tuple[PluginChoice, ...] = ()

    def home(self) -> Path:
        """The folder in which the run is recorded and in which another process may ask the job to stop."""
        raise NotImplementedError

    def plugin_versions(self) -> dict[str, str]:
        """`kind name` -> `package version` of every plugin of the run; listeners are added to them."""
        return {}

    def preflight(self) -> None:
        """Raises for bad input that can be known before any work; a job that is made of jobs asks them all."""

    def run(self, context: JobContext) -> Report:
        """Does the work; `preflight` has passed."""
        raise NotImplementedError


class Stage:
    """Counts the units of one stage of a job and reports them, at most ten times a second."""

    def __init__(self, context: JobContext, name: str, total: int | None, unit: str, done: int) -> None:
        self._context, self._name, self._total, self._unit = context, name, total, unit
        self._first, self._done = done, done
        self._began, self._told = time.monotonic(), 0.0
        self._figures: dict[str, float] = {}

    def advance(self, count: int = 1, **figures: float) -> None:
        """Counts finished units, with figures worth watching."""
        self._done += count
        self._figures.update(figures)
        now = time.monotonic()
        if now - self._told >= _PROGRESS_INTERVAL:
            self._told = now
            self.tell()

    def tell(self) -> None:
        """Reports where the stage stands."""
        seconds = time.monotonic() - self._began
        rate = (self._done - self._first) / seconds if seconds > 0 else None
        self._context.tell(
            events.Progress,
            stage=self._name,
            done=self._done,
            total=self._total,
            unit=self._unit,
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

    def preview(self, path: Path, title: str) -> None:
        """Reports a picture that the job has published."""
        self.tell(events.Preview, path=str(path), title=title)

    @contextmanager
    def stage(self, name: str, total: int | None, unit: str, done: int = 0) -> Iterator[Stage]:
        """Opens a stage whose progress is reported, also at its start and end."""
        stage = Stage(self, name, total, unit, done)
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


def run_job(job: Job, listener: EventTaker | None = None, parent: str | None = None) -> Any:
    """Runs a job to its end and returns its report.

    Args:
        job: What to do.
        listener: Takes each event; nobody when None.
        parent: The id of the job that this one is a part of.

    Raises:
        FaceswapError: The job could not be done; Cancelled when the user stopped it.
    """
    context = JobContext(listener or (lambda event: None), job.home())
    try:
        report = _run(job, context, parent)
    except BaseException as error:
        context.emit(_failed(context, error))
        raise
    finally:
        cancel_file(job.home(), context.id).unlink(missing_ok=True)
    context.tell(events.Finished, report=report.model_dump(mode="json"))
    return report


def _run(job: Job, context: JobContext, parent: str | None) -> Report:
    """Runs a job whose end is told by the caller."""
    began = time.monotonic()
    listeners = Listeners.load(job.listeners)
    plugins = {**job.plugin_versions(), **listeners.versions()}
    context.listeners = listeners
    context.tell(
        events.Started,
        command=job.command,
        settings=job.model_dump(mode="json"),
        plugins=plugins,
        home=str(job.home()),
        parent=parent,
    )
    job.preflight()
    with _stopped_by_signals(context):
        report = job.run(context)
    report = report.model_copy(update={"seconds": round(time.monotonic() - began, 3)})
    _record(job, context, plugins, report)
    return report


def _failed(context: JobContext, error: BaseException) -> events.Failed:
    """The event of a run that something ended, be it a fault of the program."""
    message = " ".join(str(error).split())
    if not isinstance(error, FaceswapError):
        message = f"{type(error).__name__}: {message}".rstrip(": ")
    return events.Failed(job=context.id, message=message, cancelled=isinstance(error, (Cancelled, KeyboardInterrupt)))


def _record(job: Job, context: JobContext, plugins: dict[str, str], report: Report) -> None:
    """Stores the resolved settings, the plugin versions and the report of the run."""
    record = {
        "command": job.command,
        "settings": job.model_dump(mode="json"),
        "plugins": plugins,
        "report": report.model_dump(mode="json"),
    }
    folder = job.home() / "runs"
    folder.mkdir(parents=True, exist_ok=True)
    stamp = time.strftime("%Y%m%d-%H%M%S")
    publish_bytes(folder / f"{stamp}-{context.id}.json", json.dumps(record, indent=1).encode())


@contextmanager
def _stopped_by_signals(context: JobContext) -> Iterator[None]:
    """Turns the first Ctrl-C or SIGTERM into a request to stop; a second Ctrl-C interrupts at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def ask(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and context.stopping():
            raise KeyboardInterrupt
        context.stop()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
