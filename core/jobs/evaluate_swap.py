"""The job `evaluate swap`: a swapped video against the people in it, and against the truth where it is known."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from ...lib.faceset import DATABASE, Faceset
from ...lib.publish import output_errors
from ..host import PluginChoice
from .context import JobContext
from .evaluate import EvaluateJob, EvaluateReport
from .evaluate_faces import counted
from .extract import ExtractJob
from .groups import MEASURED, OUTPUT

if TYPE_CHECKING:
    from ..kinds import Metric


class EvaluateSwapJob(EvaluateJob):
    """Measure SWAPPED, a video or a faceset of it, against the facesets of both people.

    \b
    Example:
        faceswap evaluate swap swap.mp4 --source swap.mp4.swap/source --target swap.mp4.swap/target

    Whom do its faces show: as sets they are compared with --source and --target. Do they act as the target did: each
    face is compared with the target's at the same moment. With --truth, footage of what the swap should have been (only
    made-up footage has it), pixels are compared too. Videos are extracted first, with the plugins of --target's faces
    and their default options; their faces are kept in the folder of the report.
    """  # noqa: D301 - click's mark for lines that stay as they are.

    command: ClassVar[str] = "evaluate swap"
    positional: ClassVar[tuple[str, ...]] = ("swapped",)

    swapped: Path = Field(description="The swapped video, or the faceset of it.")
    source: Path = Field(description="The faceset of the person whose face was put on.", json_schema_extra=MEASURED)
    target: Path = Field(description="The faceset of the footage that was changed.", json_schema_extra=MEASURED)
    truth: Path | None = Field(
        None, description="A video of what the swap should be, or the faceset of it.", json_schema_extra=MEASURED
    )
    output: Path | None = Field(
        None,
        description="The folder for report.json and report.html.  [default: SWAPPED.evaluation]",
        json_schema_extra=OUTPUT,
    )

    def home(self) -> Path:
        """The folder of the report."""
        return self.output or self.swapped.with_name(f"{self.swapped.name}.evaluation")

    def preflight(self) -> None:
        """Refuses what every evaluation refuses, facesets that cannot be opened, and media that cannot be extracted."""
        super().preflight()
        for path in (self.source, self.target):
            Faceset.open(path).close()
        for name, path in self._given().items():
            if not _is_faceset(path):
                self.extraction(path, name).preflight()

    def extraction(self, media: Path, name: str) -> ExtractJob:
        """The job that extracts a video as the target was."""
        with Faceset.open(self.target) as target:
            made = {stage.kind: PluginChoice(name=stage.name) for stage in reversed(target.stages)}
        plugins = {kind: made[kind] for kind in ("detector", "aligner", "recognizer") if kind in made}
        return ExtractJob(media=(media,), faceset=self.home() / name, maskers=(), **plugins)

    def run(self, context: JobContext) -> EvaluateReport:
        """Extracts where needed, and measures.

        Raises:
            MediaError: A video cannot be read, or shows no face.
            StoreError: A faceset is damaged, of other footage, or lacks what a metric that was asked for needs.
            PluginError: A metric that was asked for failed, or does not suit.
            OutputError: The report cannot be written.
            Cancelled: The user stopped the run.
        """
        from ..evaluating.measuring import Comparison
        from ..evaluating.pairing import pair_faces
        from ..evaluating.streams import Faces, PairedFaces

        with output_errors(self.home()):
            self.home().mkdir(parents=True, exist_ok=True)
        paths = {name: self._faceset(context, path, name) for name, path in self._given().items()}
        with ExitStack() as stack:
            named = {"swapped": paths["swapped"], "source": self.source, "target": self.target, **paths}
            opened = {name: stack.enter_context(Faceset.open(path)) for name, path in named.items()}
            look, swapped = self.look(list(opened.values())), opened["swapped"]
            faces = Faces(swapped, look)
            comparisons = [Comparison("", faces)]
            comparisons += [Comparison(name, faces, Faces(opened[name], look)) for name in ("source", "target")]
            about = {name: counted(faceset) for name, faceset in opened.items()}
            for name in ("target", "truth"):
                if name in opened:
                    pairs = pair_faces(swapped, opened[name])
                    own = [(other, other) for _, other in pairs]
                    fake = PairedFaces(swapped, opened[name], pairs, look)
                    real = PairedFaces(opened[name], opened[name], own, look)
                    comparisons.append(Comparison(f"{name}, by frame", fake, real, same_person=name == "truth"))
                    about[f"pairs with the {name}"] = str(len(pairs))
            return self.evaluate(context, comparisons, about)

    def lacking(self, metric: Metric) -> str:
        """The truth, where it compares the same moments of one person."""
        own = metric.needs_real and metric.needs_pairs and not metric.across_people
        return "needs --truth" if own and not self.truth else ""

    def title(self) -> str:
        """The heading of the page."""
        return f"Evaluation of {self.swapped.resolve().name}"

    def _given(self) -> dict[str, Path]:
        return {"swapped": self.swapped, **({"truth": self.truth} if self.truth else {})}

    def _faceset(self, context: JobContext, path: Path, name: str) -> Path:
        """The faceset of a video, extracted where it is none."""
        if _is_faceset(path):
            return path
        extraction = self.extraction(path, name)
        extraction.run(context)
        return extraction.faceset


def _is_faceset(path: Path) -> bool:
    return (path / DATABASE).exists()
