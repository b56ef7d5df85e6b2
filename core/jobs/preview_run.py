"""One run of the job `preview`: chooses the frames, swaps them each way, and draws the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...lib.faceset import Faceset
from ...lib.media import probe, scan
from ...lib.provenance.pictures import write_sealed
from ..converting.casting import Cast, require_schemes
from ..converting.chain import load_chain
from ..converting.faces import FacesetFaces
from ..converting.grid import Row, draw_grid, read_rows, swapped_tiles
from ..converting.shots import Shots
from ..converting.stream import Swapper
from ..converting.trying import differing_faces, places_at
from ..errors import StoreError
from .context import JobContext, Stage

if TYPE_CHECKING:
    from .preview import PreviewJob, PreviewReport

Tiles = dict[str, NDArray[np.uint8]]


class PreviewRun:
    """The state of a run.

    Args:
        job: Its settings.
        context: What is told of it, and who may stop it.
    """

    def __init__(self, job: PreviewJob, context: JobContext) -> None:
        self._job, self._context = job, context
        self._chains = job.chains()
        self._medium = probe(job.media)
        self._timeline = scan(self._medium)
        self._blenders = [used for chain in self._chains.values() for used in chain]

    def run(self) -> PreviewReport:
        """Does the work; see `PreviewJob.run`."""
        job, medium, timeline = self._job, self._medium, self._timeline
        with Faceset.open(job.faceset) as faceset:
            job.require_faces(faceset, medium)
            faces = job.faces_of(self._context, faceset)
            rows = list(read_rows(medium, timeline, self._places(faceset, faces), faces))
            casts, columns = self._swapped(faceset, faces, rows)
        original = medium.folder / rows[0].frame.key.source
        grid = draw_grid(rows, columns, job.tile)
        write_sealed(
            job.output, grid, job.sealer_for([each for cast in casts for each in cast], self._blenders), original
        )
        self._context.preview(job.output, f"{job.media.name}: {len(rows)} frames, {len(columns)} ways")
        return self._report([row.number for row in rows], [cast[0].trained.step for cast in casts])

    def _report(self, frames: list[int], steps: list[int]) -> PreviewReport:
        from .preview import PreviewReport

        return PreviewReport(
            output=self._job.output,
            frames=tuple(frames),
            chains=tuple(self._chains),
            model_steps=tuple(steps),
            provenance=self._job.provenance_in_words(self._job.output),
        )

    def _places(self, faceset: Faceset, faces: FacesetFaces) -> list[int]:
        """Where the frames are that are shown."""
        medium = self._medium
        if self._job.at:
            return places_at(medium, self._timeline, self._job.at)
        names = set(medium.images) or {medium.path.name}
        table = faces.among(faceset.face_table())
        own = [place for place, name in enumerate(table.sources) if name in names]
        table = table.take(np.isin(table.source, own))
        if not len(table):
            raise StoreError(f"faceset {faceset.path} has no face of {medium.path} that would be swapped")
        chosen = table.take(differing_faces(table, self._job.count))
        if medium.kind == "video":
            return sorted(set(chosen.pts.tolist()))
        return sorted({medium.images.index(table.sources[source]) for source in chosen.source.tolist()})

    def _swapped(self, faceset: Faceset, faces: FacesetFaces, rows: list[Row]) -> tuple[list[list[Cast]], Tiles]:
        """The models of each checkpoint, and the columns of the grid by their headings."""
        job, columns = self._job, Tiles()
        casts: list[list[Cast]] = []
        with self._context.stage("preview", len(self._chains) * len(job.checkpoint), "columns") as stage:
            for checkpoint in job.checkpoint:
                cast = job.cast(self._context, self._blenders, checkpoint)
                require_schemes(cast, faceset.info().schemes, f"faceset {faceset.path} has", "extract it anew")
                if _steps(cast) in map(_steps, casts):  # The newest may be the best.
                    stage.advance(len(self._chains))
                    continue
                casts.append(cast)
                columns |= self._columns(cast, faces, rows, stage)
        return casts, columns

    def _columns(self, cast: list[Cast], faces: FacesetFaces, rows: list[Row], stage: Stage) -> Tiles:
        """The columns of one checkpoint."""
        job, columns = self._job, Tiles()
        several = f" (step {cast[0].trained.step})" if len(job.checkpoint) > 1 else ""
        for name, chain in self._chains.items():
            self._context.check()
            shots = Shots(load_chain(chain, job.check))
            swapper = Swapper(faces, job.used_models(cast), shots, job.mask, job.batch_size)
            columns[f"{name}{several}"] = swapped_tiles(rows, self._medium, self._timeline, swapper, job.tile)
            stage.advance()
        return columns


def _steps(cast: list[Cast]) -> list[int]:
    return [each.trained.step for each in cast]
