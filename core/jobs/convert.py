"""The job `convert`: footage and a trained model in, the footage with swapped faces out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from ..host import PluginChoice, Prepared, default_chain, prepare
from .blend_choices import BlendChoices
from .context import JobContext
from .encoding import EncodingChoices, ImageFormat
from .frame_range import FORMS, FrameRange
from .groups import BLENDING, FOOTAGE, MODEL, OUTPUT, RUNNING
from .job import Report


def _yes_or_no(given: object) -> object:
    """In YAML `yes` and `no` are truth values."""
    return {True: "yes", False: "no"}[given] if isinstance(given, bool) else given


YesNo = Annotated[Literal["yes", "no"], BeforeValidator(_yes_or_no)]


class ConvertReport(Report):
    """What a conversion did.

    Attributes:
        output: The video or folder that was written.
        frames: Frames in it.
        frames_swapped: Those in which a face was swapped.
        frames_left_out: Frames that were looked at and not written, since no face was swapped in them.
        frames_not_extracted: Those that the faceset knows nothing of, since they were not extracted; they show the
            original.
        faces: Faces swapped.
        people: Faces swapped of each person, where --map names them.
        patches: The folder of the faces for an external compositor, where it was asked for.
        preview: A picture of a frame before and after.
        fps: Frames per second of this run.
        model_step: The training step of the model's weights.
        model_steps: Those of each person's model, where --map names them.
        provenance: How the output is signed, or that it is not.
        consent: The records of consent that it names by their hash, or how to add one.
    """

    output: Path
    frames: int
    frames_swapped: int
    frames_left_out: int = 0
    frames_not_extracted: int = 0
    faces: int
    people: dict[str, int] = Field({})
    patches: Path | None = None
    preview: Path | None = None
    fps: float | None = None
    model_step: int | None = None
    model_steps: dict[str, int] = Field({})
    provenance: str | None = None
    consent: str | None = None

    def lines(self) -> list[str]:
        """The report as people read it; frames of which there are none are not told."""
        idle = [name for name in ("frames_left_out", "frames_not_extracted") if not getattr(self, name)]
        return Report.lines(self.model_copy(update=dict.fromkeys(idle)))


class ConvertJob(EncodingChoices, BlendChoices):
    """Write MEDIA to OUTPUT with its faces swapped by a trained model.

    \b
    Example:
        faceswap convert clip.mp4 swapped.mp4 --model-dir models/anna --faceset faces/clip
        faceswap convert clip.mp4 swapped.mp4 --model-dir models/anna --on-the-fly --frames 0:12-0:15

    OUTPUT is a video (.mp4, .mov, .mkv, .webm) with the sound and timing of MEDIA, an animation (.gif, .webp) or a
    folder of images. What is finished lies in OUTPUT.parts until all is: a run that was stopped or killed is continued
    by the same command. A video that exists is replaced when the new one is whole.
    """  # noqa: D301 - click's mark for lines that stay as they are.

    command: ClassVar[str] = "convert"
    positional: ClassVar[tuple[str, ...]] = ("media", "output")
    report_class: ClassVar[type[Report]] = ConvertReport

    output: Path = Field(description="The video, or the folder of images, to write.")
    frames: FrameRange = Field(None, description=f"Swap faces in these frames only: {FORMS}", json_schema_extra=FOOTAGE)
    keep_unswapped: YesNo = Field(
        "yes",
        description="Frames in which no face is swapped: `yes` keeps them as they are, `no` leaves them out; with "
        "--frames a video then is that stretch alone, with its sound.",
        json_schema_extra=FOOTAGE,
    )
    patch: Path | None = Field(
        None,
        description="Folder for the swapped faces too, for an external compositor: patch and mask of each, and "
        "patches.jsonl with their frames and matrices.",
        json_schema_extra=OUTPUT,
    )
    patch_format: Literal["png", "png16", "tiff", "tiff16"] = Field(
        "png", description="Of these files; 16: with 16 bits.", json_schema_extra=OUTPUT
    )
    checkpoint: str = Field(
        "newest", description="Which weights: `newest`, `best` by validation, or a step.", json_schema_extra=MODEL
    )
    image_format: ImageFormat | None = Field(
        None,
        description="Format of a folder of images.  [default: that of the images; png for a video's frames]",
        json_schema_extra=OUTPUT,
    )
    chunk_frames: int = Field(
        128, ge=1, description="Frames that are kept together; a kill loses no more.", json_schema_extra=RUNNING
    )
    blenders: tuple[PluginChoice, ...] = Field(default_chain("blender"), json_schema_extra=BLENDING)

    def preflight(self) -> None:
        """Refuses footage that cannot be read, an output that cannot be written, and a chain that does not fit."""
        from ...lib.media import probe
        from ..converting.footage import require_frames
        from ..converting.patch_folder import require_patch_folder
        from ..converting.requirements import require_no_extracted_frames, require_output

        medium = probe(self.media)
        require_output(self.output, medium, self.encoding(self.output), self.image_ending())
        require_no_extracted_frames(self.output)
        require_frames(medium, self.frames)
        if self.patch:
            require_patch_folder(self.patch, medium, self.output)
        super().preflight()

    def run(self, context: JobContext) -> ConvertReport:
        """Converts what no earlier run has finished, and publishes the output.

        Raises:
            MediaError: The footage cannot be read, or no frame is left to be written.
            StoreError: The faceset is damaged, of other footage, or lacks what is asked for.
            CheckpointError: The model's weights are damaged.
            PluginError: A plugin is unknown, does not fit the others, or failed.
            OutputError: The output cannot be written.
            Cancelled: The user stopped the run.
        """
        from .convert_run import ConvertRun

        return ConvertRun(self, context).run()

    def chains(self) -> dict[str, list[Prepared]]:
        """The one chain of the run, its blenders not loaded."""
        from ..converting.trying import chain_in_words

        return {chain_in_words(self.blenders): [prepare("blender", choice) for choice in self.blenders]}

    def preview_path(self) -> Path:
        """Where a frame before and after is shown, once a face was swapped."""
        return self.home() / "previews" / f"{self.output.stem}.png"

    def image_ending(self) -> str | None:
        """The ending of images; None: that which they have."""
        return f".{self.image_format}" if self.image_format else None
