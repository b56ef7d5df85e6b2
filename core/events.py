"""The events of a job: what a progress bar, a JSON log, a page in a browser or a queue reads of it.

Events are versioned and JSON-serializable; pictures in them are file paths. The hooks of listeners
(`core/run_hooks.py`) are called with what an event says, and with nothing else.
"""

from __future__ import annotations

import time
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class _Event(BaseModel):
    """What every event says: its version, its job, and when it happened (seconds since the epoch)."""

    model_config = ConfigDict(frozen=True)

    hook: ClassVar[str] = ""
    """The hook by which listeners are told of it; empty for none."""
    detail: ClassVar[bool] = False
    """Whether it is for listeners alone, and made only where one wants it: there may be thousands in a minute."""

    version: Literal[1] = 1
    job: str
    time: float = Field(default_factory=time.time)

    def arguments(self) -> dict[str, Any]:
        """What its hook is called with; a copy, so that nobody can change the event."""
        return self.model_dump(exclude={"version", "type"})


class Started(_Event):
    """A job has begun.

    Attributes:
        command: The name of the job's kind.
        settings: The job as it was resolved; reproduces it.
        plugins: `kind name` -> `package version` of every plugin of the run.
        home: The folder in which the run is recorded.
        parent: The id of the job that this one is a part of, if it is.
    """

    hook: ClassVar[str] = "faceswap_run_started"

    type: Literal["started"] = "started"
    command: str
    settings: dict[str, Any]
    plugins: dict[str, str] = {}
    home: str = ""
    parent: str | None = None


class Progress(_Event):
    """A stage has moved on.

    Attributes:
        stage: What is being done, in words.
        done: Units finished, those of earlier runs included.
        total: Units in all, None when unknown.
        unit: What is counted.
        rate: Units per second since the first of this run were done; None until more are.
        seconds_left: When the stage ends whatever is done by then; None where it goes on until all is done.
        figures: Values worth watching: counts are whole numbers, losses are not.
    """

    type: Literal["progress"] = "progress"
    stage: str
    done: int
    total: int | None
    unit: str
    rate: float | None = None
    seconds_left: float | None = None
    figures: dict[str, int | float] = {}


class Preview(_Event):
    """A picture that shows how the job is doing."""

    hook: ClassVar[str] = "faceswap_preview_made"

    type: Literal["preview"] = "preview"
    path: str
    title: str


class TrainingStarted(_Event):
    """The model is ready and its first step is about to be done.

    Attributes:
        model_dir: The model folder.
        step: The steps that are done; training goes on from there.
        iterations: Steps in all.
    """

    hook: ClassVar[str] = "faceswap_training_started"

    type: Literal["training_started"] = "training_started"
    model_dir: str
    step: int
    iterations: int


class TrainingStep(_Event):
    """Training has moved on and its losses were read, which is done every few steps.

    Attributes:
        step: The steps that are done, those of earlier runs included.
        steps: How many of them were done since the last such event.
        losses: The mean of each loss over these.
        faces_per_second: Faces of all people that these steps took in a second; the time between steps does not count.
        skipped: Steps that changed nothing, since their losses or gradients were not finite, of all that are done.
    """

    hook: ClassVar[str] = "faceswap_training_step"

    type: Literal["training_step"] = "training_step"
    step: int
    steps: int
    losses: dict[str, float]
    faces_per_second: float | None = None
    skipped: int = 0


class Validated(_Event):
    """The model was measured on faces that it is not trained on, or a generator by what it makes.

    Attributes:
        step: The steps that are done.
        figures: What was measured, by name: `psnr_<person>` in dB, `ssim_<person>`, `identity`; a generator's `spread`.
        score: The one number in which they are weighed, higher is better; None where nothing is weighed.
        best_step: The step with the highest score so far; None likewise.
    """

    hook: ClassVar[str] = "faceswap_validated"

    type: Literal["validated"] = "validated"
    step: int
    figures: dict[str, float]
    score: float | None = None
    best_step: int | None = None


class CheckpointSaved(_Event):
    """A checkpoint is on the disk, whole.

    Attributes:
        path: Its folder.
        step: The step that it was taken after.
    """

    hook: ClassVar[str] = "faceswap_checkpoint_saved"

    type: Literal["checkpoint"] = "checkpoint"
    path: str
    step: int


class _FrameDone(_Event):
    """What is said of a frame.

    Attributes:
        source: The name of its file: the video or the image.
        pts: Its presentation time stamp; 0 for an image.
        seconds: Its time in the footage; for an image of a folder, its place there.
        faces: The faces in it that were found, or swapped.
    """

    detail: ClassVar[bool] = True

    source: str
    pts: int
    seconds: float
    faces: int


class FrameExtracted(_FrameDone):
    """The faces of a frame are in the faceset."""

    hook: ClassVar[str] = "faceswap_frame_extracted"

    type: Literal["frame_extracted"] = "frame_extracted"


class FrameConverted(_FrameDone):
    """The faces of a frame are swapped and the frame is written."""

    hook: ClassVar[str] = "faceswap_frame_converted"

    type: Literal["frame_converted"] = "frame_converted"


class Warned(_Event):
    """Something that the user should know and that did not stop the job.

    Attributes:
        message: One line that says what.
        listener: The name of the listener that has failed, if it was one; it is told nothing more of the run.
    """

    type: Literal["warning"] = "warning"
    message: str
    listener: str | None = None


class Noted(_Event):
    """Something worth knowing that is as it should be.

    Attributes:
        message: One line that says what.
    """

    type: Literal["note"] = "note"
    message: str


class Finished(_Event):
    """The job is done.

    Attributes:
        report: The job's report as a dictionary.
    """

    hook: ClassVar[str] = "faceswap_run_ended"

    type: Literal["finished"] = "finished"
    report: dict[str, Any]

    def arguments(self) -> dict[str, Any]:
        """What its hook is called with."""
        return {**super().arguments(), "outcome": "done", "message": ""}


class Failed(_Event):
    """The job has ended early; what was finished is kept.

    Attributes:
        message: One line that says why.
        cancelled: True when the user asked for it.
    """

    hook: ClassVar[str] = "faceswap_run_ended"

    type: Literal["failed"] = "failed"
    message: str
    cancelled: bool = False

    def arguments(self) -> dict[str, Any]:
        """What its hook is called with."""
        outcome = "stopped" if self.cancelled else "failed"
        return {"job": self.job, "time": self.time, "outcome": outcome, "message": self.message, "report": None}


AnyEvent = (
    Started
    | Progress
    | Preview
    | TrainingStarted
    | TrainingStep
    | Validated
    | CheckpointSaved
    | FrameExtracted
    | FrameConverted
    | Warned
    | Noted
    | Finished
    | Failed
)

Event = Annotated[AnyEvent, Field(discriminator="type")]

EVENT: TypeAdapter[Any] = TypeAdapter(Event)
"""Reads and checks events: `EVENT.validate_json(line)`."""
