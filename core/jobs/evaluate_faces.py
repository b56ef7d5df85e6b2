"""The job `evaluate faces`: faces that were generated, or any others, against a person's real ones."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from ...lib.faceset import Faceset
from .context import JobContext
from .evaluate import EvaluateJob, EvaluateReport
from .groups import MEASURED, OUTPUT

if TYPE_CHECKING:
    from ..kinds import Metric


class EvaluateFacesJob(EvaluateJob):
    """Measure the faces of GENERATED, a faceset, alone and against real ones.

    \b
    Example:
        faceswap generate models/anna faces/generated --count 1000
        faceswap evaluate faces faces/generated --reference faces/anna

    Without --metric every installed metric that suits is used. Most compare embeddings, so both facesets need those of
    one --recognizer: `generate` makes them, and `extract` does if asked; pictures that were generated elsewhere are
    extracted like footage. Figures are explained in the documentation, under Evaluation; figures of different
    recognizers do not compare.
    """  # noqa: D301 - click's mark for lines that stay as they are.

    command: ClassVar[str] = "evaluate faces"
    positional: ClassVar[tuple[str, ...]] = ("generated",)

    generated: Path = Field(description="The faceset to measure.")
    reference: Path | None = Field(
        None, description="A faceset of real faces of the person.", json_schema_extra=MEASURED
    )
    output: Path | None = Field(
        None,
        description="The folder for report.json and report.html.  [default: GENERATED.evaluation]",
        json_schema_extra=OUTPUT,
    )

    def home(self) -> Path:
        """The folder of the report."""
        return self.output or self.generated.with_name(f"{self.generated.name}.evaluation")

    def preflight(self) -> None:
        """Refuses what every evaluation refuses, and facesets that cannot be opened."""
        super().preflight()
        for path in filter(None, (self.generated, self.reference)):
            Faceset.open(path).close()

    def run(self, context: JobContext) -> EvaluateReport:
        """Measures.

        Raises:
            StoreError: A faceset is damaged, or lacks what a metric that was asked for needs.
            PluginError: A metric that was asked for failed, or does not suit.
            OutputError: The report cannot be written.
            Cancelled: The user stopped the run.
        """
        from ..evaluating.measuring import Comparison
        from ..evaluating.streams import Faces

        with ExitStack() as stack:
            generated = stack.enter_context(Faceset.open(self.generated))
            reference = stack.enter_context(Faceset.open(self.reference)) if self.reference else None
            look = self.look([generated, *([reference] if reference else [])])
            faces = Faces(generated, look)
            comparisons = [Comparison("", faces)]
            if reference:
                comparisons.append(Comparison("reference", faces, Faces(reference, look)))
            return self.evaluate(context, comparisons, {"faces": counted(generated), **_named(reference)})

    def lacking(self, metric: Metric) -> str:
        """What a metric would need: the other faces, or the same moments of them."""
        if not metric.needs_real:
            return ""
        if metric.needs_pairs:
            return "compares the same moments, as `faceswap evaluate swap` does"
        return "needs --reference" if self.reference is None else ""

    def title(self) -> str:
        """The heading of the page."""
        return f"Evaluation of {self.generated.resolve().name}"


def _named(reference: Faceset | None) -> dict[str, str]:
    return {} if reference is None else {"reference": counted(reference)}


def counted(faceset: Faceset) -> str:
    """A faceset in words."""
    info = faceset.info()
    return f"{faceset.path}: {info.faces} faces; {info.frames_without_face} of {info.frames} pictures without a face"
