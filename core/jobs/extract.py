"""Footage in, faceset out: finds the faces of every frame and stores them with their geometry."""

from __future__ import annotations

import time
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, field_validator

from ...lib.faceset_writer import FacesetWriter
from ...lib.media import Gathered, Selection, gather
from .. import events
from ..errors import MediaError
from ..extracting.chain import FACE_TYPE
from ..extracting.footage import (
    Footage,
    distinct,
    done_places,
    images_timeline,
    is_whole,
    make_tasks,
    note_whole,
    require_times,
)
from ..extracting.losses import Warnings, given_up, no_face, stage_name, tell_undecoded
from ..extracting.mending import Mender
from ..extracting.messages import ChunkResult, ChunkTask, MediumFiles, WorkSettings
from ..extracting.plugins import PluginChoices
from ..extracting.scouting import Seen, look
from ..host import PluginChoice, default_chain, default_choice, versions
from ..workers.limits import Limits
from ..workers.pool import WorkerPool, core_count
from .context import JobContext
from .job import Job, Report

_WORKER_MODULE = __name__.replace("jobs.extract", "extracting.work")


class ExtractReport(Report):
    """What the faceset holds after a run.

    Attributes:
        media: Videos, and folders with images, that were asked for.
        media_skipped: Those that were not opened, since the faceset held all of them.
        frames: Frames that were looked at, those of earlier runs included.
        faces: Faces that were found in them.
        frames_without_face: Frames in which none was found.
        frames_extracted: Frames of this run alone.
        frames_missing: Frames that could not be extracted in this run; the next one tries them again.
        frames_per_second: Of this run.
        workers: Processes that extracted.
        warnings: What the user should know.
    """

    media: int = 1
    media_skipped: int = 0
    frames: int
    faces: int
    frames_without_face: int
    frames_extracted: int
    frames_missing: int = 0
    frames_per_second: float
    workers: int
    warnings: tuple[str, ...] = ()


