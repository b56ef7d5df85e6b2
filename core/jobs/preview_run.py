"""One run of the job `preview`: chooses the frames, swaps them each way, and draws the picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...lib.face_table import FaceTable
from ...lib.media import probe
from ...lib.provenance.pictures import write_sealed
from ..converting.casting import Cast
from ..converting.footage import look
from ..converting.grid import Row, draw_grid, read_rows, swapped_tiles
from ..converting.shot_list import Shot, load_shots, require_apart
from ..converting.stream import Swapper
from ..converting.trying import differing_faces, places_at, spread_places
from ..errors import MediaError, StoreError
from ..host import Prepared
from .context import JobContext, Stage
from .convert_faces import KnownFaces, Supply, open_supply

if TYPE_CHECKING:
    from .preview import PreviewJob, PreviewReport

Tiles = dict[str, NDArray[np.uint8]]
Bounds = tuple[int, int]

_LOOKED_AT = 8
"""Frames that are extracted on the fly for each that is shown, if nobody names them: some show no face, or the same."""


class PreviewRun:
    """The state of a run.

    Args:
        job: Its settings.
        context: What is told of it, and who may stop it.
    """

    def __init__(self, job: PreviewJob, context: JobContext) -> None:
        self._job, self._context = job, context
        self._chains, self._shots, self._blenders = job.chains(), job.shot_list(), job.blenders_used()
        self._medium = probe(job.media)
        self._footage = look(self._medium)
        self._timeline = self._footage.whole
        self._bounds = require_apart(self._shots, self._medium, self._timeline)
        self._named = places_at(self._medium, self._timeline, job.at)

    def run(self) -> PreviewReport:
        """Does the work; see `PreviewJob.run`."""
        job, medium = self._job, self._medium
        looked_at = replace(self._timeline, times=self._looked_at())
        with (
            TemporaryDirectory(prefix="faceswap-preview-") as folder,
            open_supply(job, self._context, medium) as supply,
            supply.source(Path(folder) / "faces", medium, looked_at) as faces,
        ):
            rows = list(read_rows(medium, self._timeline, self._named or self._differing(faces.table()), faces))
            casts, columns = self._swapped(supply, faces, rows)
        original = medium.folder / rows[0].frame.key.source
        steps = [cast[0].trained.step for cast in casts]
        title = f"weights of step {' and '.join(map(str, steps))}"
        grid = draw_grid(rows, columns, job.tile, [self._shot_in_words(row) for row in rows], title)
        write_sealed(
            job.output, grid, job.sealer_for([each for cast in casts for each in cast], self._blenders), original
        )
        self._context.preview(job.output, f"{job.media.name}: {len(rows)} frames in {len(columns)} columns")
        return self._report([row.number for row in rows], steps)

    def _report(self, frames: list[int], steps: list[int]) -> PreviewReport:
        from .preview import PreviewReport

        return PreviewReport(
            output=self._job.output,
            frames=tuple(frames),
            chains=tuple(self._chains),
            shots=tuple(f"{shot.frames}, {shot.chain}" for shot in self._shots),
            model_steps=tuple(steps),
            provenance=self._job.provenance_in_words(self._job.output),
        )

    def _shot_in_words(self, row: Row) -> str:
        """Which stretch of the file a frame lies in, for its label."""
        ends = enumerate(self._bounds, start=1)
        return next((f"shot {number}," for number, (first, last) in ends if first <= row.place <= last), "")

    def _stretches(self) -> list[Bounds]:
        """The places of the first and the last frame of what is shown: the shots, or the whole medium."""
        times = self._timeline.times
        return self._bounds or [(times[0], times[-1])]

    def _looked_at(self) -> tuple[int, ...]:
        """The frames that may be shown."""
        count, found = _LOOKED_AT * self._job.count, set(self._named)
        for first, last in () if self._named else self._stretches():
            found.update(spread_places([place for place in self._timeline.times if first <= place <= last], count))
        return tuple(sorted(found))

    def _differing(self, table: FaceTable) -> list[int]:
        """The places of frames of each stretch whose faces differ.

        Raises:
            MediaError: No frame has a face that would be swapped.
        """
        table, places = self._own(table)
        chosen: list[int] = []
        for first, last in self._stretches():
            rows = np.flatnonzero((places >= first) & (places <= last))
            if len(rows):
                chosen += places[rows[differing_faces(table.take(rows), self._job.count)]].tolist()
        if chosen:
            return chosen
        where = " in the stretches of --shots" if self._shots else ""
        if self._job.faceset:
            raise StoreError(
                f"faceset {self._job.faceset} has no face of {self._medium.path} that would be swapped{where}"
            )
        raise MediaError(
            f"no face was found in {len(self._looked_at())} frames of {self._medium.path}{where}; name frames that "
            "show one with --at, or choose another --detector or its options"
        )

    def _own(self, table: FaceTable) -> tuple[FaceTable, NDArray[np.int64]]:
        """The faces of the medium, which need not be all of a faceset, and the places of their frames."""
        order = {name: place for place, name in enumerate(self._medium.images or (self._medium.path.name,))}
        position = np.array([order.get(name, -1) for name in table.sources], np.int64)
        table = table.take(position[table.source] >= 0) if len(table) else table
        return table, table.pts if self._medium.kind == "video" else position[table.source]

    def _swapped(self, supply: Supply, faces: KnownFaces, rows: list[Row]) -> tuple[list[list[Cast]], Tiles]:
        """The models of each checkpoint, and the columns of the grid by their headings."""
        job, columns, ways = self._job, Tiles(), list(self._ways())
        casts: list[list[Cast]] = []
        with self._context.stage("preview", len(ways) * len(job.checkpoint), "columns") as stage:
            for checkpoint in job.checkpoint:
                cast = job.cast(self._context, self._blenders, checkpoint)
                supply.require(cast)
                if _steps(cast) in map(_steps, casts):  # The newest may be the best.
                    stage.advance(len(ways))
                    continue
                casts.append(cast)
                columns |= self._columns(cast, faces, rows, stage)
        return casts, columns

    def _ways(self) -> Iterator[tuple[str, list[Prepared], Sequence[Shot]]]:
        """The columns for each checkpoint: heading, chain, and what is blended otherwise."""
        for name, chain in self._chains.items():
            yield name, chain, ()
        if self._shots:
            name, chain = next(iter(self._chains.items()))
            yield f"{name}, with shots", chain, self._shots

    def _columns(self, cast: list[Cast], faces: KnownFaces, rows: list[Row], stage: Stage) -> Tiles:
        """The columns of one checkpoint."""
        job, columns = self._job, Tiles()
        several = f" (step {cast[0].trained.step})" if len(job.checkpoint) > 1 else ""
        for name, chain, apart in self._ways():
            self._context.check()
            shots = load_shots(chain, apart, self._bounds[: len(apart)], self._footage, job.check)
            swapper = Swapper(faces, job.used_models(cast), shots, job.mask, job.batch_size)
            columns[f"{name}{several}"] = swapped_tiles(rows, self._medium, self._timeline, swapper, job.tile)
            stage.advance()
        return columns


def _steps(cast: list[Cast]) -> list[int]:
    return [each.trained.step for each in cast]
