"""Whether generated faces can stand in for footage: how they measure, and what a model that learns from them becomes.

The study follows one of 132,000 frames, a StyleGAN2 and 1,000 of its faces; its figures stand in the documentation.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ...lib.publish import publish_bytes
from ..host import PluginChoice, built_in
from ..jobs.context import EventTaker, JobContext
from .quality import ENDLESS, RECOGNIZER, Contestant, Quality
from .quality_report import QualityReport
from .timed_training import Trained, train_for, trained
from .train_sides import label_of

_SEED = 20
_SPREAD = "identity-spread"

Figures = Mapping[str, float]


@dataclass(frozen=True)
class SetOfFaces:
    """What was measured of a set of faces against the real ones.

    Attributes:
        name: The generator, or what else made them.
        pictures: How many pictures there are.
        faces: Those in which a face was found.
        figures: Metric and figure -> value.
        trained: How the generator was trained; None where none was.
    """

    name: str
    pictures: int
    faces: int
    figures: Figures
    trained: Trained | None = None


@dataclass(frozen=True)
class StudyReport:
    """What the study found.

    Attributes:
        spreads: Mean and variance of the identity spread, for faces all alike and for varied ones.
        sets: The sets of faces: real ones of another take first, then each generator's.
        swaps: The swaps of models that learned from real and from generated faces.
    """

    spreads: Mapping[str, Figures]
    sets: tuple[SetOfFaces, ...]
    swaps: QualityReport

    def markdown(self) -> str:
        """The tables."""
        spreads = [(name, *(f"{value:.3f}" for value in figures.values())) for name, figures in self.spreads.items()]
        names = list(dict.fromkeys(name for each in self.sets for name in each.figures))
        return "\n".join(
            [
                _table([("100 faces", "mean", "variance"), *spreads]),
                _table([("set", "minutes", "iterations", "pictures", "faces", *names), *map(self._row, self.sets)]),
                self.swaps.markdown(),
            ]
        )

    def _row(self, each: SetOfFaces) -> tuple[str, ...]:
        names = dict.fromkeys(name for other in self.sets for name in other.figures)
        figures = (f"{each.figures[name]:.4g}" if name in each.figures else "-" for name in names)
        training = (f"{each.trained.minutes:g}", f"{each.trained.iterations:,}") if each.trained else ("-", "-")
        return (each.name, *training, str(each.pictures), str(each.faces), *figures)

    def as_dict(self) -> dict[str, Any]:
        """The report as JSON holds it."""
        sets = [{**vars(each), "trained": vars(each.trained) if each.trained else None} for each in self.sets]
        return {"spreads": self.spreads, "sets": sets, "swaps": self.swaps.as_dict()}


@dataclass(frozen=True)
class Study:
    """The study in a work folder; the same call continues.

    Attributes:
        work: The folder.
        generators: What makes faces.
        model: What learns to swap.
        minutes: Training time of each generator in all.
        swap_minutes: Training time of each model in all.
        seconds: Length of each performer's footage.
        count: Pictures that each generator makes.
        batch_size: Faces in a step of a generator; smaller than usual, since a CPU must take some hundred steps.
    """

    work: Path
    generators: Collection[PluginChoice]
    model: PluginChoice
    minutes: float
    swap_minutes: float
    seconds: float = 24.0
    count: int = 1000
    batch_size: int = 32

    def run(self, listener: EventTaker) -> StudyReport:
        """Does what no earlier call has done, measures, and writes report.json and report.md.

        Raises:
            FaceswapError: The folder holds other footage, or a part of the work failed.
        """
        context = JobContext(listener, self.work)
        self._swaps.run(["prepare"], listener)
        spreads, varied = self._spreads(context)
        sets = [self._measured(context, "real, another take", varied, len_of(varied))]
        sets += [self._generated(context, generator) for generator in self.generators]
        swaps = self._swaps.run(["train", "convert", "measure"], listener)
        assert swaps is not None
        report = StudyReport(spreads, tuple(sets), swaps)
        publish_bytes(self.work / "report.json", json.dumps(report.as_dict(), indent=1).encode())
        publish_bytes(self.work / "report.md", report.markdown().encode())
        return report

    @cached_property
    def _swaps(self) -> Quality:
        learned = [
            Contestant(f"from {label_of(one)}", self.model, self._folder(one) / "faces") for one in self.generators
        ]
        contestants = [Contestant("from real frames", self.model), *learned]
        return Quality(self.work / "swaps", contestants, self.swap_minutes, self.seconds)

    def _spreads(self, context: JobContext) -> tuple[dict[str, Figures], Path]:
        """The spread of faces all alike and of varied ones; and the faceset of the varied ones."""
        from .study_footage import render_sets

        found: dict[str, Figures] = {}
        for name, video in render_sets(context, self.work / "spread", _SEED).items():
            faces = video.with_suffix("")
            self._extract(context, video, faces)
            ((_, _, found[name]),) = self._evaluate(context, faces, None, (built_in(_SPREAD),))
        return found, faces

    def _generated(self, context: JobContext, generator: PluginChoice) -> SetOfFaces:
        """Trains a generator on the source's faces, lets it make some, and measures them."""
        from ..jobs.generate import GenerateJob
        from ..jobs.isolated import run_isolated
        from ..jobs.train import TrainJob

        folder = self._folder(generator)

        def training(minutes: float) -> TrainJob:
            return TrainJob(
                model_dir=folder / "model",
                faceset=self._swaps.work / "source",
                generator=generator,
                minutes=minutes,
                iterations=ENDLESS,
                save_every=ENDLESS,
                batch_size=self.batch_size,
                flip=0.0,
            )

        train_for(context, folder, self.minutes, training)
        job = GenerateJob(
            model_dir=folder / "model", faceset=folder / "faces", count=self.count, grid=folder / "grid.png"
        )
        run_isolated(job, context)
        context.preview(folder / "grid.png", label_of(generator))
        return self._measured(context, label_of(generator), folder / "faces", self.count, trained(folder))

    def _measured(
        self, context: JobContext, name: str, faces: Path, pictures: int, training: Trained | None = None
    ) -> SetOfFaces:
        measured = self._evaluate(context, faces, self._swaps.work / "source", ())
        figures = {
            f"{metric} {figure.replace('_', ' ')}".strip(): value
            for metric, against, values in measured
            for figure, value in values.items()
        }
        return SetOfFaces(name, pictures, len_of(faces), figures, training)

    def _evaluate(
        self, context: JobContext, faces: Path, reference: Path | None, metrics: tuple[PluginChoice, ...]
    ) -> tuple[tuple[str, str, dict[str, float]], ...]:
        from ..jobs.evaluate_faces import EvaluateFacesJob
        from ..jobs.isolated import run_isolated

        job = EvaluateFacesJob(generated=faces, reference=reference, metrics=metrics)
        figures: tuple[tuple[str, str, dict[str, float]], ...] = run_isolated(job, context).figures
        return figures

    def _extract(self, context: JobContext, media: Path, faceset: Path) -> None:
        from ..jobs.extract import ExtractJob

        ExtractJob(media=media, faceset=faceset, recognizer=built_in(RECOGNIZER)).run(context)

    def _folder(self, generator: PluginChoice) -> Path:
        return self.work / Contestant.of(generator).folder_name


def len_of(faceset: Path) -> int:
    """How many faces a faceset holds."""
    from ...lib.faceset import Faceset

    with Faceset.open(faceset) as opened:
        return len(opened)


def _table(rows: list[tuple[str, ...]]) -> str:
    """Rows as a Markdown table, the headings first."""
    heading, *others = rows
    return "".join(f"| {' | '.join(row)} |\n" for row in (heading, ("---",) * len(heading), *others))
