"""Footage in, faceset out: finds the faces of every frame and stores them with their geometry."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, field_validator

from ...lib.face_records import Stage
from ...lib.faceset_writer import FacesetWriter
from ...lib.media import Selection, gather
from ...lib.tracking import MEMORY
from ..extracting.footage import require_times
from ..extracting.messages import FACE_TYPE
from ..extracting.plugins import ExtractPlugins, PluginChoices
from ..extracting.settings import Alignment, Search, settings_of
from ..facesets.selecting import FaceFilter, Pictures, Wanted, require_recognizer
from ..host import PluginChoice, versions
from ..registry import own_version
from .context import JobContext
from .extraction_choices import ExtractionChoices
from .frame_range import FORMS, FrameRange
from .groups import FINDING, FOOTAGE, OUTPUT, PEOPLE, RUNNING
from .job import Report

_OF_FACESET = frozenset({"frames", "faces", "frames_without_face", "faces_taken_out", "tracks"})


class ExtractReport(Report):
    """What a run did, and what the faceset holds after it.

    Attributes:
        media: Videos, and folders with images, that were asked for.
        media_skipped: Those that were not opened, since the faceset held all of them.
        frames: Frames that were looked at, those of earlier runs included.
        faces: Faces that were found in them.
        frames_without_face: Frames of which the faceset holds no face: none was found, or it was taken out.
        faces_taken_out: Faces that were found and that you deleted or removed; they stay out.
        frames_extracted: Frames of this run alone.
        frames_missing: Frames that could not be extracted in this run; the next one tries them again.
        frames_per_second: Of this run.
        faces_filled: Faces that this run added where the detector had missed them.
        tracks: Tracks that the faces form: a face, frame after frame.
        workers: Processes that extracted.
        warnings: What the user should know.
    """

    media: int = 1
    media_skipped: int = 0
    frames: int
    faces: int
    frames_without_face: int
    faces_taken_out: int = 0
    frames_extracted: int
    frames_missing: int = 0
    frames_per_second: float
    faces_filled: int = 0
    tracks: int = 0
    workers: int
    warnings: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """This run's figures, then those of the faceset, which other runs have had their part in."""
        whole = self._told(_OF_FACESET)
        run = self._told(type(self).model_fields.keys() - _OF_FACESET)
        return ["this run:", *(f"  {line}" for line in run), "the faceset now:", *(f"  {line}" for line in whole)]


