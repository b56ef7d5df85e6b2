"""Boxes and landmarks that another tool has found become a faceset, through the usual chain from the aligner on."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from ...lib.exchange.boxes import GivenFace, GivenFaces, read_boxes
from ...lib.faceset_writer import FacesetWriter
from ...lib.media import Gathered, Timeline, fingerprints, gather
from ..errors import MediaError
from ..extracting.chain import FACE_TYPE
from ..extracting.crew import extract_chunks
from ..extracting.footage import Footage, done_places, images_timeline, make_tasks
from ..extracting.given import with_file
from ..extracting.losses import Warnings, given_up, tell_undecoded
from ..extracting.messages import ChunkResult, ChunkTask, GivenFile, GivenFrame, MediumFiles, WorkSettings
from ..extracting.plugins import ExtractPlugins, PluginChoices
from ..extracting.scouting import look
from ..host import PluginChoice, default_chain, default_choice, versions
from ..workers.limits import Limits
from ..workers.pool import core_count
from .context import JobContext
from .job import Job, Report

_CHUNK = 16


class ImportBoxesReport(Report):
    """What the faceset holds after a run.

    Attributes:
        frames: Frames of the footage, those without a box too.
        faces: Faces in them.
        frames_imported: Frames of this run alone.
        frames_missing: Frames that could not be had in this run; the next one tries them again.
        rows: Faces that the file names.
        workers: Processes that imported.
    """

    frames: int
    faces: int
    frames_imported: int
    frames_missing: int = 0
    rows: int
    workers: int = 0


class ImportBoxesJob(Job):
    """Make FACESET of MEDIA and a file that says where its faces are.

    The file's boxes stand for the detector, and its landmarks, where it has them, for the aligner; the rest is as in
    an extraction. Frames that the file does not name have no face. The same job continues after a stop or a kill.
    """

    command: ClassVar[str] = "import-boxes"
    positional: ClassVar[tuple[str, ...]] = ("media", "faceset")
    report_class: ClassVar[type[Report]] = ImportBoxesReport

    media: Path = Field(description="The video, image or folder of images.")
    faceset: Path = Field(description="The folder that the faces go to; it is made if it is not there.")
    boxes: Path = Field(description="The CSV or JSON file of boxes.")
    crop_size: int = Field(512, ge=64, le=2048, description="Side of the stored crops in pixels.")
    aligner: PluginChoice = default_choice("aligner")
    maskers: tuple[PluginChoice, ...] = default_chain("masker")
    recognizer: PluginChoice | None = None
    workers: int | None = Field(None, gt=0, description="Processes that import.  [default: one per core]")

    def home(self) -> Path:
        """The faceset's folder."""
        return self.faceset

    def plugin_versions(self) -> dict[str, str]:
        """The plugins of the chain."""
        return versions(self._choices().prepare().all[1:])

    def preflight(self) -> None:
        """Refuses paths without media, files that cannot be read, and plugins that do not fit."""
        self._plugins(self._file(read_boxes(self.boxes))).require_fit()
        self._medium()

    def run(self, context: JobContext) -> ImportBoxesReport:
        """Imports the frames that the faceset does not hold yet.

        Raises:
            MediaError: The medium or the file cannot be read, or the file names frames that are not there.
            PluginError: A plugin is unknown, does not fit the others, or failed.
            StoreError: The faceset was made otherwise or of other footage of the same name, or is damaged.
            OutputError: The faceset cannot be written.
            Cancelled: The user stopped the run.
        """
        given, medium = read_boxes(self.boxes), self._medium()
        timeline = _timeline(medium, context)
        rows, stages = given.by_place(medium, timeline), self._plugins(self._file(given)).stages()
        with FacesetWriter.create_or_open(
            self.faceset, crop_size=self.crop_size, face_type=FACE_TYPE, stages=stages
        ) as faceset:
            faceset.note_sources(fingerprints(medium))
            faceset.sync()
            part = Footage(medium, timeline, done_places(medium, faceset).intersection(timeline.times))
            tasks = [_with_rows(task, rows) for task in make_tasks([part], _CHUNK)]
            workers = min(self.workers or core_count(), len(tasks))
            results = self._import(context, faceset, part, tasks, self._work(part, given), workers)
            missing = tell_undecoded([part], results, Warnings(context.warn))
            info = faceset.info()
        return ImportBoxesReport(
            frames=info.frames,
            faces=info.faces,
            frames_imported=sum(result.frames for result in results),
            frames_missing=sum(missing),
            rows=len(given.faces),
            workers=workers,
        )

    def _import(
        self,
        context: JobContext,
        faceset: FacesetWriter,
        part: Footage,
        tasks: list[ChunkTask],
        work: WorkSettings,
        workers: int,
    ) -> list[ChunkResult]:
        """Runs the chunks and commits each as it comes."""
        results = []
        extracted = extract_chunks(faceset, work, tasks, workers, Limits.seconds, context.check)
        with (
            context.stage(f"import {self.boxes.name}", part.total, "frames", len(part.done)) as stage,
            closing(extracted),
        ):
            for result, _ in extracted:
                for failure in result.failures:
                    context.warn(given_up(part, failure))
                results.append(result)
                stage.advance(result.frames)
        return results

    def _medium(self) -> Gathered:
        """The one medium that is meant.

        Raises:
            MediaError: There is none, or there are several.
        """
        media = gather([self.media])
        if len(media) > 1:
            raise MediaError(f"{self.media} holds {len(media)} media, and a file of boxes is of one: name the video")
        return media[0]

    def _choices(self) -> PluginChoices:
        """The plugins as they were chosen; the detector is there for the form alone."""
        return PluginChoices(
            detector=default_choice("detector"),
            aligner=self.aligner,
            maskers=self.maskers,
            recognizer=self.recognizer,
        )

    def _file(self, given: GivenFaces) -> GivenFile:
        return GivenFile(digest=hashlib.sha256(self.boxes.read_bytes()).hexdigest(), scheme=given.scheme)

    def _plugins(self, file: GivenFile) -> ExtractPlugins:
        """The chain with the file in it."""
        return with_file(self._choices().prepare(), file)[0]

    def _work(self, part: Footage, given: GivenFaces) -> WorkSettings:
        return WorkSettings(
            media=(MediumFiles(path=part.medium.path.absolute(), images=part.medium.images),),
            faceset=self.faceset.absolute(),
            plugins=self._choices(),
            crop_size=self.crop_size,
            given=self._file(given),
        )


def _timeline(medium: Gathered, context: JobContext) -> Timeline:
    """All frames of a medium; a video is looked at in a process of its own.

    Raises:
        MediaError: It cannot be read.
    """
    if medium.images:
        return images_timeline(medium)
    (seen,) = look([medium.path], context.check)
    if seen.refused:
        raise MediaError(seen.refused)
    return seen.timeline


def _with_rows(task: ChunkTask, rows: Mapping[int, list[GivenFace]]) -> ChunkTask:
    """A chunk with what the file says of its frames."""
    given = tuple(_given_frame(place, rows[place]) for place in task.wanted if place in rows)
    return task.model_copy(update={"given": given})


def _given_frame(place: int, faces: list[GivenFace]) -> GivenFrame:
    return GivenFrame(
        place=place,
        boxes=tuple(tuple(face.box.tolist()) for face in faces),
        scores=tuple(face.score for face in faces),
        landmarks=tuple(tuple(face.landmarks.ravel().tolist()) for face in faces if face.landmarks is not None),
    )
