"""The job `convert`: footage and a trained model in, the footage with swapped faces out."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from .. import events
from ..errors import OptionError, suggest
from ..facesets.selecting import FaceFilter, People, Pictures, select_faces
from ..host import PluginChoice, Prepared, default_chain, prepare, versions
from .context import JobContext, Stage
from .job import Report
from .provenance import ProvenanceChoices

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ...lib.faceset import Faceset
    from ...lib.media import Encoding, Medium, Timeline
    from ...lib.provenance.signing import Sealer
    from ..converting.conversion import Conversion
    from ..converting.faces import FacesetFaces
    from ..converting.outputs import Output
    from ..converting.parts import Parts
    from ..converting.stream import Swapper, Work
    from ..training.saved_model import TrainedModel

Preset = Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"]

_FORMAT = 1
"""Raised when the same settings give other pixels than before, so that parts of both are never joined."""


_NOT_SHOWN = {"media", "output", "model_dir", "checkpoint", "faceset", "blenders", "check", "listeners"}
_NOT_SHOWN |= {"only", "not_", "person", "provenance", "sign_with", "consent"}
"""The settings that do not tell themselves what the output looks like; what they name is looked at instead."""

_MOST_UNSWAPPED = 0.1
"""The share of frames without a swap above which people are told: whose face it is shows in them."""


class ConvertReport(Report):
    """What a conversion did.

    Attributes:
        output: The video or folder that was written.
        frames: Frames in it.
        frames_swapped: Those in which a face was swapped.
        frames_not_extracted: Those that the faceset knows nothing of, since they were not extracted; they show the
            original.
        faces: Faces swapped.
        fps: Frames per second of this run.
        model_step: The training step of the model's weights.
        provenance: How the output is signed, or that it is not.
        consent: The records of consent that it names by their hash, or how to add one.
    """

    output: Path
    frames: int
    frames_swapped: int
    frames_not_extracted: int = 0
    faces: int
    fps: float | None = None
    model_step: int = 0
    provenance: str | None = None
    consent: str | None = None


class ConvertJob(ProvenanceChoices):
    """Write MEDIA to OUTPUT with its faces swapped by a trained model.

    OUTPUT is a video (.mp4, .mov, .mkv) with the sound and timing of MEDIA, or a folder of images. What is finished
    lies in OUTPUT.parts until all is: a run that was stopped or killed is continued by the same command. A video that
    exists is replaced when the new one is whole.
    """

    command: ClassVar[str] = "convert"
    positional: ClassVar[tuple[str, ...]] = ("media", "output")
    report_class: ClassVar[type[Report]] = ConvertReport

    media: Path = Field(description="The video, image or folder of images to change.")
    output: Path = Field(description="The video, or the folder of images, to write.")
    model_dir: Path = Field(description="Folder of the trained model.")
    faceset: Path = Field(description="Faceset that was extracted from MEDIA.")
    only: Pictures = Field((), description="Picture of a person whose faces alone are swapped (repeatable).")
    not_: Pictures = Field((), description="Picture of a person whose faces are left as they are (repeatable).")
    person: People = Field((), description="Number or name of a person who alone is swapped (repeatable).")
    identity: str = Field("source", description="Whose face is put on.")
    mask: str = Field("auto", description="Masker of the faceset, or `model`; `auto`: the model's if it gives one.")
    checkpoint: str = Field(
        "newest",
        description="Which weights: `newest`, `best` by validation, or a step.",
    )
    smooth: float = Field(
        1.0,
        ge=0,
        le=10,
        description="How strongly landmarks are smoothed along each face's track against jitter; 0: not at all.",
    )
    batch_size: int = Field(16, ge=1, description="Faces in one call of the model.")
    codec: Literal["libx264", "libx265", "ffv1"] = Field("libx264", description="Codec of a video; ffv1 is lossless.")
    crf: float = Field(18, ge=0, le=51, description="Quality of a video: 0 is lossless, 51 the worst.")
    preset: Preset = Field("medium", description="How much time the encoder takes to make a video small.")
    chunk_frames: int = Field(128, ge=1, description="Frames that are kept together; a kill loses no more.")
    check: bool = Field(False, description="Check every plugin call against the tensor contract.")
    blenders: tuple[PluginChoice, ...] = default_chain("blender")

    def home(self) -> Path:
        """The model folder, where the run is recorded."""
        return self.model_dir

    def plugin_versions(self) -> dict[str, str]:
        """The blenders' packages and versions; the model's stand in its folder."""
        return versions(self._blenders())

    def preflight(self) -> None:
        """Refuses footage that cannot be read, an output that cannot be written, and a chain that does not fit."""
        from ...lib.media import probe
        from ..converting.chain import require_chain
        from ..converting.outputs import require_output

        require_chain(self._blenders())
        require_output(self.output, probe(self.media), self._encoding())
        self.require_provenance(self.model_dir)

    def run(self, context: JobContext) -> ConvertReport:
        """Converts what no earlier run has finished, and publishes the output."""
        from ...lib.faceset import Faceset
        from ...lib.media import probe
        from ..converting.faces import not_extracted, require_mask, require_same_footage
        from ..converting.parts import Parts

        blenders = self._blenders()
        medium = probe(self.media)
        with Faceset.open(self.faceset) as faceset:
            require_same_footage(faceset, medium)
            require_mask(faceset, self.mask)
            trained = self._model(context, faceset, blenders)
            faces = self._faces(context, faceset)
            with Parts(self.output, self._digest(medium, faceset, faces, trained, blenders)) as parts:
                if parts.discarded:
                    context.warn(f"{parts.folder} was begun with other settings or footage; starting anew.")
                sealer = self._sealer(trained, blenders)
                conversion, timeline = self._conversion(medium, parts, sealer)
                swapper = self._swapper(trained, faces, blenders)
                unknown = not_extracted(faceset, medium, timeline)
                watch = partial(_Watch, self, context, sealer)
                return self._convert(context, conversion, swapper, watch, trained.step, (timeline.missing, unknown))

    def _convert(
        self,
        context: JobContext,
        conversion: Conversion,
        swapper: Swapper,
        watch: Callable[[Stage], _Watch],
        step: int,
        lacks: tuple[int, int],
    ) -> ConvertReport:
        """Runs the conversion; `lacks` are the frames that the footage should have and has not, and the faceset."""
        missing, unknown = lacks
        for loss in conversion.output.losses():
            context.warn(loss)
        total = sum(chunk.count for chunk in conversion.chunks)
        done = sum(tally.frames for tally in conversion.finished().values())
        began = time.monotonic()
        with context.stage("converting", total, "frames", done=done) as stage:
            tallies = conversion.run(swapper, watch(stage)).values()
        seconds = time.monotonic() - began
        frames = sum(tally.frames for tally in tallies)
        if total + missing > frames:
            context.warn(f"{total + missing - frames} frames of {self.media} could not be decoded and are left out.")
        swapped = sum(tally.frames_swapped for tally in tallies)
        if unknown:
            context.warn(
                f"{unknown} of {frames} frames were never extracted into {self.faceset} and show the original; "
                "`faceswap extract` without --every and --frames adds them."
            )
        if frames - swapped - unknown > _MOST_UNSWAPPED * frames:
            context.warn(
                f"{frames - swapped - unknown} of {frames} frames show the original, since {self.faceset} has no face "
                f"in them{self._why_no_face()}."
            )
        conversion.output.publish(len(conversion.chunks))
        conversion.parts.remove()
        return ConvertReport(
            output=self.output,
            frames=frames,
            frames_swapped=swapped,
            frames_not_extracted=unknown,
            faces=sum(tally.faces for tally in tallies),
            fps=round((frames - done) / seconds, 2) if frames > done else None,
            model_step=step,
            provenance=self.provenance_in_words(self.output),
            consent=self.consent_in_words(self.model_dir),
        )

    def _why_no_face(self) -> str:
        """What explains frames without a swap."""
        if self.only or self.not_ or self.person:
            return " of those who are asked for"
        return "; another --detector or its options may find more"

    def _blenders(self) -> list[Prepared]:
        return [prepare("blender", choice) for choice in self.blenders]

    def _encoding(self) -> Encoding:
        from ...lib.media import Encoding

        return Encoding(codec=self.codec, crf=self.crf, preset=self.preset)

    def _model(self, context: JobContext, faceset: Faceset, blenders: list[Prepared]) -> TrainedModel:
        from ..converting.faces import require_scheme
        from ..training.saved_model import load_trained_model

        trained = load_trained_model(self.model_dir, together_with=blenders, which=self.checkpoint)
        for damage in trained.skipped:
            context.warn(f"{damage}; the weights of step {trained.step} are used")
        identities = trained.plugin.identities
        if self.identity not in identities:
            raise OptionError(f"The model knows no identity '{self.identity}'. {suggest(self.identity, identities)}")
        require_scheme(faceset, trained.plugin, f"model '{trained.record.name}'")
        return trained

    def _faces(self, context: JobContext, faceset: Faceset) -> FacesetFaces:
        from ..converting.faces import FacesetFaces, has_tracks

        if self.smooth and not has_tracks(faceset):
            context.warn(
                f"{faceset.path} has no tracks, so landmarks are not smoothed; the command that extracted it adds them."
            )
        wanted = FaceFilter(only=self.only, without=self.not_, people=self.person)
        return FacesetFaces(faceset, self.smooth, select_faces(faceset, wanted, context.check))

    def _swapper(self, trained: TrainedModel, faces: FacesetFaces, blenders: list[Prepared]) -> Swapper:
        from ..checking import checked, checks_wanted
        from ..converting.chain import load_chain
        from ..converting.stream import Swapper

        label = f"model '{trained.record.name}'"
        return Swapper(
            source=faces,
            model=checked(trained.plugin, label) if checks_wanted(self.check) else trained.plugin,
            label=label,
            spec=trained.crop,
            chain=load_chain(blenders, self.check),
            identity=self.identity,
            mask=self.mask,
            batch_size=self.batch_size,
        )

    def _sealer(self, trained: TrainedModel, blenders: list[Prepared]) -> Sealer | None:
        from ..converting.making import making, manifest_of

        manifest = manifest_of(self.model_dir, trained.step)
        return self.sealer(making(trained, manifest, blenders, self.consents(self.model_dir)))

    def _conversion(self, medium: Medium, parts: Parts, sealer: Sealer | None) -> tuple[Conversion, Timeline]:
        """The conversion, and all frames of the footage."""
        from ...lib.media import scan
        from ..converting.conversion import Conversion
        from ..converting.outputs import FolderOutput, VideoOutput, is_video

        timeline = scan(medium)
        output: Output
        if is_video(self.output):
            output = VideoOutput(self.output, medium, self._encoding(), parts, sealer)
        else:
            output = FolderOutput(self.output, medium, sealer)
        return Conversion(medium, timeline.chunks(self.chunk_frames), output, parts), timeline

    def _digest(
        self, medium: Medium, faceset: Faceset, faces: FacesetFaces, trained: TrainedModel, blenders: list[Prepared]
    ) -> str:
        """Stands for all that the parts depend on: their pixels, and how images are signed, which are finished."""
        from ..converting.making import manifest_of
        from ..converting.outputs import is_video

        signing = [self.provenance, self.sign_with, self.consents(self.model_dir) if self.provenance else []]
        content = [
            _FORMAT,
            self.model_dump(mode="json", exclude=_NOT_SHOWN),
            [[used.found.name, used.found.origin, used.options_hash] for used in blenders],
            [[file.name, file.stat().st_size, file.stat().st_mtime_ns] for file in medium.files],
            [faceset.crop_size, faceset.face_type, *map(str, faceset.stages), faceset.face_table().digest()],
            faces.digest(),
            [trained.record.model_dump(mode="json"), trained.step, manifest_of(self.model_dir, trained.step)],
            [] if is_video(self.output) else signing,
        ]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


class _Watch:
    """Follows a conversion frame by frame."""

    def __init__(self, job: ConvertJob, context: JobContext, sealer: Sealer | None, stage: Stage) -> None:
        self._job, self._context, self._sealer, self._stage = job, context, sealer, stage
        self._faces = 0

    def __call__(self, work: Work) -> None:
        """Counts a frame and shows it if it is the preview; raises when somebody asked to stop."""
        self._context.check()
        self._faces += work.swapped
        self._stage.advance(1, faces=self._faces)
        key, seconds = work.frame.key, work.frame.time
        self._context.tell(events.FrameConverted, source=key.source, pts=key.pts, seconds=seconds, faces=work.swapped)
        if work.before is not None:
            media = self._job.media
            self._show(work.before, work.frame.image(), media / key.source if media.is_dir() else media)

    def _show(self, before: NDArray[np.uint8], after: NDArray[np.uint8], original: Path) -> None:
        import numpy as np

        from ...lib.media import write_image
        from ...lib.provenance.xmp import packet
        from ...lib.publish import output_errors

        path = self._job.model_dir / "previews" / f"{self._job.output.stem}.png"
        with output_errors(path):
            path.parent.mkdir(exist_ok=True)
        pictures = np.hstack([before, after])
        if self._sealer:
            finish = partial(self._sealer.seal, original=original)
            write_image(path, pictures, xmp=packet(), finish=finish)
        else:
            write_image(path, pictures)
        self._context.preview(path, f"{self._job.media.name}: target and swap")
