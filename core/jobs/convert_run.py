"""One run of the job `convert`: looks at the footage, loads the model, swaps what no earlier run has, publishes."""

from __future__ import annotations

import hashlib
import json
import time
from functools import partial
from typing import TYPE_CHECKING

from ...lib.media import Beside, ImageFolder, Medium, probe
from ..converting.casting import Cast
from ..converting.conversion import Conversion, Tally, sum_up
from ..converting.faces import FaceSource
from ..converting.footage import Footage, look
from ..converting.outputs import FolderOutput, Output, VideoOutput, is_video
from ..converting.parts import Parts
from ..converting.patch_folder import PatchFolder
from ..converting.shot_list import load_shots, require_apart
from ..converting.stream import Swapper
from ..errors import MediaError
from ..extracting.settings import Alignment, Search
from .context import JobContext
from .convert_faces import Supply, open_supply
from .convert_watch import ConvertWatch

if TYPE_CHECKING:
    from ...lib.provenance.signing import Sealer
    from .convert import ConvertJob, ConvertReport

_FORMAT = 3
"""Raised when the same settings give other pixels or records than before, so that parts of both are never joined."""

_NOT_SHOWN = {"media", "output", "model_dir", "map", "checkpoint", "faceset", "blenders", "check", "listeners"}
_NOT_SHOWN |= {"only", "not_", "person", "provenance", "sign_with", "consent", "shots", "patch"}
_NOT_SHOWN |= {"detector", "aligner", "maskers", "recognizer", "workers", *Search.model_fields, *Alignment.model_fields}
"""The settings that do not tell themselves what the output looks like; what they name is looked at instead."""

_MOST_UNSWAPPED = 0.1
"""The share of frames without a swap above which people are told: whose face it is shows in them."""


