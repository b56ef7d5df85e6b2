"""Footage of two people in, a swapped video out: extracts, trains and converts over a workspace that resumes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from ...lib.faceset import DATABASE, Faceset
from ...lib.media import gather
from ...lib.publish import output_errors
from ..errors import StoreError
from ..extracting.scouting import look, wanted_frames
from ..facesets.selecting import require_recognizer
from ..host import PluginChoice, default_chain
from .context import JobContext
from .convert import ConvertJob, ConvertReport
from .extract import ExtractJob, ExtractReport
from .extraction_choices import ExtractionChoices
from .frame_range import FORMS, FrameRange
from .groups import BLENDING, FOOTAGE, LENGTH, OUTPUT, RUNNING
from .isolated import run_isolated
from .job import Report
from .provenance import ProvenanceChoices
from .train import TrainJob, TrainReport
from .train_settings import TrainingChoices


class SwapReport(Report):
    """What a swap did.

    Attributes:
        output: The swapped video or folder.
        source_faces: Faces of the person whose face was put on.
        target_faces: Faces of the footage that was changed.
        iterations: Training iterations in all.
        frames: Frames converted.
        frames_swapped: Frames in which a face was replaced.
        stage_seconds: Seconds of each stage of this run.
        provenance: How the output is signed, or that it is not.
        consent: The records of consent that it names by their hash, or how to add one.
    """

    output: Path
    source_faces: int
    target_faces: int
    iterations: int
    frames: int
    frames_swapped: int
    stage_seconds: dict[str, float]
    provenance: str | None = None
    consent: str | None = None


class SwapJob(ExtractionChoices, TrainingChoices, ProvenanceChoices):
    """Put the face of SOURCE on the person in TARGET and write OUTPUT.

    \b
    Example:
        faceswap swap anna.mp4 clip.mp4 swapped.mp4
        faceswap swap anna.mp4 clip.mp4 swapped.mp4 --iterations 20000 --workspace work

    Extracts the faces of both, trains a model and converts TARGET. All intermediate work lies in the workspace, is
    never deleted, and is continued by the same command: after a kill, or with more --iterations for a better swap.
    """  # noqa: D301 - click's mark for lines that stay as they are.

    command: ClassVar[str] = "swap"
    positional: ClassVar[tuple[str, ...]] = ("source", "target", "output")
    report_class: ClassVar[type[Report]] = SwapReport

    source: Path = Field(description="Footage of the person whose face is put on.")
    target: Path = Field(description="Footage that is changed.")
    output: Path = Field(description="The video, or the folder of images, to write.")
    every: int = Field(
        1,
        ge=1,
        description="Take each N-th frame of SOURCE only, to learn from; TARGET needs all, for each is swapped.",
        json_schema_extra=FOOTAGE,
    )
    frames: FrameRange = Field(
        None,
        description="Swap faces in these frames of TARGET only, and learn from these alone; the others are written as "
        f"they are: {FORMS}",
        json_schema_extra=FOOTAGE,
    )
    workspace: Path | None = Field(
        None, description="Where the work lies.  [default: OUTPUT.swap]", json_schema_extra=OUTPUT
    )
    iterations: int = Field(4000, gt=0, description="Training iterations in all.", json_schema_extra=LENGTH)
    check: bool = Field(
        False, description="Check every plugin call against the tensor contract.", json_schema_extra=RUNNING
    )
    blenders: tuple[PluginChoice, ...] = Field(default_chain("blender"), json_schema_extra=BLENDING)
    listeners: tuple[PluginChoice, ...] = Field(default_chain("listener"), json_schema_extra=RUNNING)

    def home(self) -> Path:
        """The folder that holds the facesets and the model."""
        return self.workspace or self.output.with_name(f"{self.output.name}.swap")

    def plugin_versions(self) -> dict[str, str]:
        """Every plugin of the three stages; an unknown one is told before any work begins."""
        stages = (self.extraction(self.source, "source"), self.training(), self.conversion())
        return {kind: version for stage in stages for kind, version in stage.plugin_versions().items()}

    def extraction(self, media: Path, person: str) -> ExtractJob:
        """The job that extracts one person's faces."""
        return ExtractJob(
            media=media,
            faceset=self.home() / person,
            every=self.every if person == "source" else 1,
            frames=self.frames if person == "target" else None,
            check=self.check,
            **self.extraction_choices(),
        )

    def training(self) -> TrainJob:
        """The job that trains the model."""
        return TrainJob(
            model_dir=self.home() / "model",
            source=self.home() / "source",
            target=self.home() / "target",
            **self.training_choices(),
        )

    def conversion(self) -> ConvertJob:
        """The job that converts the target."""
        return ConvertJob(
            media=self.target,
            output=self.output,
            model_dir=self.home() / "model",
            faceset=self.home() / "target",
            frames=self.frames,
            only=self.target_only,
            not_=self.target_not,
            person=self.target_person,
            blenders=self.blenders,
            check=self.check,
            listeners=self.listeners,
            provenance=self.provenance,
            sign_with=self.sign_with,
            consent=self.consent,
        )

    def preflight(self) -> None:
        """Refuses what any of the stages would refuse, before hours of training."""
        for identity in ("source", "target"):
            require_recognizer(self.face_filter(identity), self.recognizer)
        self.extraction(self.source, "source").preflight()
        self.extraction(self.target, "target").preflight()
        self._require_frames()
        self.training().preflight()
        self.conversion().preflight()
        self._require_own(self.source, "source")
        self._require_own(self.target, "target")

    def run(self, context: JobContext) -> SwapReport:
        """Runs the stages, each of which continues where an earlier run stopped."""
        with output_errors(self.home()):
            self.home().mkdir(exist_ok=True)
        clock = StageClock()
        source: ExtractReport = clock.time("extract source", self.extraction(self.source, "source").run, context)
        target: ExtractReport = clock.time("extract target", self.extraction(self.target, "target").run, context)
        trained: TrainReport = clock.time("train", run_isolated, self.training(), context)
        converted: ConvertReport = clock.time("convert", run_isolated, self.conversion(), context)
        return SwapReport(
            output=self.output,
            source_faces=source.faces,
            target_faces=target.faces,
            iterations=trained.iterations,
            frames=converted.frames,
            frames_swapped=converted.frames_swapped,
            stage_seconds=clock.seconds,
            provenance=converted.provenance,
            consent=converted.consent,
        )

    def _require_frames(self) -> None:
        """Refuses footage that cannot be read, and a stretch that is not in it."""
        for path, frames in ((self.source, None), (self.target, self.frames)):
            media = gather([path])
            for medium, seen in zip(media, look(media, lambda: None), strict=True):
                wanted_frames(medium, seen, frames)

    def _require_own(self, media: Path, person: str) -> None:
        """Refuses a workspace of other footage, whose faces would be taken for the same person's.

        Raises:
            StoreError: It holds frames of another medium.
        """
        folder = self.home() / person
        if not (folder / DATABASE).exists():
            return
        with Faceset.open(folder) as faceset:
            own = {file.name for medium in gather([media]) for file in medium.files}
            others = sorted(set(faceset.sources()) - own)
        if others:
            raise StoreError(
                f"{self.home()} holds a swap whose {person} is {others[0]}, not {media}; choose another OUTPUT or "
                "--workspace"
            )


class StageClock:
    """Notes how long each stage of a job takes."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def time(self, stage: str, function: Callable[..., Any], *arguments: Any) -> Any:
        """Calls a function and notes its seconds under the stage's name."""
        began = time.monotonic()
        try:
            return function(*arguments)
        finally:
            self.seconds[stage] = round(self.seconds.get(stage, 0.0) + time.monotonic() - began, 2)
