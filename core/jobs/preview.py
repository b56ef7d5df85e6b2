"""The job `preview`: a few frames swapped with several blender chains, as one picture to choose by."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field, field_validator

from ..host import Prepared, prepare
from .blend_choices import BlendChoices
from .context import JobContext
from .groups import BLENDING, FOOTAGE, MODEL, OUTPUT
from .job import Report


def _words(given: object) -> object:
    """`10,50` and a number alone are several words, as flags, files and the environment write them."""
    parts = given if isinstance(given, list | tuple) else [given]
    return tuple(word for part in parts for word in str(part).replace(",", " ").split())


def _several(given: object) -> object:
    return given if isinstance(given, list | tuple) else (given,)


Listed = Annotated[tuple[str, ...], BeforeValidator(_words)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_several)]


class PreviewReport(Report):
    """What a preview shows.

    Attributes:
        output: The picture.
        frames: The frames that it shows, by their numbers from 0.
        chains: The blender chains, in order.
        shots: The frames of each stretch of --shots, with their chain.
        model_steps: The training steps of the weights.
        provenance: How the picture is signed, or that it is not.
    """

    output: Path
    frames: tuple[int, ...]
    chains: tuple[str, ...]
    shots: tuple[str, ...] = ()
    model_steps: tuple[int, ...]
    provenance: str | None = None

    def lines(self) -> list[str]:
        """The report as people read it."""
        frames, steps = (" ".join(map(str, numbers)) for numbers in (self.frames, self.model_steps))
        told = [f"output: {self.output}", f"frames: {frames}", f"model steps: {steps}"]
        told += [f"chain: {chain}" for chain in self.chains]
        told += [f"shot {number}: {shot}" for number, shot in enumerate(self.shots, start=1)]
        return [*told, f"provenance: {self.provenance}"]


class PreviewJob(BlendChoices):
    """Show some frames of MEDIA swapped with several blender chains, as one picture OUTPUT (.png, .jpg).

    \b
    Example:
        faceswap preview clip.mp4 grid.png --model-dir models/anna --faceset faces/clip
        faceswap preview clip.mp4 grid.png --model-dir models/anna --faceset faces/clip \\
            --at 10,50,0:12.5 --chain "reinhard feather blur=5 alpha" --chain "feather poisson"

    Each row is a frame, each column a chain; the head of the nearest face is shown, upright. Look, choose, and give the
    chain to `faceswap convert` as its --blender. With --shots the last column shows what that file makes of the frames,
    and those of its stretches are shown. With --on-the-fly only frames that may be shown are extracted.
    """  # noqa: D301 - click's mark for lines that stay as they are.

    command: ClassVar[str] = "preview"
    positional: ClassVar[tuple[str, ...]] = ("media", "output")
    report_class: ClassVar[type[Report]] = PreviewReport

    output: Path = Field(description="The picture to write.")
    at: Listed = Field(
        (),
        description="Frames to show: numbers from 0 or times, 10,50,0:12.5.  [default: --count that differ]",
        json_schema_extra=FOOTAGE,
    )
    count: int = Field(
        4,
        ge=1,
        le=50,
        description="How many frames are shown where --at names none; with --shots: of each stretch.",
        json_schema_extra=FOOTAGE,
    )
    chain: Texts = Field(
        (),
        description="Blenders with their options behind them, 'reinhard feather blur=5 alpha' (repeatable).  [default: "
        "the chain of convert; without --shots also with each other blender that composites]",
        json_schema_extra=BLENDING,
    )
    checkpoint: Listed = Field(
        ("newest",),
        description="Which weights: `newest`, `best` by validation, or steps (repeatable).",
        json_schema_extra=MODEL,
    )
    tile: int = Field(
        256, ge=64, le=1024, description="Side of each face in the picture, in pixels.", json_schema_extra=OUTPUT
    )

    @field_validator("chain")
    @classmethod
    def _readable(cls, chains: tuple[str, ...]) -> tuple[str, ...]:
        if chains:
            from ..converting.trying import parse_chain

            for chain in chains:
                parse_chain(chain)
        return chains

    def preflight(self) -> None:
        """Refuses footage that cannot be read, a picture that cannot be written, and chains that do not fit."""
        from ...lib.media import probe, require_image_ending
        from ...lib.publish import require_parent
        from ..converting.requirements import require_other

        require_other(self.output, probe(self.media))
        require_image_ending(self.output)
        require_parent(self.output)
        super().preflight()

    def chains(self) -> dict[str, list[Prepared]]:
        """The chains by what the picture calls them, not loaded."""
        from ..converting.trying import chain_in_words, default_chains, parse_chain

        asked = [parse_chain(text) for text in self.chain] or default_chains()[: 1 if self.shots else None]
        return {chain_in_words(chain): [prepare("blender", choice) for choice in chain] for chain in asked}

    def run(self, context: JobContext) -> PreviewReport:
        """Swaps the frames with each chain and each checkpoint, and writes the picture.

        Raises:
            MediaError: The footage cannot be read.
            OptionError: A frame is not there, or has no face that would be swapped.
            StoreError: The faceset is damaged, of other footage, or lacks what is asked for.
            CheckpointError: The model's weights are damaged.
            PluginError: A plugin is unknown, does not fit the others, or failed.
            OutputError: The picture cannot be written.
            Cancelled: The user stopped the run.
        """
        from .preview_run import PreviewRun

        return PreviewRun(self, context).run()
