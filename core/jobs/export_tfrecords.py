"""The faces of a faceset as TFRecords in StyleGAN's layout."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ...lib.exchange.stylegan import SMALLEST, is_power_of_two, note_face_type, write_levels
from ...lib.faceset import Faceset
from ...lib.geometry import FACE_TYPES
from ...lib.publish import output_errors, publish_new_folder, require_parent, temp_path
from ...lib.warp import cut
from ..contract import CropSpec
from ..errors import OptionError, OutputError, StoreError
from ..training.faces import recut_matrix
from .context import JobContext, Stage
from .job import Job, Report

LARGEST = 1024


class ExportTfrecordsReport(Report):
    """What was written.

    Attributes:
        faces: Faces of each level.
        size: Side of the largest pictures in pixels.
        folder: Where the files lie.
    """

    faces: int
    size: int
    folder: Path


class ExportTfrecordsJob(Job):
    """Write the faces of FACESET to TFRecords, a file for each size.

    The folder appears when it is whole.
    """

    command: ClassVar[str] = "export-tfrecords"
    positional: ClassVar[tuple[str, ...]] = ("faceset", "folder")
    report_class: ClassVar[type[Report]] = ExportTfrecordsReport

    faceset: Path = Field(description="The faceset.")
    folder: Path = Field(description="The folder of the files, which are called by its name; it must not be there.")
    size: int | None = Field(
        None, description="Side of the largest pictures, a power of two.  [default: the largest that the crops fill]"
    )
    face_type: Literal["half", "mid-full", "full", "whole", "head"] | None = Field(
        None, description="How much of the head they show.  [default: as the crops do]"
    )
    seed: int | None = Field(0, ge=0, description="Of the order of the pictures; None: that of the faceset.")

    def home(self) -> Path:
        """The faceset's folder."""
        return self.faceset

    def preflight(self) -> None:
        """Refuses sizes that the layout does not have, and a folder that is there."""
        if self.size is not None and not (is_power_of_two(self.size) and self.size <= LARGEST):
            raise OptionError(f"--size must be a power of two from {SMALLEST} to {LARGEST}{_nearest(self.size)}")
        require_parent(self.folder)
        if self.folder.exists():
            raise OutputError(f"{self.folder} is there already; choose another folder")
        Faceset.open(self.faceset).close()

    def run(self, context: JobContext) -> ExportTfrecordsReport:
        """Writes the files.

        Raises:
            StoreError: The faceset holds no face, or a crop is damaged.
            OptionError: The crops do not show what is asked for.
            OutputError: The files cannot be written.
            Cancelled: The user stopped the run; nothing is left.
        """
        with Faceset.open(self.faceset) as faceset:
            if not len(faceset):
                raise StoreError(f"faceset {self.faceset} holds no face")
            face_type = self.face_type or faceset.face_type
            _require_shown(faceset, face_type)
            size = self.size or filled(faceset, face_type)
            if size > filled(faceset, face_type):
                context.warn(
                    f"The crops fill {filled(faceset, face_type)} pixels: at {size} they are enlarged, and soft."
                )
            spec, ids = CropSpec(size, face_type), faceset.face_table(()).ids
            order = np.arange(len(ids)) if self.seed is None else np.random.default_rng(self.seed).permutation(len(ids))
            self._publish(context, spec, len(ids), _pictures(faceset, spec, ids[order]))
        return ExportTfrecordsReport(faces=len(ids), size=size, folder=self.folder)

    def _publish(self, context: JobContext, spec: CropSpec, count: int, pictures: Iterator[NDArray[np.uint8]]) -> None:
        """Writes a folder that appears when it is whole."""
        temp = temp_path(self.folder)
        try:
            with output_errors(self.folder), context.stage("export", count, "faces") as stage:
                temp.mkdir()
                write_levels(temp, self.folder.name, spec.size, _followed(context, stage, pictures))
                note_face_type(temp, self.folder.name, spec.face_type)
            publish_new_folder(temp, self.folder)
        finally:
            shutil.rmtree(temp, ignore_errors=True)


def _require_shown(faceset: Faceset, face_type: str) -> None:
    """Raises OptionError where crops do not show what is asked for, which would be made of their border."""
    if FACE_TYPES[face_type].side > FACE_TYPES[faceset.face_type].side:
        less = [name for name in FACE_TYPES if FACE_TYPES[name].side <= FACE_TYPES[faceset.face_type].side]
        raise OptionError(
            f"--face-type {face_type} shows more than the crops of {faceset.path} do, which are {faceset.face_type}; "
            f"choose one of {', '.join(less)}"
        )


def filled(faceset: Faceset, face_type: str) -> int:
    """The largest power of two for which a faceset's crops have a pixel for each that is wanted, to `LARGEST`."""
    side = faceset.crop_size * FACE_TYPES[face_type].side / FACE_TYPES[faceset.face_type].side
    return int(min(max(2 ** int(np.log2(side)), SMALLEST), LARGEST))


def _pictures(faceset: Faceset, spec: CropSpec, ids: Iterable[str]) -> Iterator[NDArray[np.uint8]]:
    """Cuts faces out of their crops, one by one."""
    matrix = recut_matrix(faceset, spec)
    for name in ids:
        yield np.asarray(cut(faceset.read_crop(faceset.face(str(name))), matrix, spec.size), np.uint8)


def _followed(context: JobContext, stage: Stage, pictures: Iterable[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
    """Hands pictures on and tells of them."""
    for picture in pictures:
        context.check()
        yield picture
        stage.advance()


def _nearest(size: int) -> str:
    """What was given, and the powers of two around it."""
    below = 2 ** int(np.log2(max(size, 1)))
    around = [power for power in (below, 2 * below) if is_power_of_two(power) and power <= LARGEST]
    return f". Received: {size}" + (f"; {' or '.join(map(str, around))} is near" if around else "")
