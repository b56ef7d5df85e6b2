"""How good models become in the same time, on performers whose true swap is known.

The source acts the target's script as the truth. The stages can run apart, on different machines over the same work
folder: rendering and extraction; training; conversion; measuring.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...lib.publish import output_errors, publish_bytes, remove_folder
from ..errors import FaceswapError, MediaError
from ..host import PluginChoice, built_in
from ..jobs.context import EventTaker, JobContext
from .timed_training import train_for, trained
from .train_sides import label_of

if TYPE_CHECKING:
    from ...lib.performers import Take, Truth
    from ..training.recipe import Precision
    from .quality_report import Entry, QualityReport

RATE = 25

RECOGNIZER = "dlib-resnet"
_SEED = 0
_VARIATION: dict[str, Any] = {"affine": 0.2, "flip": 0.0, "color_match": 0.0, "color_jitter": 0.0}
"""As in the demo: the second performer is made of the first one's mirror image."""

ENDLESS = 10**7
"""Iterations; the minutes end a training before."""

_UNDISTURBED: dict[str, Any] = {
    **{"iterations": ENDLESS, "save_every": ENDLESS, "preview_every": ENDLESS},
    **{"validation": 0.0, "recognizer": None},
}
"""All minutes go into steps; the truth validates."""

_PICTURES = 5


@dataclass(frozen=True)
class Contestant:
    """A model that is compared, and what it learns the source from.

    Attributes:
        name: What the report calls it, and its folder after it.
        model: The model.
        source: The faceset of the source; None takes the footage's own faces.
    """

    name: str
    model: PluginChoice
    source: Path | None = None

    @classmethod
    def of(cls, model: PluginChoice) -> Contestant:
        """A model under its own name."""
        return cls(label_of(model), model)

    @property
    def folder_name(self) -> str:
        """The name as a folder has it."""
        return re.sub(r"[^a-z0-9.]+", "-", self.name.lower())


