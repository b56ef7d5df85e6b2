"""What the jobs share that make a faceset of footage of which it is known already where the faces are."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from ...lib.exchange.boxes import GivenFace, GivenFaces
from ...lib.faceset_writer import FacesetWriter
from ...lib.media import Gathered, Timeline, fingerprints, gather
from ..errors import MediaError
from ..extracting.crew import extract_chunks
from ..extracting.footage import Footage, done_places, make_tasks
from ..extracting.given import with_file
from ..extracting.losses import Warnings, given_up, tell_undecoded
from ..extracting.messages import ChunkResult, ChunkTask, GivenFile, GivenFrame, MediumFiles, WorkSettings
from ..extracting.plugins import ExtractPlugins, PluginChoices
from ..extracting.scouting import look, wanted_frames
from ..host import PluginChoice, default_choice, versions
from ..workers.limits import Limits
from ..workers.pool import core_count
from .context import JobContext
from .job import Job, Report

_CHUNK = 16


@dataclass(frozen=True)
class Given:
    """What is known of the faces of a medium.

    Attributes:
        faces: Where they are.
        digest: Tells it from what is known otherwise.
        crop_size: Side of the crops that are stored, in pixels.
        face_type: How much of the head they show.
    """

    faces: GivenFaces
    digest: str
    crop_size: int
    face_type: str

    @property
    def file(self) -> GivenFile:
        """What stands for the detector, and with landmarks for the aligner."""
        return GivenFile(digest=self.digest, scheme=self.faces.scheme)


class ImportReport(Report):
    """What the faceset holds after a run.

    Attributes:
        frames: Frames of the footage, those without a face too.
        faces: Faces in them.
        frames_imported: Frames of this run alone.
        frames_missing: Frames that could not be had in this run; the next one tries them again.
        faces_given: Faces of which it is told where they are.
        workers: Processes that imported.
    """

    frames: int
    faces: int
    frames_imported: int
    frames_missing: int = 0
    faces_given: int
    workers: int = 0


class ImportGivenJob(Job):
    """Base of the jobs. What is known stands for the detector; the rest is as in an extraction.

    Frames of which nothing is known have no face. The same job continues after a stop or a kill.
    """

    positional: ClassVar[tuple[str, ...]] = ("media", "faceset")
    report_class: ClassVar[type[Report]] = ImportReport

    media: Path = Field(description="The video, image or folder of images.")
    faceset: Path = Field(description="The folder that the faces go to; it is made if it is not there.")
    maskers: tuple[PluginChoice, ...] = ()
    recognizer: PluginChoice | None = None
    workers: int | None = Field(None, gt=0, description="Processes that import.  [default: one per core]")

    def home(self) -> Path:
        """The faceset's folder."""
        return self.faceset

    def plugin_versions(self) -> dict[str, str]:
        """The plugins of the chain."""
        return versions(self.choices().prepare().all[1:])

    def preflight(self) -> None:
        """Refuses paths without media, what says nothing of them, and plugins that do not fit."""
        plugins = self._plugins(self.given(self.medium()))
        plugins.require_fit()
        plugins.require_weights()

    def run(self, context: JobContext) -> ImportReport:
        """Imports the frames that the faceset does not hold yet.

        Raises:
            MediaError: Nothing of the medium can be read, or what is known of it cannot, or is of frames that are not
                there.
            PluginError: A plugin is unknown, does not fit the others, or failed.
            StoreError: The faceset was made otherwise or of other footage of the same name, or is damaged.
            OutputError: The faceset cannot be written.
            Cancelled: The user stopped the run.
        """
        medium = self.medium()
        given, timeline = self.given(medium), _timeline(medium, context)
        rows = given.faces.by_place(medium, timeline)
        with FacesetWriter.create_or_open(
            self.faceset, crop_size=given.crop_size, face_type=given.face_type, stages=self._plugins(given).stages()
        ) as faceset:
            faceset.note_sources(fingerprints(medium))
            faceset.sync()
            part = Footage(medium, timeline, done_places(medium, faceset).intersection(timeline.times))
            tasks = [_with_rows(task, rows) for task in make_tasks([part], _CHUNK)]
            workers = min(self.workers or core_count(), len(tasks))
            results = self._import(context, faceset, part, tasks, self._work(part, given), workers)
            warnings = Warnings(context.warn)
            missing = tell_undecoded([part], results, warnings)
            info = faceset.info()
            if not info.frames:
                raise MediaError(warnings.told[0])
            self.imported(faceset)
        return ImportReport(
            frames=info.frames,
            faces=info.faces,
            frames_imported=sum(result.frames for result in results),
            frames_missing=sum(missing),
            faces_given=len(given.faces.faces),
            workers=workers,
        )

    def given(self, medium: Gathered) -> Given:
        """What is known of a medium.

        Raises:
            MediaError: It cannot be read.
        """
        raise NotImplementedError

    def imported(self, faceset: FacesetWriter) -> None:
        """Called when all frames are there that can be had."""

    def choices(self) -> PluginChoices:
        """The plugins as they were chosen; the detector is there for the form alone, as is an aligner of landmarks."""
        return PluginChoices(
            detector=default_choice("detector"),
            aligner=default_choice("aligner"),
            maskers=self.maskers,
            recognizer=self.recognizer,
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
            context.stage(
                f"import {part.medium.label.name}", part.total, "frames", len(part.done), workers=max(1, workers)
            ) as stage,
            closing(extracted),
        ):
            for result, _ in extracted:
                for failure in result.failures:
                    context.warn(given_up(part, failure))
                results.append(result)
                stage.advance(result.frames)
        return results

    def medium(self) -> Gathered:
        """The one medium that is meant.

        Raises:
            MediaError: There is none, or there are several.
        """
        media = gather([self.media])
        if len(media) > 1:
            raise MediaError(f"{self.media} holds {len(media)} media, and one is wanted: name the video")
        return media[0]

    def _plugins(self, given: Given) -> ExtractPlugins:
        """The chain with what is known in it."""
        return with_file(self.choices().prepare(), given.file)[0]

    def _work(self, part: Footage, given: Given) -> WorkSettings:
        return WorkSettings(
            media=(MediumFiles(path=part.medium.path.absolute(), images=part.medium.images),),
            faceset=self.faceset.absolute(),
            plugins=self.choices(),
            crop_size=given.crop_size,
            face_type=given.face_type,
            given=given.file,
        )


def _timeline(medium: Gathered, context: JobContext) -> Timeline:
    """All frames of a medium; a video is looked at in a process of its own.

    Raises:
        MediaError: It cannot be read.
    """
    (seen,) = look([medium], context.check)
    return wanted_frames(medium, seen)


def _with_rows(task: ChunkTask, rows: Mapping[int, list[GivenFace]]) -> ChunkTask:
    """A chunk with what is known of its frames."""
    given = tuple(_given_frame(place, rows[place]) for place in task.wanted if place in rows)
    return task.model_copy(update={"given": given})


def _given_frame(place: int, faces: list[GivenFace]) -> GivenFrame:
    return GivenFrame(
        place=place,
        boxes=tuple(tuple(face.box.tolist()) for face in faces),
        scores=tuple(face.score for face in faces),
        landmarks=tuple(tuple(face.landmarks.ravel().tolist()) for face in faces if face.landmarks is not None),
    )
