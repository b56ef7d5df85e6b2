"""What the jobs that measure faces share: metrics in, figures and a page to look at out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from ...lib.faceset import Faceset
from ...lib.publish import output_errors, publish_bytes, require_folder
from ..errors import FaceswapError, PluginError, StoreError, WeightsError
from ..evaluating.figures import HEADING, figure_rows
from ..facesets.recognition import Known, known_recognizer, same_person_below
from ..host import PluginChoice, Prepared, prepare, use_backend, versions
from ..registry import discover
from .context import JobContext
from .groups import MEASURED, OUTPUT
from .job import Job, Report

if TYPE_CHECKING:
    from ..evaluating.measuring import Comparison, Result
    from ..evaluating.streams import Look
    from ..kinds import Metric


class EvaluateReport(Report):
    """What was measured.

    Attributes:
        about: What was measured, in words, by name.
        figures: Metric, what it compared with (empty: nothing), and its figures by name.
        left_out: Why metrics that nobody asked for by name said nothing.
        page: The report to look at.
    """

    about: dict[str, str]
    figures: tuple[tuple[str, str, dict[str, float]], ...]
    left_out: tuple[str, ...] = ()
    page: Path

    def lines(self) -> list[str]:
        """The figures as a table."""
        table = [HEADING, *figure_rows(self.figures)]
        widths = [max(len(row[column]) for row in table) for column in range(3)]
        told = [f"{row[0]:<{widths[0]}}  {row[1]:<{widths[1]}}  {row[2]:>{widths[2]}}" for row in table]
        return [*told, *(f"not measured: {line}" for line in self.left_out), str(self.page)]


class EvaluateJob(Job):
    """Base of the jobs: measures comparisons by metrics, and writes the report."""

    report_class: ClassVar[type[Report]] = EvaluateReport

    output: Path | None = Field(
        None, description="The folder for report.json and report.html.", json_schema_extra=OUTPUT
    )
    size: int = Field(
        256, ge=32, le=1024, description="Side of the crops that metrics see, in pixels.", json_schema_extra=MEASURED
    )
    face_type: Literal["half", "mid-full", "full", "whole", "head"] = Field(
        "full", description="How much of the head they show.", json_schema_extra=MEASURED
    )
    metrics: tuple[PluginChoice, ...] = Field(
        (),
        description="A metric to measure by (repeatable).  [default: every installed one that suits]",
        json_schema_extra=MEASURED,
    )

    def plugin_versions(self) -> dict[str, str]:
        """The metrics that were asked for."""
        return versions(prepare("metric", choice) for choice in self.metrics)

    def preflight(self) -> None:
        """Refuses a report that cannot be written, and metrics that do not exist or say nothing here."""
        require_folder(self.home())
        for choice in self.metrics:
            metric = prepare("metric", choice)
            if lacks := self.lacking(metric.plugin):
                raise PluginError(f"{metric.label} {lacks}")

    def look(self, facesets: Sequence[Faceset]) -> Look:
        """How the faces are shown: with the embeddings of a recognizer that all facesets know."""
        from ..evaluating.streams import Look

        known = [{stage.name for stage in faceset.stages if stage.kind == "recognizer"} for faceset in facesets]
        shared = sorted(set.intersection(*known))
        recognizer = Known(shared[0], same_person_below(shared[0])) if shared else None
        return Look(self.size, self.face_type, recognizer)

    def evaluate(self, context: JobContext, comparisons: Sequence[Comparison], about: dict[str, str]) -> EvaluateReport:
        """Measures all comparisons that suit a metric, and publishes the report."""
        from ..evaluating.measuring import measure

        used, left_out = self._metrics()
        use_backend(used)
        work = [(each, one) for each in used for one in comparisons if one.suits(each.plugin)]
        idle = [each for each in used if not any(one.suits(each.plugin) for one in comparisons)]
        left_out += [self._refused(PluginError(f"{each.label} {self.lacking(each.plugin)}")) for each in idle]
        results: list[Result] = []
        loaded: dict[str, Any] = {}
        with context.stage("measure", len(work), "metrics") as stage:
            for each, comparison in work:
                context.check()
                try:
                    _require(each, comparison)
                    if each.label not in loaded:
                        loaded[each.label] = each.load()
                    results.append(measure(each, loaded[each.label], comparison, context.check))
                except (PluginError, StoreError, WeightsError) as error:
                    left_out.append(self._refused(_named(each, error)))
                stage.advance()
        if not results:
            reasons = "".join(f"\n  {line}" for line in _grouped(left_out))
            raise FaceswapError(f"nothing could be measured:{reasons}")
        return self._publish(context, results, about, tuple(dict.fromkeys(left_out)))

    def lacking(self, metric: Metric) -> str:
        """What a metric would need to say something in this job, behind its name; empty where nothing is lacking."""
        raise NotImplementedError

    def _metrics(self) -> tuple[list[Prepared], list[str]]:
        """The metrics that were asked for, or all that are installed; why some of these cannot be used."""
        if self.metrics:
            return [prepare("metric", choice) for choice in self.metrics], []
        used, broken = [], []
        for found in discover("metric"):
            try:
                used.append(prepare("metric", PluginChoice(name=f"{found.name}@{found.package}")))
            except FaceswapError as error:
                broken.append(str(error))
        return used, broken

    def _refused(self, error: FaceswapError) -> str:
        """Raises what keeps a metric from work that was asked for by name; of others it returns the message."""
        if self.metrics:
            raise error
        return str(error)

    def _publish(
        self, context: JobContext, results: Sequence[Result], about: dict[str, str], left_out: tuple[str, ...]
    ) -> EvaluateReport:
        from ..evaluating.page import html_page

        folder = self.home()
        page = html_page(self.title(), list(about.items()), results, left_out)
        report = EvaluateReport(
            about=about,
            figures=tuple((each.metric, each.comparison.against, each.figures) for each in results),
            left_out=left_out,
            page=folder / "report.html",
        )
        with output_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        publish_bytes(report.page, page.encode())
        publish_bytes(folder / "report.json", report.model_dump_json(indent=1, exclude={"seconds"}).encode())
        return report

    def title(self) -> str:
        """The heading of the page."""
        raise NotImplementedError


def _named(used: Prepared, error: FaceswapError) -> FaceswapError:
    """An error that says whose it is; that of a missing file speaks of the file alone."""
    return error if str(error).startswith(used.label) else type(error)(f"{used.label}: {error}")


def _grouped(left_out: Sequence[str]) -> list[str]:
    """The reasons, each once, behind the metrics that it keeps from their work; those that keep fewest come first."""
    metrics: dict[str, list[str]] = {}
    for line in dict.fromkeys(left_out):
        match = re.fullmatch(r"metric '([^']+)':? (.*)", line)
        name, reason = match.groups() if match else ("", line)
        metrics.setdefault(reason, []).extend([name] if name else [])
    told = sorted(metrics.items(), key=lambda item: len(item[1]))
    return [f"{', '.join(names)}: {reason}" if names else reason for reason, names in told]


def _require(used: Prepared, comparison: Comparison) -> None:
    """Raises StoreError where a metric needs embeddings that a faceset lacks; says how to get them."""
    if "embeddings" not in used.plugin.needs or comparison.fake.look.recognizer is not None:
        return
    sides = [comparison.fake, *([comparison.real] if comparison.real else [])]
    for side in sides:
        known_recognizer(side.faceset, used.label)
    raise StoreError(f"{used.label} needs embeddings of one recognizer, and the facesets have those of different ones")
