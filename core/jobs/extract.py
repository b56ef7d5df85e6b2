"""Footage in, faceset out: finds the faces of every frame and stores them with their geometry."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from ...lib.faceset_writer import FacesetWriter
from ...lib.media import Medium, Timeline, fingerprints, probe, scan
from .. import events
from ..errors import MediaError
from ..extracting.chain import FACE_TYPE
from ..extracting.plugins import PluginChoices
from ..extracting.settings import Alignment, Search, settings_of
from ..extracting.work import ChunkResult, ChunkTask, WorkSettings
from ..host import PluginChoice, default_chain, default_choice, versions
from ..workers.pool import WorkerPool, core_count
from .context import JobContext
from .job import Job, Report

_WORKER_MODULE = __name__.replace("jobs.extract", "extracting.work")


class ExtractReport(Report):
    """What the faceset holds after a run.

    Attributes:
        frames: Frames that were looked at, those of earlier runs included.
        faces: Faces that were found in them.
        frames_without_face: Frames in which none was found.
        frames_extracted: Frames of this run alone.
        frames_per_second: Of this run.
        workers: Processes that extracted.
        warnings: What the user should know.
    """

    frames: int
    faces: int
    frames_without_face: int
    frames_extracted: int
    frames_per_second: float
    workers: int
    warnings: tuple[str, ...] = ()


class ExtractJob(Alignment, Search, Job):
    """Find the faces of MEDIA and store them in FACESET.

    MEDIA is a video, an image or a folder of images. FACESET is a folder, whose crops can be looked at and deleted in
    any file browser. The same command continues after a stop or a kill.
    """

    command: ClassVar[str] = "extract"
    positional: ClassVar[tuple[str, ...]] = ("media", "faceset")
    report_class: ClassVar[type[Report]] = ExtractReport

    media: Path = Field(description="The video, image or folder of images.")
    faceset: Path = Field(description="The folder that the faces go to; it is made if it is not there.")
    crop_size: int = Field(512, ge=64, le=2048, description="Side of the stored crops in pixels.")
    chunk_frames: int = Field(16, ge=1, description="Frames that a worker extracts and commits together.")
    workers: int | None = Field(None, gt=0, description="Processes that extract.  [default: one per core]")
    check: bool = Field(False, description="Check every plugin call against the tensor contract.")
    detector: PluginChoice = default_choice("detector")
    aligner: PluginChoice = default_choice("aligner")
    maskers: tuple[PluginChoice, ...] = default_chain("masker")
    recognizer: PluginChoice | None = None

    def home(self) -> Path:
        """The faceset's folder."""
        return self.faceset

    def plugin_versions(self) -> dict[str, str]:
        """The plugins of the chain."""
        return versions(self._choices().prepare().all)

    def preflight(self) -> None:
        """Refuses footage that cannot be read and plugins that do not fit each other."""
        self._choices().prepare().require_fit()
        probe(self.media)

    def run(self, context: JobContext) -> ExtractReport:
        """Extracts the frames that the faceset does not hold yet.

        Raises:
            MediaError: The medium cannot be read, or no face was found in it.
            PluginError: A plugin is unknown, does not fit the others, or failed.
            StoreError: The faceset was made otherwise or of other footage of the same name, or is damaged.
            OutputError: The faceset cannot be written.
            Cancelled: The user stopped the run.
        """
        plugins = self._choices().prepare()
        medium = probe(self.media)
        timeline = scan(medium)
        began = time.monotonic()
        with FacesetWriter.create_or_open(
            self.faceset, crop_size=self.crop_size, face_type=FACE_TYPE, stages=plugins.stages()
        ) as faceset:
            faceset.note_sources(fingerprints(medium))
            faceset.sync()
            tasks = list(_unfinished(medium, timeline, self.chunk_frames, faceset))
            workers = min(self.workers or core_count(), len(tasks))
            results = self._extract(context, faceset, tasks, len(timeline.times), workers)
            info = faceset.info()
        if info.faces == 0 and info.deleted == 0:
            raise MediaError(_no_face(self.media, info.frames))
        extracted = sum(result.frames for result in results)
        return ExtractReport(
            frames=info.frames,
            faces=info.faces,
            frames_without_face=info.frames_without_face,
            frames_extracted=extracted,
            frames_per_second=round(extracted / (time.monotonic() - began), 2),
            workers=workers,
            warnings=_warn(context, self.media, timeline, results),
        )

    def _extract(
        self, context: JobContext, faceset: FacesetWriter, tasks: list[ChunkTask], total: int, workers: int
    ) -> list[ChunkResult]:
        """Runs the tasks and commits each chunk as it comes; this process is the only one that writes the rows."""
        done = total - sum(task.count - len(task.done) for task in tasks)
        results, faces = [], 0
        settings = WorkSettings(
            media=self.media.absolute(),
            faceset=self.faceset.absolute(),
            plugins=self._choices(),
            crop_size=self.crop_size,
            check=self.check,
        ).model_dump(mode="json")
        with (
            context.stage(f"extract {self.media.name}", total, "frames", done) as stage,
            WorkerPool(_WORKER_MODULE, "ChunkWorker", settings, workers) as pool,
        ):
            for answer in pool.run([task.model_dump(mode="json") for task in tasks], context.check):
                result = ChunkResult.model_validate(answer)
                faces += faceset.commit_chunk(result.record)
                results.append(result)
                for frame in result.each:
                    context.tell(events.FrameExtracted, **dict(frame))
                stage.advance(result.frames, faces=faces)
        return results

    def _choices(self) -> PluginChoices:
        return PluginChoices(
            detector=self.detector,
            aligner=self.aligner,
            maskers=self.maskers,
            recognizer=self.recognizer,
            search=settings_of(Search, self),
            alignment=settings_of(Alignment, self),
        )


def _unfinished(medium: Medium, timeline: Timeline, chunk_frames: int, faceset: FacesetWriter) -> Iterator[ChunkTask]:
    """The chunks of which the faceset lacks frames."""
    done = _done(medium, timeline, faceset)
    for chunk in timeline.chunks(chunk_frames):
        held = [done[place] for place in timeline.times if chunk.first <= place <= chunk.last and place in done]
        if len(held) < chunk.count:
            yield ChunkTask(index=chunk.index, first=chunk.first, last=chunk.last, count=chunk.count, done=tuple(held))


def _done(medium: Medium, timeline: Timeline, faceset: FacesetWriter) -> dict[int, tuple[str, int]]:
    """The frames that the faceset holds: their place in the timeline -> (source, pts)."""
    if medium.kind == "video":
        return {pts: (medium.path.name, pts) for pts in faceset.done_frames(medium.path.name)}
    return {place: (medium.images[place], 0) for place in timeline.times if faceset.done_frames(medium.images[place])}


def _warn(context: JobContext, media: Path, timeline: Timeline, results: list[ChunkResult]) -> tuple[str, ...]:
    """Tells of frames that the medium announces and that could not be decoded."""
    missing = timeline.missing + sum(result.missing for result in results)
    if missing == 0:
        return ()
    announced = len(timeline.times) + timeline.missing
    warning = f"{media} is cut short or damaged: {announced - missing} of {announced} frames could be decoded."
    context.warn(warning)
    return (warning,)


def _no_face(media: Path, frames: int) -> str:
    return (
        f"No face was found in {media} ({frames} frame{'s' if frames != 1 else ''}). Small faces need --upsample 1 or "
        "2, in large frames with --tiles 960; turned ones --rotations 90,270; or choose another --detector."
    )