class ConvertRun:
    """The state of a run.

    Args:
        job: Its settings.
        context: What is told of it, and who may stop it.
    """

    def __init__(self, job: ConvertJob, context: JobContext) -> None:
        self._job, self._context = job, context
        (self._chain,), self._shots = job.chains().values(), job.shot_list()
        self._places: list[tuple[int, int]] = []
        self._blenders = job.blenders_used()

    def run(self) -> ConvertReport:
        """Does the work; see `ConvertJob.run`."""
        medium = probe(self._job.media)
        with open_supply(self._job, self._context, medium) as supply:
            return self._run(medium, supply)

    def _run(self, medium: Medium, supply: Supply) -> ConvertReport:
        job = self._job
        footage = look(medium, job.frames, job.keep_unswapped == "yes")
        self._places = require_apart(self._shots, medium, footage.whole)
        cast = job.cast(self._context, self._blenders, job.checkpoint)
        supply.require(cast)
        with Parts(job.output, self._digest(medium, supply, cast)) as parts:
            if parts.discarded:
                self._context.warn(f"{parts.folder} was begun with other settings or footage; starting anew.")
            sealer = job.sealer_for(cast, self._blenders)
            conversion = self._conversion(footage, parts, cast, sealer)
            unknown = supply.unknown(footage)
            if unknown == len(footage.wanted.times) and not footage.keep_unswapped:
                raise MediaError(f"none of the frames that are asked for was extracted into {job.faceset}")
            with supply.source(parts.folder / "faces", medium, footage.wanted) as faces:
                tally, fps = self._convert(conversion, self._swapper(cast, faces, footage), sealer)
            self._tell(footage, tally, unknown, supply.taken_out())
            conversion.publish()
        return self._report(tally, fps, unknown, cast)

    def _convert(self, conversion: Conversion, swapper: Swapper, sealer: Sealer | None) -> tuple[Tally, float | None]:
        """Runs the conversion; returns what is finished, and the frames per second of this run."""
        for loss in conversion.output.losses():
            self._context.warn(loss)
        done = sum_up(conversion.finished().values()).seen
        began = time.monotonic()
        with self._context.stage("converting", conversion.total, "frames", done=done) as stage:
            watch = ConvertWatch(self._job, self._context, sealer, stage)
            tally = sum_up(conversion.run(swapper, watch).values())
        seconds = time.monotonic() - began
        return tally, round((tally.seen - done) / seconds, 2) if tally.seen > done else None

    def _tell(self, footage: Footage, tally: Tally, unknown: int, taken_out: int) -> None:
        """Warns of frames that are missing, and of those that show the original.

        Raises:
            MediaError: No frame is left to be written.
        """
        job, warn = self._job, self._context.warn
        lost = len(footage.read.times) + footage.read.missing - tally.seen
        if lost:
            warn(f"{lost} frames of {job.media} could not be decoded and are left out.")
        wanted = len(footage.wanted.times)
        become = "show the original" if footage.keep_unswapped else "are left out"
        faceless = wanted - lost - tally.frames_swapped - unknown
        if faceless > _MOST_UNSWAPPED * wanted:
            none = f"{job.faceset} has no face in them" if job.faceset else "no face was found in them"
            warn(f"{faceless} of {wanted} frames {become}, since {none}{self._why_no_face(taken_out)}.")
        if not tally.frames and not footage.keep_unswapped:
            raise MediaError(f"no face was swapped in {job.media}, and --keep-unswapped no leaves all other frames out")

    def _why_no_face(self, taken_out: int) -> str:
        """What explains frames without a swap."""
        if self._job.map or self._job.only or self._job.not_ or self._job.person:
            return " of those who are asked for"
        if taken_out:
            return (
                f"; {taken_out} faces were taken out of it: `faceswap faceset restore` brings back those that were "
                "removed, and another --detector or its options may find more"
            )
        return "; another --detector or its options may find more"

    def _report(self, tally: Tally, fps: float | None, unknown: int, cast: list[Cast]) -> ConvertReport:
        from .convert import ConvertReport

        job, several = self._job, bool(self._job.map)
        counts = [*tally.by_model, *[0] * len(cast)]
        people = {each.role.person: count for each, count in zip(cast, counts, strict=False)}
        steps = {each.role.person: each.trained.step for each in cast}
        return ConvertReport(
            output=job.output,
            frames=tally.frames,
            frames_swapped=tally.frames_swapped,
            frames_left_out=tally.seen - tally.frames,
            frames_not_extracted=unknown,
            faces=tally.faces,
            people=people if several else {},
            patches=job.patch,
            preview=preview if (preview := job.preview_path()).exists() else None,
            fps=fps,
            model_step=None if several else cast[0].trained.step,
            model_steps=steps if several else {},
            provenance=job.provenance_in_words(job.output),
            consent=job.consent_in_words(*job.folders()),
        )

    def _swapper(self, cast: list[Cast], faces: FaceSource, footage: Footage) -> Swapper:
        job = self._job
        return Swapper(
            source=faces,
            models=job.used_models(cast),
            shots=load_shots(self._chain, self._shots, self._places, footage, job.check),
            mask=job.mask,
            batch_size=job.batch_size,
            keep_patches=job.patch is not None,
        )

    def _conversion(self, footage: Footage, parts: Parts, cast: list[Cast], sealer: Sealer | None) -> Conversion:
        job, output = self._job, self._job.output
        target: Output
        if is_video(output):
            medium, beside = footage.medium, Beside(footage.medium.path, footage.span, footage.end)
            seal = partial(sealer.seal, original=medium.path) if sealer else None
            target = VideoOutput(output, medium, job.encoding(output), parts, beside, seal)
        else:
            images = ImageFolder(output, job.image_ending(), scale=job.scale)
            target = FolderOutput(images, footage.medium, footage.read, sealer)
        chunks = footage.read.chunks(job.chunk_frames)
        people = tuple(each.role.person for each in cast)
        patches = PatchFolder(job.patch, footage.medium, job.patch_format, people, sealer) if job.patch else None
        return Conversion(footage.medium, footage.whole.times, chunks, target, parts, footage.keep_unswapped, patches)

    def _digest(self, medium: Medium, supply: Supply, cast: list[Cast]) -> str:
        """Stands for all that the parts depend on: their pixels, and how images are signed, which are finished."""
        job = self._job
        signing = [job.provenance, job.sign_with, job.consents(*job.folders()) if job.provenance else []]
        content = [
            _FORMAT,
            job.model_dump(mode="json", exclude=_NOT_SHOWN),
            [[used.found.name, used.found.origin, used.options_hash] for used in self._blenders],
            [[*ends, len(shot.blenders)] for shot, ends in zip(self._shots, self._places, strict=True)],
            [[file.name, file.stat().st_size, file.stat().st_mtime_ns] for file in medium.files],
            supply.digest(),
            [[each.trained.record.model_dump(mode="json"), each.trained.step, each.manifest] for each in cast],
            signing if job.patch or not is_video(job.output) else [],
        ]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
