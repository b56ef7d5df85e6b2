"""Footage in, faceset out: finds the faces of every frame and stores them with their geometry."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from ...lib.face_records import Stage as FaceStage
from ...lib.faceset_writer import FacesetWriter
from ...lib.media import Medium, Timeline, fingerprints, probe, scan
from ...lib.tracking import MEMORY
from .. import events
from ..errors import MediaError
from ..extracting.chain import FACE_TYPE
from ..extracting.plugins import ExtractPlugins, PluginChoices
from ..extracting.work import ChunkResult, ChunkTask, MissedFaces, WorkSettings
from ..host import PluginChoice, default_chain, default_choice, versions
from ..registry import own_version
from ..selecting import FaceFilter, Pictures, Wanted, require_recognizer
from ..workers.pool import WorkerPool, core_count
from .context import JobContext, Stage
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
        faces_filled: Faces that this run added where the detector had missed them.
        tracks: Tracks that the faces form: a face, frame after frame.
        workers: Processes that extracted.
        warnings: What the user should know.
    """

    frames: int
    faces: int
    frames_without_face: int
    frames_extracted: int
    frames_per_second: float
    faces_filled: int = 0
    tracks: int = 0
    workers: int
    warnings: tuple[str, ...] = ()


class ExtractJob(Job):
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
    only: Pictures = Field((), description="Picture of a person whose faces alone are stored (repeatable).")
    not_: Pictures = Field((), description="Picture of a person whose faces are not stored (repeatable).")
    fill_gaps: int = Field(
        3,
        ge=0,
        le=MEMORY,
        description="Frames of a track in which the detector may miss the face: it is added there; 0: never.",
    )
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
        require_recognizer(self._filter(), self.recognizer)
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
        wanted = self._wanted(context, plugins)
        began = time.monotonic()
        with FacesetWriter.create_or_open(
            self.faceset,
            crop_size=self.crop_size,
            face_type=FACE_TYPE,
            stages=(*plugins.stages(), *self._filter_stage(wanted)),
        ) as faceset:
            faceset.note_sources(fingerprints(medium))
            faceset.sync()
            tasks = list(_unfinished(medium, timeline, self.chunk_frames, faceset))
            done = len(timeline.times) - sum(task.count - len(task.done) for task in tasks)
            with context.stage(f"extract {self.media.name}", len(timeline.times), "frames", done) as stage:
                results = self._extract(context, faceset, tasks, stage, wanted)
            seconds = time.monotonic() - began
            filled, tracks = self._track(context, faceset, medium, timeline, plugins, wanted)
            info = faceset.info()
        if info.faces == 0 and info.deleted == 0:
            raise MediaError(_no_face(self.media, info.frames, bool(self._filter())))
        extracted = sum(result.frames for result in results)
        return ExtractReport(
            frames=info.frames,
            faces=info.faces,
            frames_without_face=info.frames_without_face,
            frames_extracted=extracted,
            frames_per_second=round(extracted / seconds, 2),
            faces_filled=filled,
            tracks=tracks,
            workers=self._worker_count(tasks),
            warnings=_warn(context, self.media, timeline, results),
        )

    def _extract(
        self,
        context: JobContext,
        faceset: FacesetWriter,
        tasks: list[ChunkTask],
        stage: Stage,
        wanted: Wanted | None,
        tell: bool = True,
    ) -> list[ChunkResult]:
        """Runs the tasks and commits each chunk as it comes; this process is the only one that writes the rows.

        Unless told otherwise, listeners hear of each frame.
        """
        results, faces = [], 0
        settings = WorkSettings(
            media=self.media.absolute(),
            faceset=self.faceset.absolute(),
            plugins=self._choices(),
            crop_size=self.crop_size,
            check=self.check,
            wanted=wanted,
        ).model_dump(mode="json")
        with WorkerPool(_WORKER_MODULE, "ChunkWorker", settings, self._worker_count(tasks)) as pool:
            for answer in pool.run([task.model_dump(mode="json") for task in tasks], context.check):
                result = ChunkResult.model_validate(answer)
                faces += faceset.commit_chunk(result.record)
                results.append(result)
                for frame in result.each if tell else ():
                    context.tell(events.FrameExtracted, **dict(frame))
                stage.advance(result.frames, faces=faces)
        return results

    def _track(
        self,
        context: JobContext,
        faceset: FacesetWriter,
        medium: Medium,
        timeline: Timeline,
        plugins: ExtractPlugins,
        wanted: Wanted | None,
    ) -> tuple[int, int]:
        """Adds the faces that tracks lack and stores all tracks; returns how many faces and tracks."""
        from ..extracting.tracks import FacesetTracks

        tracks = FacesetTracks(faceset, plugins.recognizer)
        missed = tracks.missed(medium.path.name, self.fill_gaps) if self.fill_gaps else []
        if not missed:
            return 0, tracks.note(faceset)
        before = len(faceset)
        tasks = list(_gaps(medium, timeline, self.chunk_frames, missed))
        with context.stage("fill gaps", len(missed), "frames") as stage:
            self._extract(context, faceset, tasks, stage, wanted, tell=False)
        return len(faceset) - before, FacesetTracks(faceset, plugins.recognizer).note(faceset)

    def _filter(self) -> FaceFilter:
        return FaceFilter(only=self.only, without=self.not_)

    def _wanted(self, context: JobContext, plugins: ExtractPlugins) -> Wanted | None:
        """Whose faces are stored; None for everybody's."""
        asked = self._filter()
        if not asked or plugins.recognizer is None:
            return None
        from ..extracting.references import reference_embeddings

        embeddings = reference_embeddings(self._choices(), asked.references, context.check)
        return Wanted.of(asked, embeddings, plugins.recognizer.plugin.same_person_below)

    def _filter_stage(self, wanted: Wanted | None) -> tuple[FaceStage, ...]:
        """What the faceset notes of the references, so that it is continued with the same ones only."""
        if wanted is None:
            return ()
        digest = hashlib.sha256(b"".join(path.read_bytes() for path in self._filter().references))
        digest.update(bytes([len(self.only), len(self.not_)]))
        return (FaceStage("filter", "references", own_version(), digest.hexdigest()),)

    def _worker_count(self, tasks: list[ChunkTask]) -> int:
        return min(self.workers or core_count(), len(tasks))

    def _choices(self) -> PluginChoices:
        return PluginChoices(
            detector=self.detector, aligner=self.aligner, maskers=self.maskers, recognizer=self.recognizer
        )


