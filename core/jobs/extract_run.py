"""One run of the job `extract` on an open faceset: looks at the media, extracts, fills gaps, stores tracks."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...lib.faceset_writer import FacesetWriter
from ...lib.media import Gathered, gather
from .. import events
from ..errors import MediaError
from ..extracting.crew import extract_chunks
from ..extracting.footage import Footage, distinct, done_places, is_whole, make_tasks, note_whole
from ..extracting.gaps import gap_tasks
from ..extracting.losses import NoFaceError, Warnings, given_up, no_face, stage_name, tell_undecoded
from ..extracting.messages import ChunkResult, ChunkTask, MediumFiles, WorkSettings
from ..extracting.plugins import ExtractPlugins
from ..extracting.scouting import look, wanted_frames
from ..extracting.tracks import FacesetTracks
from ..facesets.selecting import Wanted
from ..workers.pool import core_count
from .context import JobContext, Stage

if TYPE_CHECKING:
    from .extract import ExtractJob, ExtractReport


class ExtractRun:
    """The state of a run.

    Args:
        job: Its settings.
        context: What is told of it, and who may stop it.
        faceset: Where the faces go.
        plugins: The chain, not loaded: only workers load it.
        people: Whose faces are stored; None for everybody's.
    """

    def __init__(
        self,
        job: ExtractJob,
        context: JobContext,
        faceset: FacesetWriter,
        plugins: ExtractPlugins,
        people: Wanted | None,
    ) -> None:
        self._job, self._context, self._faceset = job, context, faceset
        self._plugins, self._people = plugins, people
        self._warnings = Warnings(context.warn)

    def run(self) -> ExtractReport:
        """Does the work; see `ExtractJob.run`."""
        from .extract import ExtractReport

        began, job, faceset = time.monotonic(), self._job, self._faceset
        media, marks = distinct(gather(job.media))
        faceset.note_sources(marks)
        faceset.sync()
        selection = job.selection()
        skipped = [each for each in media if job.skip_existing and is_whole(faceset, each, selection, marks)]
        footage = self._look([each for each in media if each not in skipped])
        tasks = make_tasks(footage, job.chunk_frames)
        done, total = sum(len(part.done) for part in footage), sum(part.total for part in footage)
        workers = max(1, self._workers(tasks))
        with self._context.stage(stage_name(footage), total, "frames", done, workers=workers) as stage:
            results = self._extract(footage, tasks, stage)
        seconds = time.monotonic() - began
        missing = tell_undecoded(footage, results, self._warnings)
        for part, lacks in zip(footage, missing, strict=True):
            if not lacks:
                note_whole(faceset, part.medium, selection, marks)
        filled, tracks = self._track(footage)
        info = faceset.info()
        if footage and not info.frames:
            raise MediaError(self._warnings.told[0])
        if info.faces == 0 and info.deleted == 0 and info.removed == 0:
            raise NoFaceError(no_face(media, info.frames, bool(job.face_filter())))
        extracted = sum(result.frames for result in results)
        return ExtractReport(
            media=len(media),
            media_skipped=len(skipped),
            frames=info.frames,
            faces=info.faces,
            frames_without_face=info.frames_without_face,
            faces_taken_out=info.deleted + info.removed,
            frames_extracted=extracted,
            frames_missing=sum(missing),
            frames_per_second=round(extracted / seconds, 2),
            faces_filled=filled,
            tracks=tracks,
            workers=self._workers(tasks),
            warnings=tuple(self._warnings.told),
        )

    def _look(self, media: Sequence[Gathered]) -> list[Footage]:
        """Finds the wanted frames of each medium; one that cannot be read is told and left out, unless it is the last.

        Raises:
            MediaError: None can be read.
        """
        footage = []
        for medium, seen in zip(media, look(media, self._context.check, self._job.frame_seconds), strict=True):
            try:
                chosen = wanted_frames(medium, seen, self._job.frames, self._job.every)
            except MediaError as error:
                self._leave_out(str(error), len(media))
                continue
            done = done_places(medium, self._faceset).intersection(chosen.times)
            footage.append(Footage(medium, chosen, done))
        if media and not any(part.total for part in footage):
            raise MediaError(f"none of these {len(media)} media has frames to extract")
        return footage

    def _leave_out(self, reason: str, media: int) -> None:
        """Tells of a medium that is left out; raises MediaError where it is the only one."""
        if media == 1:
            raise MediaError(reason)
        self._warnings.add(f"{reason}; it is left out")

    def _extract(
        self, footage: Sequence[Footage], tasks: Sequence[ChunkTask], stage: Stage, tell: bool = True
    ) -> list[ChunkResult]:
        """Runs the tasks and commits each chunk as it comes; this process is the only one that writes the rows.

        Unless told otherwise, listeners hear of each frame.
        """
        results, faces, seconds = [], 0, self._job.frame_seconds
        work, workers = self._work(footage), self._workers(tasks)
        for result, added in extract_chunks(self._faceset, work, tasks, workers, seconds, self._context.check):
            faces += added
            results.append(result)
            for failure in result.failures:
                self._warnings.add(given_up(footage[result.medium], failure))
            for frame in result.each if tell else ():
                self._context.tell(events.FrameExtracted, **dict(frame))
            stage.advance(result.frames, faces=faces)
        return results

    def _track(self, footage: Sequence[Footage]) -> tuple[int, int]:
        """Adds the faces that tracks lack and stores all tracks; returns how many faces and tracks."""
        tracks = FacesetTracks(self._faceset, self._plugins.recognizer)
        tasks = gap_tasks(footage, tracks, self._job.fill_gaps, self._job.chunk_frames)
        if not tasks:
            return 0, tracks.note(self._faceset)
        before = len(self._faceset)
        workers, total = self._workers(tasks), sum(len(task.wanted) for task in tasks)
        with self._context.stage("fill gaps", total, "frames", workers=workers) as stage:
            self._extract(footage, tasks, stage, tell=False)
        tracks = FacesetTracks(self._faceset, self._plugins.recognizer)
        return len(self._faceset) - before, tracks.note(self._faceset)

    def _workers(self, tasks: Sequence[ChunkTask]) -> int:
        return min(self._job.workers or core_count(), len(tasks))

    def _work(self, footage: Sequence[Footage]) -> WorkSettings:
        """What every worker is given."""
        return WorkSettings(
            media=tuple(MediumFiles(path=part.medium.path.absolute(), images=part.medium.images) for part in footage),
            faceset=self._job.faceset.absolute(),
            plugins=self._job.choices(),
            crop_size=self._job.crop_size,
            check=self._job.check,
            people=self._people,
        )