@dataclass(frozen=True)
class Quality:
    """A comparison of trained models in a work folder.

    Attributes:
        work: The folder.
        contestants: What is compared.
        minutes: Training time of each in all, over all calls.
        seconds: Length of each performer's footage.
        backend: What trains and converts; None takes KERAS_BACKEND's, or the default.
        batch_size: Faces of each person in a step.
        precision: What the networks compute in.
    """

    work: Path
    contestants: Collection[Contestant]
    minutes: float
    seconds: float = 12.0
    backend: str | None = None
    batch_size: int = 16
    precision: Precision = "float32"

    def run(self, stages: Collection[str], listener: EventTaker) -> QualityReport | None:
        """Runs stages.

        Args:
            stages: Of `prepare`, `train`, `convert`, `measure`.
            listener: Takes the events.

        Returns:
            What was measured; None where that was not asked for.

        Raises:
            FaceswapError: The folder holds other footage, or what an earlier stage makes is not there.
        """
        if self.backend:
            os.environ["KERAS_BACKEND"] = self.backend
        with output_errors(self.work):
            self.work.mkdir(parents=True, exist_ok=True)
        self._keep_settings()
        context = JobContext(listener, self.work)
        if "prepare" in stages:
            self.prepare(context)
        for stage, work in (("train", self._train), ("convert", self._convert)):
            if stage in stages:
                for contestant in self.contestants:
                    work(contestant, context)
        return self._measure(context) if "measure" in stages else None

    @property
    def frames(self) -> int:
        """Frames of each performer's footage."""
        return round(self.seconds * RATE)

    @cached_property
    def truth(self) -> Truth:
        """The source acting the target's script."""
        from ...lib.performers import Truth

        source, target = self._takes()
        return Truth(source.performer, target)

    def _takes(self) -> tuple[Take, Take]:
        from ..demo.footage import takes

        return takes(_SEED)

    def _keep_settings(self) -> None:
        """Refuses to continue a folder whose footage has another length."""
        path, settings = self.work / "footage.json", {"seed": _SEED, "frames": self.frames}
        if path.exists() and json.loads(path.read_text()) != settings:
            raise FaceswapError(
                f"{self.work} holds other footage ({path.read_text()}); choose another --work or --seconds"
            )
        publish_bytes(path, json.dumps(settings).encode())

    def prepare(self, context: JobContext) -> None:
        """Renders both performers and extracts their faces."""
        from ..demo.footage import render

        for person, take in zip(("source", "target"), self._takes(), strict=True):
            render(context, self.work / f"{person}.mp4", take, self.frames)
            self._extract(context, self.work / f"{person}.mp4", self.work / person)

    def _extract(self, context: JobContext, media: Path, faceset: Path) -> None:
        from ..jobs.extract import ExtractJob

        ExtractJob(media=media, faceset=faceset, recognizer=built_in(RECOGNIZER)).run(context)

    def _train(self, contestant: Contestant, context: JobContext) -> None:
        """Trains a contestant for what is left of its minutes."""
        from ..jobs.train import TrainJob

        folder = self._folder(contestant)

        def training(minutes: float) -> TrainJob:
            return TrainJob(
                model_dir=folder / "model",
                source=contestant.source or self.work / "source",
                target=self.work / "target",
                model=contestant.model,
                minutes=minutes,
                batch_size=self.batch_size,
                precision=self.precision,
                seed=_SEED,
                **_VARIATION,
                **_UNDISTURBED,
            )

        train_for(context, folder, self.minutes, training)

    def _convert(self, contestant: Contestant, context: JobContext) -> None:
        """Converts the target's footage with the default chain."""
        from ..jobs.convert import ConvertJob
        from ..jobs.isolated import run_isolated

        folder = self._folder(contestant)
        job = ConvertJob(
            media=self.work / "target.mp4",
            output=folder / "swap.mp4",
            model_dir=folder / "model",
            faceset=self.work / "target",
        )
        run_isolated(job, context)

    def _measure(self, context: JobContext) -> QualityReport:
        """Measures all swaps, writes the report and the comparison."""
        from .quality_measure import measure_likeness
        from .quality_report import NO_SWAP, TRUTH, QualityReport

        swaps = {contestant.name: self._folder(contestant) / "swap.mp4" for contestant in self.contestants}
        for name, path in swaps.items():
            if not path.exists():
                raise FaceswapError(f"{path} is missing; train and convert {name} first")
        kept = [round((place + 1) * (self.frames - 1) / (_PICTURES + 1)) for place in range(_PICTURES)]
        videos = {NO_SWAP: self.work / "target.mp4", **swaps}
        likeness, pictures = measure_likeness(context, videos, self.truth, self.frames, kept)
        self._render_truth(context)
        entries = [self._entry(context, NO_SWAP, self.work / "target", likeness=likeness[NO_SWAP])]
        for contestant in self.contestants:
            name, folder = contestant.name, self._folder(contestant)
            found = self._found(context, folder / "swap.mp4", folder / "swapped")
            training = trained(folder)
            entries.append(self._entry(context, name, found, trained=training, likeness=likeness[name]))
        entries.append(self._entry(context, TRUTH, self._found(context, self.work / "truth.mp4", self.work / "truth")))
        report = QualityReport(self.frames, tuple(entries))
        columns = {"target": pictures.pop(NO_SWAP), **pictures}
        report.write(self.work, columns, self.truth.take.size // 2)
        context.preview(self.work / "comparison.png", "comparison")
        return report

    def _entry(self, context: JobContext, name: str, faceset: Path | None, **known: Any) -> Entry:
        """The row of a video whose faces are in a faceset; None where no face was found."""
        from ..demo.yardstick import measure_identity
        from .quality_measure import measure_acting
        from .quality_report import Entry

        if faceset is None:
            context.warn(f"No face is found in the swap of {name}; train it for more --minutes.")
            return Entry(name, **known)
        identity = measure_identity(self.work / "source", self.work / "target", faceset, RECOGNIZER)
        return Entry(name, identity=identity, acting=measure_acting(faceset, self.truth, self.frames), **known)

    def _found(self, context: JobContext, video: Path, faceset: Path) -> Path | None:
        """Finds the faces of a video anew."""
        if faceset.exists():
            remove_folder(faceset)
        try:
            self._extract(context, video, faceset)
        except MediaError:
            return None
        return faceset

    def _render_truth(self, context: JobContext) -> None:
        """Writes the truth as a video, in which faces are found as in the swaps."""
        from .study_footage import write_frames

        shape = self.truth.take.size, self.frames, RATE
        write_frames(context, self.work / "truth.mp4", self.truth.frames(self.frames), shape)

    def _folder(self, contestant: Contestant) -> Path:
        return self.work / contestant.folder_name
