"""The job `demo`: the main job with nothing else needed, and a yardstick that no real footage has."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from ...lib.provenance.consent import Consent, write_consent
from ...lib.publish import publish_bytes, remove_folder
from ..errors import FaceswapError, MediaError
from ..host import PluginChoice, built_in, default_chain, default_choice, prepare
from .context import JobContext
from .extract import ExtractJob
from .extraction_choices import ExtractionPlugins
from .groups import BLENDING, FINDING, LENGTH, MADE, MODEL, OUTPUT, RUNNING
from .job import Report
from .provenance import ProvenanceChoices
from .swap import StageClock, SwapJob

RATE = 25

_NOBODY = Consent(
    ("two performers, rendered from one portrait in the public domain",), "showing what this does", "faceswap demo"
)


class DemoReport(Report):
    """What the demo made, and how near it comes to the truth.

    Figures named `psnr` (dB) and `ssim` are taken inside the face against the truth, for the swap and for the
    unswapped target; `identity` is the mean distance of the swapped faces' embeddings to each person's mean.
    """

    video: Path
    comparison: Path
    frames: int
    frames_swapped: int
    source_faces: int
    target_faces: int
    iterations: int
    psnr_swap: float
    psnr_unswapped: float
    ssim_swap: float
    ssim_unswapped: float
    identity_to_source: float | None = None
    identity_to_target: float | None = None
    share_nearer_source: float | None = None
    stage_seconds: dict[str, float]
    provenance: str | None = None
    consent: str | None = None


class DemoJob(ExtractionPlugins, ProvenanceChoices):
    """Show the main job with nothing else needed.

    \b
    Example:
        faceswap demo
        faceswap demo --workspace demo --iterations 3000

    Two performers are rendered from a public-domain portrait: the photograph itself and a second person made from it,
    each acting a script of their own. The demo extracts their faces, trains a model, swaps the first one's face onto
    the second, and measures the result: since both can act the same script, the true result is known for each frame.
    Look at comparison.png and swap.mp4 in the workspace; report.json holds the figures. The same command continues
    after a kill; more --iterations make the swap better.
    """  # noqa: D301 - click's mark for lines that stay as they are.

    command: ClassVar[str] = "demo"
    report_class: ClassVar[type[Report]] = DemoReport

    workspace: Path = Field(
        Path("faceswap-demo"), description="Where footage, facesets, model and results lie.", json_schema_extra=OUTPUT
    )
    iterations: int = Field(600, gt=0, description="Training iterations in all.", json_schema_extra=LENGTH)
    seconds: float = Field(8.0, ge=1, description="Length of the footage of each performer.", json_schema_extra=MADE)
    seed: int = Field(0, ge=0, description="Seed of the scripts and of the training.", json_schema_extra=MADE)
    maskers: tuple[PluginChoice, ...] = Field((built_in("hull", forehead=0.1),), json_schema_extra=FINDING)
    recognizer: PluginChoice = Field(built_in("dlib-resnet"), json_schema_extra=FINDING)
    model: PluginChoice = Field(default_choice("model"), json_schema_extra=MODEL)
    blenders: tuple[PluginChoice, ...] = Field(
        tuple(map(built_in, ("mean-color", "feather", "alpha"))), json_schema_extra=BLENDING
    )
    listeners: tuple[PluginChoice, ...] = Field(default_chain("listener"), json_schema_extra=RUNNING)

    def home(self) -> Path:
        """The folder that holds everything of the demo."""
        return self.workspace

    def plugin_versions(self) -> dict[str, str]:
        """Every plugin of the demo."""
        return self.swap().plugin_versions()

    @property
    def frames(self) -> int:
        """Frames of each performer's footage."""
        return round(self.seconds * RATE)

    def swap(self) -> SwapJob:
        """The main job on the rendered footage."""
        folder = self.workspace
        # The second performer is made from the first one's mirror image: were faces mirrored in training, the model
        # could take a head that turns left for the other's that turns right. Rendered heads also need little variety.
        training = {"affine": 0.2, "flip": 0.0, "color_match": 0.0, "color_jitter": 0.0}
        shared = self.model_dump(include={*SwapJob.model_fields} & {*DemoJob.model_fields} - {"workspace", "consent"})
        return SwapJob(
            source=folder / "source.mp4",
            target=folder / "target.mp4",
            output=folder / "swap.mp4",
            workspace=folder / "work",
            consent=self.consent or (folder / "consent.json",),
            **training,
            **shared,
        )

    def measurement(self) -> ExtractJob:
        """The job that finds and embeds the faces of the swapped video."""
        swap = self.swap()
        extraction = swap.extraction(swap.output, "swapped")
        return extraction.model_copy(update={"faceset": self.workspace / "swapped"})

    def preflight(self) -> None:
        """Refuses a key or a record of consent that cannot be used."""
        self.require_provenance()

    def run(self, context: JobContext) -> DemoReport:
        """Renders, swaps, measures and draws."""
        from ..demo.footage import render, takes
        from ..demo.yardstick import measure_likeness, write_comparison

        self._keep_settings()
        clock, swap = StageClock(), self.swap()
        source, target = takes(self.seed)
        clock.time("render", render, context, swap.source, source, self.frames)
        clock.time("render", render, context, swap.target, target, self.frames)
        swapped = swap.run(context)
        identity = clock.time("measure", self._identity, context, swap)
        likeness = clock.time(
            "measure", measure_likeness, context, swap.target, swap.output, source.performer, target, self.frames
        )
        comparison = self.workspace / "comparison.png"
        sealer = self.sealer({})
        write_comparison(comparison, swap.target, swap.output, source.performer, target, self.frames, sealer)
        context.preview(comparison, "comparison")
        report = DemoReport(
            video=swap.output,
            comparison=comparison,
            frames=swapped.frames,
            frames_swapped=swapped.frames_swapped,
            source_faces=swapped.source_faces,
            target_faces=swapped.target_faces,
            iterations=swapped.iterations,
            **asdict(likeness),
            **identity,
            stage_seconds={**clock.seconds, **swapped.stage_seconds},
            provenance=swapped.provenance,
            consent=swapped.consent,
        )
        publish_bytes(self.workspace / "report.json", report.model_dump_json(indent=1, exclude={"seconds"}).encode())
        return report

    def _identity(self, context: JobContext, swap: SwapJob) -> dict[str, float]:
        """Whom the swapped faces resemble; nothing where training was too short for a face to be found."""
        from ..demo.yardstick import measure_identity

        swapped = self.measurement()
        if swapped.faceset.exists():  # An earlier run's video may have shown another swap.
            remove_folder(swapped.faceset)
        try:
            swapped.run(context)
        except MediaError as error:
            context.warn(f"{error} The swap is too blurred to tell whose face it is; train for more --iterations.")
            return {}
        facesets = (swap.home() / "source", swap.home() / "target", swapped.faceset)
        return asdict(measure_identity(*facesets, prepare("recognizer", self.recognizer).found.name))

    def _keep_settings(self) -> None:
        """Refuses to continue a workspace whose footage was rendered from other settings."""
        path = self.workspace / "footage.json"
        settings = {"seed": self.seed, "frames": self.frames}
        if path.exists() and json.loads(path.read_text()) != settings:
            raise FaceswapError(
                f"{self.workspace} holds a demo of other footage ({path.read_text()}). "
                "Choose another --workspace, or the same --seed and --seconds."
            )
        self.workspace.mkdir(parents=True, exist_ok=True)
        if not (self.workspace / "consent.json").exists():
            write_consent(self.workspace / "consent.json", _NOBODY)
        publish_bytes(path, json.dumps(settings).encode())
