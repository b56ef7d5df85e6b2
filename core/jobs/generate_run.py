"""One run of the job `generate`: pictures, what is drawn of them, and their extraction."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..converting.making import making, manifest_of
from ..errors import OptionError
from ..extracting.losses import NoFaceError
from ..generating.outputs import PICTURES, Marked, picture_path, settle_settings
from ..generating.painting import Painter
from .context import JobContext
from .extract import ExtractReport

if TYPE_CHECKING:
    from ..training.saved_model import TrainedModel
    from .generate import GenerateJob, GenerateReport

_GRID = 64
"""Faces of a grid, at most."""
_MIXED = 6
"""Faces of either kind in the table of mixed ones."""


class GenerateRun:
    """Makes what a job asks for.

    Args:
        job: What to do.
        context: Is told, and tells when to stop.
        trained: The generator.

    Raises:
        OptionError: It cannot do what is asked for.
    """

    def __init__(self, job: GenerateJob, context: JobContext, trained: TrainedModel) -> None:
        if job.mix and not trained.plugin.mixes:
            raise OptionError(f"generator '{trained.record.name}' cannot mix: it has no levels that are fed apart.")
        self._job, self._context, self._trained = job, context, trained
        self._marked = Marked(job.sealer(self._making(job.consents(job.model_dir))))
        self._painter = Painter(trained.plugin, job.seed, job.truncation)

    def run(self) -> GenerateReport:
        """Makes the pictures, then finds their faces."""
        from .generate import GenerateReport

        job = self._job
        if job.count:
            self._paint()
        written = list(map(str, self._draw()))
        extracted = self._extract() if job.count else None
        return GenerateReport(
            pictures=extracted.frames if extracted else 0,
            faces=extracted.faces if extracted else 0,
            without_face=extracted.frames_without_face if extracted else 0,
            step=self._trained.step,
            written=written,
            provenance=job.provenance_in_words(job.faceset),
            consent=job.consent_in_words(job.model_dir),
        )

    def _making(self, consents: Sequence[str] = ()) -> dict[str, Any]:
        """What the pictures tell of their making; consent may be recorded later than the first of them are made."""
        return making([(self._trained, manifest_of(self._job.model_dir, self._trained.step))], consents)

    def _paint(self) -> None:
        """Writes the pictures that are not there yet."""
        job, context = self._job, self._context
        settle_settings(job.faceset, {"seed": job.seed, "truncation": job.truncation, **self._making()})
        with context.stage("generating", job.count, "faces") as stage:
            for numbers, faces in self._painter.batches(job.count):
                context.check()
                for number, face in zip(numbers, faces, strict=True):
                    path = picture_path(job.faceset, number)
                    if not path.exists():
                        self._marked.picture(path, face)
                stage.advance(len(numbers))

    def _draw(self) -> list[Path]:
        """Writes the grid, the video and the table that are asked for."""
        job, written = self._job, []
        if job.grid:
            self._marked.grid(job.grid, self._painter.grid(min(job.count or _GRID, _GRID)))
            self._context.preview(job.grid, "generated faces")
            written.append(job.grid)
        if job.interpolate:
            stops = [int(number) for number in job.interpolate.split("..")]
            path, faces = job.faceset / "interpolation.mp4", self._painter.between(stops, job.frames)
            self._marked.video(path, faces, self._trained.crop.size, self._context.check)
            written.append(path)
        if job.mix:
            path = job.faceset / "mix.png"
            self._marked.sheet(path, self._painter.mixed(_MIXED, _MIXED))
            written.append(path)
        return written

    def _extract(self) -> ExtractReport:
        """Finds the faces of the pictures."""
        job = self._job
        try:
            extracted = job.extraction(self._trained.crop.size).run(self._context)
        except NoFaceError as error:
            raise NoFaceError(self._faceless(f"no face was found in its {job.count} pictures")) from error
        if extracted.frames_without_face > extracted.frames / 2:
            few = f"in {extracted.frames_without_face} of its {extracted.frames} pictures no face was found"
            self._context.warn(self._faceless(few))
        return extracted

    def _faceless(self, found: str) -> str:
        """What to do where few faces were found, or none."""
        return (
            f"The generator of {self._job.model_dir} has learned for {self._trained.step} steps, and {found}. Look at "
            f"them in {self._job.faceset / PICTURES}: if they show no faces yet, train it longer; if they do, choose "
            "another --detector or its options."
        )
