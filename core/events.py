"""The events of a job: what a progress bar, a JSON log, a page in a browser or a queue reads of it.

Events are versioned and JSON-serializable; pictures in them are file paths.
"""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class _Event(BaseModel):
    """What every event says: its version, its job, and when it happened (seconds since the epoch)."""

    model_config = ConfigDict(frozen=True)

    version: Literal[1] = 1
    job: str
    time: float = Field(default_factory=time.time)


class Started(_Event):
    """A job has begun.

    Attributes:
        command: The name of the job's kind.
        settings: The job as it was resolved; reproduces it.
        plugins: `kind name` -> `package version` of every plugin of the run.
    """

    type: Literal["started"] = "started"
    command: str
    settings: dict[str, Any]
    plugins: dict[str, str] = {}


class Progress(_Event):
    """A stage has moved on.

    Attributes:
        stage: What is being done, in words.
        done: Units finished, those of earlier runs included.
        total: Units in all, None when unknown.
        unit: What is counted.
        rate: Units per second of this run.
        figures: Values worth watching, such as losses.
    """

    type: Literal["progress"] = "progress"
    stage: str
    done: int
    total: int | None
    unit: str
    rate: float | None = None
    figures: dict[str, float] = {}


class Preview(_Event):
    """A picture that shows how the job is doing."""

    type: Literal["preview"] = "preview"
    path: str
    title: str


class Warned(_Event):
    """Something that the user should know and that did not stop the job."""

    type: Literal["warning"] = "warning"
    message: str


class Finished(_Event):
    """The job is done.

    Attributes:
        report: The job's report as a dictionary.
    """

    type: Literal["finished"] = "finished"
    report: dict[str, Any]


class Failed(_Event):
    """The job has ended early; what was finished is kept.

    Attributes:
        message: One line that says why.
        cancelled: True when the user asked for it.
    """

    type: Literal["failed"] = "failed"
    message: str
    cancelled: bool = False


Event = Annotated[Started | Progress | Preview | Warned | Finished | Failed, Field(discriminator="type")]

EVENT: TypeAdapter[Any] = TypeAdapter(Event)
"""Reads and checks events: `EVENT.validate_json(line)`."""
