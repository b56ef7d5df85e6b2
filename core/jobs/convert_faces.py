"""Where the faces of a swap come from: a faceset, or an extraction that runs beside it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

from ...lib.faceset import Faceset
from ...lib.faceset_writer import FacesetWriter
from ...lib.media import Gathered, Medium, Timeline, fingerprints
from ..converting.casting import Cast, require_schemes
from ..converting.faces import FacesetFaces, not_extracted
from ..converting.footage import Footage
from ..converting.fresh import FreshFaces
from ..extracting.crew import extract_chunks
from ..extracting.footage import Footage as Extracted
from ..extracting.footage import done_places, make_tasks
from ..extracting.losses import given_up
from ..extracting.messages import FACE_TYPE, ChunkResult, MediumFiles, WorkSettings
from ..workers.pool import core_count
from .context import JobContext
from .fly_choices import FlyChoices

KnownFaces = FacesetFaces | FreshFaces


class Supply(ABC):
    """Faces for a swap.

    Args:
        job: Its settings.
        context: Who is told, and who may stop it.
    """

    def __init__(self, job: FlyChoices, context: JobContext) -> None:
        self.job, self.context = job, context

    @abstractmethod
    def require(self, cast: list[Cast]) -> None:
        """Raises PluginError where a model cannot use the landmarks."""

    @abstractmethod
    def digest(self) -> list[Any]:
        """Stands for what the faces depend on."""

    @abstractmethod
    def source(self, folder: Path, medium: Medium, wanted: Timeline) -> AbstractContextManager[KnownFaces]:
        """A context that yields the faces of each frame.

        Args:
            folder: Where faces that are extracted are kept; those of an earlier run are not extracted again.
            medium: The footage.
            wanted: The frames whose faces are asked for.
        """

    def unknown(self, footage: Footage) -> int:
        """How many wanted frames nothing is known of, not even that they have no face; tells of them."""
        return 0

    def taken_out(self) -> int:
        """How many faces people have taken out of those that were found."""
        return 0


@contextmanager
def open_supply(job: FlyChoices, context: JobContext, medium: Medium) -> Iterator[Supply]:
    """A context that yields the supply that a job asks for.

    Raises:
        StoreError: The faceset is damaged, of other footage, or lacks what is asked for.
        FaceswapError: The extraction cannot be done as asked.
    """
    if job.faceset is None:
        yield FreshSupply(job, context)
        return
    with Faceset.open(job.faceset) as faceset:
        yield StoredSupply(job, context, medium, faceset)


class StoredSupply(Supply):
    """Faces of a faceset, which is open."""

    def __init__(self, job: FlyChoices, context: JobContext, medium: Medium, faceset: Faceset) -> None:
        super().__init__(job, context)
        if unused := job.unused():
            context.warn(f"{', '.join(unused)}: not used, since the faces come from {faceset.path}.")
        job.require_faces(faceset, medium)
        self._faceset = faceset
        self._faces: FacesetFaces = job.faces_of(context, faceset)

    def require(self, cast: list[Cast]) -> None:
        """Insists on the faceset's landmarks."""
        require_schemes(cast, self._faceset.info().schemes, f"faceset {self._faceset.path} has", "extract it anew")

    def digest(self) -> list[Any]:
        """The faceset's making and faces, and which of them are swapped."""
        made = [self._faceset.crop_size, self._faceset.face_type, *map(str, self._faceset.stages)]
        return [*made, self._faceset.face_table(("track", "person")).digest(), self._faces.digest()]

    @contextmanager
    def source(self, folder: Path, medium: Medium, wanted: Timeline) -> Iterator[KnownFaces]:
        """The faces as they are stored."""
        yield self._faces

    def unknown(self, footage: Footage) -> int:
        """The frames that were not extracted."""
        count = not_extracted(self._faceset, footage.medium, footage.wanted)
        if count:
            become = "show the original" if footage.keep_unswapped else "are left out"
            self.context.warn(
                f"{count} of {len(footage.wanted.times)} frames were never extracted into {self._faceset.path} and "
                f"{become}; `faceswap extract` without --every and --frames adds them."
            )
        return count

    def taken_out(self) -> int:
        """The faces that were deleted or removed."""
        return len(self._faceset.taken_out())


class FreshSupply(Supply):
    """Faces that are extracted while frames are swapped, into a faceset that lasts as long as its folder.

    In a conversion that lies among the parts of the output, so that a run that was stopped goes on with both.
    """

    def __init__(self, job: FlyChoices, context: JobContext) -> None:
        super().__init__(job, context)
        self._extraction = job.extraction()
        self._plugins = self._extraction.choices().prepare()
        self._people = self._extraction.people(context, self._plugins)
        self._stages = self._extraction.stages(self._plugins, self._people)

    def require(self, cast: list[Cast]) -> None:
        """Insists on the aligner's landmarks."""
        aligner = self._plugins.aligner
        require_schemes(cast, [aligner.plugin.scheme], f"{aligner.label} gives", "choose another --aligner")

    def digest(self) -> list[Any]:
        """The plugins of the extraction with their options, and whose faces are kept."""
        return [self._extraction.crop_size, *map(str, self._stages)]

    @contextmanager
    def source(self, folder: Path, medium: Medium, wanted: Timeline) -> Iterator[KnownFaces]:
        """Starts the extraction, which ends with the context."""
        settings = self._extraction
        files = Gathered(medium.folder, medium.images) if medium.images else Gathered(medium.path)
        with FacesetWriter.create_or_open(
            folder, crop_size=settings.crop_size, face_type=FACE_TYPE, stages=self._stages
        ) as faceset:
            faceset.note_sources(fingerprints(medium))
            faceset.sync()
            done = done_places(files, faceset)
            part = Extracted(files, wanted, done)
            work = WorkSettings(
                media=(MediumFiles(path=files.path.absolute(), images=files.images),),
                faceset=folder.absolute(),
                plugins=settings.choices(),
                crop_size=settings.crop_size,
                check=settings.check,
                people=self._people,
            )
            awaited = [place for place in wanted.times if place not in done]
            with closing(self._results(faceset, part, work)) as results:
                yield FreshFaces(faceset, medium, awaited, results)

    def _results(
        self, faceset: FacesetWriter, part: Extracted, work: WorkSettings
    ) -> Generator[ChunkResult, None, None]:
        """What becomes of the chunks; tells of frames that are given up."""
        settings = self._extraction
        tasks = make_tasks([part], settings.chunk_frames)
        if not tasks:
            return
        workers = min(settings.workers or core_count(), len(tasks))
        extracted = extract_chunks(faceset, work, tasks, workers, settings.frame_seconds, self.context.check)
        with closing(extracted):
            for result, _ in extracted:
                for failure in result.failures:
                    self.context.warn(given_up(part, failure))
                yield result