class ExtractJob(ExtractionChoices):
    """Find the faces of MEDIA and store them in FACESET.

    \b
    Example:
        faceswap extract clip.mp4 faces/clip
        faceswap extract clip.mp4 photos faces/anna --every 5 --min-face 5%

    MEDIA are videos, images and folders, as many as you like. Of a folder all images and all videos are taken; its
    subfolders are not searched. FACESET is a folder, whose crops can be looked at and deleted in any file browser. The
    same command continues after a stop or a kill.
    """  # noqa: D301 - click's mark for lines that stay as they are.

    command: ClassVar[str] = "extract"
    positional: ClassVar[tuple[str, ...]] = ("media", "faceset")
    report_class: ClassVar[type[Report]] = ExtractReport

    media: tuple[Path, ...] = Field(description="The videos, images and folders of both.")
    faceset: Path = Field(description="The folder that the faces go to; it is made if it is not there.")
    every: int = Field(
        1,
        ge=1,
        description="Take each N-th frame only, counted from the first that is wanted.",
        json_schema_extra=FOOTAGE,
    )
    frames: FrameRange = Field(
        None, description=f"Take these frames of each medium only: {FORMS}", json_schema_extra=FOOTAGE
    )
    skip_existing: bool = Field(
        False, description="Do not even open media of which the faceset holds all frames.", json_schema_extra=FOOTAGE
    )
    crop_size: int = Field(
        512, ge=64, le=2048, description="Side of the stored crops in pixels.", json_schema_extra=OUTPUT
    )
    chunk_frames: int = Field(
        16, ge=1, description="Frames that a worker extracts and commits together.", json_schema_extra=RUNNING
    )
    frame_seconds: float = Field(
        30,
        gt=0,
        description="Seconds without progress on a frame after which it is given up.",
        json_schema_extra=RUNNING,
    )
    only: Pictures = Field(
        (), description="Picture of a person whose faces alone are stored (repeatable).", json_schema_extra=PEOPLE
    )
    not_: Pictures = Field(
        (), description="Picture of a person whose faces are not stored (repeatable).", json_schema_extra=PEOPLE
    )
    fill_gaps: int = Field(
        3,
        ge=0,
        le=MEMORY,
        description="Frames of a track in which the detector may miss the face: it is added there; 0: never.",
        json_schema_extra=FINDING,
    )
    check: bool = Field(
        False, description="Check every plugin call against the tensor contract.", json_schema_extra=RUNNING
    )
    recognizer: PluginChoice | None = Field(
        None,
        description="The recognizer that notes who each face is like: for --only and --not, people, sorting by "
        "identity, and tracks across cuts.",
        json_schema_extra=FINDING,
    )

    @field_validator("media", mode="before")
    @classmethod
    def _several(cls, media: Any) -> Any:
        """A single path may stand for a list of one."""
        return (media,) if isinstance(media, (str, Path)) else media

    @field_validator("media")
    @classmethod
    def _some(cls, media: tuple[Path, ...]) -> tuple[Path, ...]:
        if not media:
            raise ValueError("at least one video, image or folder is needed")
        return media

    def home(self) -> Path:
        """The faceset's folder."""
        return self.faceset

    def plugin_versions(self) -> dict[str, str]:
        """The plugins of the chain."""
        return versions(self.choices().prepare().all)

    def preflight(self) -> None:
        """Refuses paths without media, plugins that do not fit each other, and those whose weights are missing."""
        plugins = self.choices().prepare()
        plugins.require_fit()
        plugins.require_weights()
        require_recognizer(self.face_filter(), self.recognizer)
        require_times(self.selection(), gather(self.media))

    def run(self, context: JobContext) -> ExtractReport:
        """Extracts the frames that the faceset does not hold yet.

        Raises:
            MediaError: No medium can be read, or no face was found.
            PluginError: A plugin is unknown, does not fit the others, or failed.
            StoreError: The faceset was made otherwise or of other footage of the same name, or is damaged.
            OutputError: The faceset cannot be written.
            Cancelled: The user stopped the run.
        """
        from .extract_run import ExtractRun

        plugins = self.choices().prepare()
        people = self.people(context, plugins)
        stages = self.stages(plugins, people)
        with FacesetWriter.create_or_open(
            self.faceset, crop_size=self.crop_size, face_type=FACE_TYPE, stages=stages
        ) as faceset:
            return ExtractRun(self, context, faceset, plugins, people).run()

    def selection(self) -> Selection:
        """Which frames are wanted."""
        return Selection.parse(self.every, self.frames or "")

    def face_filter(self) -> FaceFilter:
        """Whose faces are wanted."""
        return FaceFilter(only=self.only, without=self.not_)

    def choices(self) -> PluginChoices:
        """The plugins."""
        return PluginChoices(
            detector=self.detector,
            aligner=self.aligner,
            maskers=self.maskers,
            recognizer=self.recognizer,
            search=settings_of(Search, self),
            alignment=settings_of(Alignment, self),
        )

    def people(self, context: JobContext, plugins: ExtractPlugins) -> Wanted | None:
        """Whose faces are stored; None for everybody's."""
        asked = self.face_filter()
        if not asked or plugins.recognizer is None:
            return None
        from ..extracting.references import reference_embeddings

        embeddings = reference_embeddings(self.choices(), asked.references, context.check)
        return Wanted.of(asked, embeddings, plugins.recognizer.plugin.same_person_below)

    def stages(self, plugins: ExtractPlugins, people: Wanted | None) -> tuple[Stage, ...]:
        """What the faceset notes of its making, so that it is continued with the same plugins and references only."""
        if people is None:
            return plugins.stages()
        digest = hashlib.sha256(b"".join(path.read_bytes() for path in self.face_filter().references))
        digest.update(bytes([len(self.only), len(self.not_)]))
        return (*plugins.stages(), Stage("filter", "references", own_version(), digest.hexdigest()))