def _unfinished(medium: Medium, timeline: Timeline, chunk_frames: int, faceset: FacesetWriter) -> Iterator[ChunkTask]:
    """The chunks of which the faceset lacks frames."""
    done = _done(medium, timeline, faceset)
    for chunk in timeline.chunks(chunk_frames):
        held = [done[place] for place in timeline.times if chunk.first <= place <= chunk.last and place in done]
        if len(held) < chunk.count:
            yield ChunkTask(index=chunk.index, first=chunk.first, last=chunk.last, count=chunk.count, done=tuple(held))


def _gaps(medium: Medium, timeline: Timeline, chunk_frames: int, missed: list[MissedFaces]) -> Iterator[ChunkTask]:
    """The chunks of a video with frames in which faces were missed; the other frames need no work."""
    by_place = {faces.pts: faces for faces in missed}
    for chunk in timeline.chunks(chunk_frames):
        places = [place for place in timeline.times if chunk.first <= place <= chunk.last]
        here = tuple(by_place[place] for place in places if place in by_place)
        if here:
            others = tuple((medium.path.name, place) for place in places if place not in by_place)
            yield ChunkTask(**asdict(chunk), done=others, missed=here)


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


def _no_face(media: Path, frames: int, filtered: bool) -> str:
    if filtered:
        return f"No face of those who are asked for was found in {media} ({frames} frame{'s' if frames != 1 else ''})."
    return (
        f"No face was found in {media} ({frames} frame{'s' if frames != 1 else ''}). Small faces need "
        "--detector.upsample 1 or 2; turned ones are found by --detector mtcnn."
    )