class ExtractJob(Job):
    """Find the faces of MEDIA and store them in FACESET.

    MEDIA are videos, images and folders, as many as you like. Of a folder all images and all videos are taken; its
    subfolders are not searched. FACESET is a folder, whose crops can be looked at and deleted in any file browser. The
    same command continues after a stop or a kill.
    """

    command: ClassVar[str] = "extract"
    positional: ClassVar[tuple[str, ...]] = ("media", "faceset")
    report_class: ClassVar[type[Report]] = ExtractReport

    media: tuple[Path, ...] = Field(description="The videos, images and folders of both.")
    faceset: Path = Field(description="The folder that the faces go to; it is made if it is not there.")
    every: int = Field(1, ge=1, description="Take each N-th frame only, counted from the first that is wanted.")
    frames: str | None = Field(
        None,
        description="Take these frames of each medium only, both ends included: 100-200 (numbers from 0), or times of "
        "a video from its beginning, 0:12-0:15; 100- and -0:15 are open.",
    )
    skip_existing: bool = Field(False, description="Do not even open media of which the faceset holds all frames.")
    crop_size: int = Field(512, ge=64, le=2048, description="Side of the stored crops in pixels.")
    chunk_frames: int = Field(16, ge=1, description="Frames that a worker extracts and commits together.")
    workers: int | None = Field(None, gt=0, description="Processes that extract.  [default: one per core]")
    frame_seconds: float = Field(
        30, gt=0, description="Seconds without progress on a frame after which it is given up."
    )
    check: bool = Field(False, description="Check every plugin call against the tensor contract.")
    detector: PluginChoice = default_choice("detector")
    aligner: PluginChoice = default_choice("aligner")
    maskers: tuple[PluginChoice, ...] = default_chain("masker")
    recognizer: PluginChoice | None = None

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

    @field_validator("frames")
    @classmethod
    def _readable(cls, frames: str | None) -> str | None:
        Selection.parse(1, frames or "")
        return frames

    def home(self) -> Path:
        """The faceset's folder."""
        return self.faceset

    def plugin_versions(self) -> dict[str, str]:
        """The plugins of the chain."""
        return versions(self._choices().prepare().all)

    def preflight(self) -> None:
        """Refuses paths without media, and plugins that do not fit each other."""
        self._choices().prepare().require_fit()
        require_times(self._selection(), gather(self.media))

    def run(self, context: JobContext) -> ExtractReport:
        """Extracts the frames that the faceset does not hold yet.

        Raises:
            MediaError: No medium can be read, or no face was found.
            PluginError: A plugin is unknown, does not fit the others, or failed.
            StoreError: The faceset was made otherwise or of other footage of the same name, or is damaged.
            OutputError: The faceset cannot be written.
            Cancelled: The user stopped the run.
        """
        plugins = self._choices().prepare()
        with FacesetWriter.create_or_open(
            self.faceset, crop_size=self.crop_size, face_type=FACE_TYPE, stages=plugins.stages()
        ) as faceset:
            return self._fill(faceset, context)

    def _fill(self, faceset: FacesetWriter, context: JobContext) -> ExtractReport:
        """Does the work on an open faceset."""
        began = time.monotonic()
        media, marks = distinct(gather(self.media))
        faceset.note_sources(marks)
        faceset.sync()
        selection, warnings = self._selection(), Warnings(context.warn)
        skipped = [each for each in media if self.skip_existing and is_whole(faceset, each, selection, marks)]
        wanted = [each for each in media if each not in skipped]
        footage = self._look(wanted, faceset, context, warnings)
        tasks = make_tasks(footage, self.chunk_frames)
        workers = min(self.workers or core_count(), len(tasks))
        results = self._extract(context, faceset, footage, tasks, workers, warnings)
        missing = tell_undecoded(footage, results, warnings)
        for part, lacks in zip(footage, missing, strict=True):
            if not lacks:
                note_whole(faceset, part.medium, selection, marks)
        info = faceset.info()
        if footage and not info.frames:
            raise MediaError(warnings.told[0])
        if info.faces == 0 and info.deleted == 0:
            raise MediaError(no_face(media, info.frames))
        extracted = sum(result.frames for result in results)
        return ExtractReport(
            media=len(media),
            media_skipped=len(skipped),
            frames=info.frames,
            faces=info.faces,
            frames_without_face=info.frames_without_face,
            frames_extracted=extracted,
            frames_missing=sum(missing),
            frames_per_second=round(extracted / (time.monotonic() - began), 2),
            workers=workers,
            warnings=tuple(warnings.told),
        )

    def _look(
        self, media: Sequence[Gathered], faceset: FacesetWriter, context: JobContext, warnings: Warnings
    ) -> list[Footage]:
        """Finds the wanted frames of each medium; one that cannot be read is told and left out, unless it is the last.

        Raises:
            MediaError: None can be read.
        """
        videos = iter(look([each.path for each in media if not each.images], context.check, self.frame_seconds))
        footage = []
        for medium in media:
            seen = Seen(images_timeline(medium), Fraction(1)) if medium.images else next(videos)
            if seen.refused:
                if len(media) == 1:
                    raise MediaError(seen.refused)
                warnings.add(f"{seen.refused}; it is left out")
                continue
            chosen = self._selection().of(seen.timeline, seen.time_base)
            if not chosen.times:
                count = len(seen.timeline.times)
                warnings.add(f"{medium.label} has no frame in --frames {self.frames}; it has {count}.")
            done = done_places(medium, faceset).intersection(chosen.times)
            footage.append(Footage(medium, chosen, done))
        if media and not any(part.total for part in footage):
            raise MediaError(warnings.told[0] if warnings.told else f"{media[0].label} holds no frames")
        return footage

    def _extract(
        self,
        context: JobContext,
        faceset: FacesetWriter,
        footage: Sequence[Footage],
        tasks: Sequence[ChunkTask],
        workers: int,
        warnings: Warnings,
    ) -> list[ChunkResult]:
        """Runs the tasks and commits each chunk as it comes; this process is the only one that writes the rows."""
        results, faces, mender = [], 0, Mender()
        limits = Limits.shared(self.frame_seconds, workers)
        done, total = sum(len(part.done) for part in footage), sum(part.total for part in footage)
        with (
            context.stage(stage_name(footage), total, "frames", done) as stage,
            WorkerPool(_WORKER_MODULE, "ChunkWorker", self._work(footage), workers, limits, mender) as pool,
        ):
            for answer in pool.run([task.model_dump(mode="json") for task in tasks], context.check):
                result = ChunkResult.model_validate(answer)
                faces += faceset.commit_chunk(result.record)
                results.append(result)
                if result.frames:
                    mender.succeeded(result.medium)
                for failure in result.failures:
                    warnings.add(given_up(footage[result.medium], failure))
                for frame in result.each:
                    context.tell(events.FrameExtracted, **dict(frame))
                stage.advance(result.frames, faces=faces)
        return results

    def _work(self, footage: Sequence[Footage]) -> dict[str, Any]:
        """What every worker is given."""
        return WorkSettings(
            media=tuple(MediumFiles(path=part.medium.path.absolute(), images=part.medium.images) for part in footage),
            faceset=self.faceset.absolute(),
            plugins=self._choices(),
            crop_size=self.crop_size,
            check=self.check,
        ).model_dump(mode="json")

    def _selection(self) -> Selection:
        return Selection.parse(self.every, self.frames or "")

    def _choices(self) -> PluginChoices:
        return PluginChoices(
            detector=self.detector, aligner=self.aligner, maskers=self.maskers, recognizer=self.recognizer
        )
