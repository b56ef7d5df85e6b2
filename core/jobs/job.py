"""What all jobs share: the frozen settings, the report, and running one."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from ...lib.publish import output_errors, publish_bytes
from .. import events
from ..errors import Cancelled, FaceswapError
from ..host import PluginChoice
from ..listeners import Listeners
from .context import EventTaker, JobContext, cancel_file
from .groups import RUNNING


class Report(BaseModel):
    """What a job did; every job's report extends it."""

    model_config = ConfigDict(frozen=True)

    seconds: float = 0.0

    def lines(self) -> list[str]:
        """The report as people read it, one figure a line; they have been told its warnings."""
        return self._told(type(self).model_fields.keys())

    def _told(self, names: AbstractSet[str]) -> list[str]:
        """The lines of some fields, but warnings."""
        figures = self.model_dump(mode="json", include=set(names) - {"warnings"})
        told = {name.replace("_", " "): value for name, value in figures.items() if value not in ({}, [], None)}
        return [f"{name}: {_in_words(value, name)}" for name, value in told.items()]


def _in_words(value: object, name: str = "") -> str:
    if isinstance(value, dict):
        if value.keys() == {name}:  # Faces of faces.
            return _in_words(value[name])
        return ", ".join(f"{key} {_in_words(part)}" for key, part in value.items())
    return f"{value:.4g}" if isinstance(value, float) else str(value)


class Job(BaseModel):
    """A piece of work: inputs, plugins by name with their options, outputs. Its dump reproduces it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: ClassVar[str]
    positional: ClassVar[tuple[str, ...]] = ()
    """The fields that the command line takes without a flag, in order."""
    report_class: ClassVar[type[Report]] = Report

    listeners: tuple[PluginChoice, ...] = Field((), json_schema_extra=RUNNING)

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
        with suppress(OSError):  # On a read-only disk nobody could ask, and what went wrong is to be told.
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
    with output_errors(folder):
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
