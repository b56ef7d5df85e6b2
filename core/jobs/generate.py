"""The job `generate`: from a trained generator to a faceset of faces that nobody has, and to pictures of them."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import ClassVar

from pydantic import Field, field_validator

from ...lib.publish import output_errors, require_parent
from ..errors import OptionError
from ..host import PluginChoice, built_in, require_backend, use_backend
from .context import JobContext
from .extract import ExtractJob
from .extraction_choices import ExtractionPlugins
from .groups import FINDING, MADE, MODEL, OUTPUT
from .job import Report
from .provenance import ProvenanceChoices

_SEARCHED = 256
"""Side that a picture has in the detector's second look, in pixels: smaller faces are missed."""
_STORED = 4
"""Side of a stored crop for each pixel of the generator's side: it shows the whole head, and no detail is lost."""
MOST = 100_000
"""Faces of one seed, whose latents are drawn at once."""

_STOPS = re.compile(r"\d+(\.\.\d+)+")


class GenerateReport(Report):
    """What was made.

    Attributes:
        pictures: Pictures of the generator that the faceset was made of, those of earlier runs too.
        faces: Those in which a face was found; the faceset holds them.
        without_face: Those in which none was found.
        step: The training step of the generator.
        written: Grids and videos.
        provenance: How all of it is signed, or that it is not.
        consent: The records of consent that it names by their hash, or how to add one.
    """

    pictures: int
    faces: int = 0
    without_face: int = 0
    step: int = 0
    written: list[str] = Field(default_factory=list)
    provenance: str | None = None
    consent: str | None = None


class GenerateJob(ExtractionPlugins, ProvenanceChoices):
    """Make faces with the generator of MODEL_DIR and store them in FACESET.

    \b
    Example:
        faceswap generate models/faces faces/made --count 1000 --grid made.png
        faceswap generate models/faces faces/made --count 0 --interpolate 3..17..5

    The pictures go through the extraction that footage goes through: faces are detected, aligned, masked and embedded.
    FACESET can then be trained on and measured like any other; `pictures/` in it holds what the generator made. The
    same command continues, and the same seed makes the same faces.
    """  # noqa: D301 - click's mark for lines that stay as they are.

    command: ClassVar[str] = "generate"
    positional: ClassVar[tuple[str, ...]] = ("model_dir", "faceset")
    report_class: ClassVar[type[Report]] = GenerateReport

    model_dir: Path = Field(description="Folder of a trained generator.")
    faceset: Path = Field(description="Folder of the faces; made, or continued.")
    count: int = Field(
        1000, ge=0, le=MOST, description="Faces to make; 0: only what else is asked for.", json_schema_extra=MADE
    )
    seed: int = Field(0, ge=0, description="Where the faces come from.", json_schema_extra=MADE)
    truncation: float = Field(
        1.0,
        ge=0,
        le=2,
        description="Below 1, faces nearer to the mean face: better and less varied.",
        json_schema_extra=MADE,
    )
    checkpoint: str = Field("newest", description="newest, or a step.", json_schema_extra=MODEL)
    grid: Path | None = Field(
        None, description="Write the first faces, 64 at most, as one picture.", json_schema_extra=MADE
    )
    interpolate: str | None = Field(
        None,
        description="Write FACESET/interpolation.mp4, from face A to face B; A..B..C goes on.",
        json_schema_extra=MADE,
    )
    frames: int = Field(
        75, ge=1, description="Pictures of the video from one face to the next, 25 a second.", json_schema_extra=MADE
    )
    mix: bool = Field(
        False, description="Write FACESET/mix.png: shape from some faces, color from others.", json_schema_extra=MADE
    )
    crop_size: int | None = Field(
        None,
        ge=64,
        le=2048,
        description="Side of the stored crops.  [default: four times the generator's, 512 at most]",
        json_schema_extra=OUTPUT,
    )
    recognizer: PluginChoice | None = Field(built_in("dlib-resnet"), json_schema_extra=FINDING)

    @field_validator("interpolate")
    @classmethod
    def _faces_by_number(cls, interpolate: str | None) -> str | None:
        if interpolate is not None and not _STOPS.fullmatch(interpolate):
            raise ValueError("numbers of faces were expected, such as 3..17")
        if interpolate is not None and max(map(int, interpolate.split(".."))) >= MOST:
            raise ValueError(f"numbers of faces are below {MOST}")
        return interpolate

    def home(self) -> Path:
        """The faceset's folder."""
        return self.faceset

    def plugin_versions(self) -> dict[str, str]:
        """The plugins of the extraction; the generator is told by its model folder."""
        return self.extraction(64).plugin_versions()

    def preflight(self) -> None:
        """Refuses a folder without a trained generator, unfit plugins, and a key that cannot sign."""
        from ...lib.checkpoint import require_some
        from ..training.saved_model import read_record

        record = read_record(self.model_dir)
        if record.kind != "generator":
            raise OptionError(f"{self.model_dir} holds the model '{record.name}': `faceswap convert` swaps with it.")
        require_some(self.model_dir)
        if not (self.count or self.grid or self.interpolate or self.mix):
            raise OptionError("Nothing is asked for: give --count, --grid, --interpolate or --mix.")
        require_parent(self.faceset)
        if self.grid:
            from ...lib.media import require_image_ending

            require_image_ending(self.grid)
            require_parent(self.grid)
        self.extraction(record.crop.size).choices().prepare().require_fit()
        self.require_provenance(self.model_dir)

    def run(self, context: JobContext) -> GenerateReport:
        """Makes the pictures, then finds their faces.

        Raises:
            CheckpointError: The folder holds no trained generator, or no such checkpoint.
            OptionError: The generator cannot mix.
            FaceswapError: No face was found in any picture.
            StoreError: The faceset holds faces that were made otherwise.
            OutputError: Something cannot be written.
            Cancelled: The user stopped the run; the same command continues.
        """
        from ..kinds import Generator
        from ..training.saved_model import load_trained_model
        from .generate_run import GenerateRun

        use_backend([])
        require_backend()
        with output_errors(self.faceset):
            self.faceset.mkdir(exist_ok=True)
        trained = load_trained_model(self.model_dir, which=self.checkpoint, base=Generator)
        for damage in trained.skipped:
            context.warn(f"{damage}; the weights of step {trained.step} are used")
        return GenerateRun(self, context, trained).run()

    def extraction(self, size: int) -> ExtractJob:
        """The job that finds the faces of pictures of a size."""
        from ..generating.outputs import PICTURES

        return ExtractJob(
            media=(self.faceset / PICTURES,),
            faceset=self.faceset,
            **self.extraction_plugins(),
            crop_size=self.crop_size or max(64, min(512, _STORED * size)),
            upsample=min(3, max(0, math.ceil(math.log2(_SEARCHED / size)))),
        )
