"""Pictures that are faces already become a faceset: CelebA's, or any folder of aligned ones; nothing is detected."""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ...lib.exchange.aligned import SCHEME, aligned_faces, celeba_faces, usual_side
from ...lib.exchange.boxes import GivenFaces
from ...lib.exchange.celeba import PictureList, read_attributes, read_landmarks
from ...lib.faceset_writer import FacesetWriter
from ...lib.media import Gathered
from ..errors import MediaError, OptionError
from .context import JobContext
from .import_given import Given, ImportGivenJob, ImportReport


class ImportAlignedJob(ImportGivenJob):
    """Make FACESET of a folder of pictures each of which is an upright face in one place.

    Where the face is follows from the layout, so that neither a detector nor an aligner looks at it. The same job
    continues after a stop or a kill.
    """

    command: ClassVar[str] = "import-aligned"

    layout: Literal["celeba", "aligned"] = Field(description="What the folder holds.")
    face_type: Literal["half", "mid-full", "full", "whole", "head"] | None = Field(
        None,
        description="How much of the head the stored crops show; with `aligned`, what the pictures show.  "
        "[default: whole]",
    )
    crop_size: int | None = Field(
        None, ge=64, le=2048, description="Side of the stored crops in pixels.  [default: as fine as the pictures]"
    )
    landmarks: Path | None = Field(None, description="CelebA's list of landmarks in the aligned pictures.")
    attributes: Path | None = Field(None, description="A list of attributes of the pictures, in CelebA's form.")

    def preflight(self) -> None:
        """Refuses media that are not pictures, lists that do not belong to them, and plugins that do not fit."""
        if self.landmarks and self.layout != "celeba":
            raise OptionError("landmarks belong to the layout celeba; files of other landmarks are taken by --boxes")
        super().preflight()

    def run(self, context: JobContext) -> ImportReport:
        """Imports the pictures that the faceset does not hold yet, and notes their attributes."""
        listed = self._attributes
        if listed is not None:
            here = set(self.medium().images)
            absent = sum(name not in here for name in listed.rows)
            if absent:
                context.warn(f"{absent} of {len(listed.rows)} pictures of {listed.path} are not in {self.media}.")
        return super().run(context)

    def given(self, medium: Gathered) -> Given:
        """Where the layout has the faces.

        Raises:
            MediaError: There are no pictures, or they or their lists are not what the layout has.
        """
        if not medium.images:
            raise MediaError(
                f"{medium.path} is a file, and a folder of pictures is wanted; videos are what `faceswap extract` takes"
            )
        faces = self._faces(medium)
        if self._attributes is not None:
            self._attributes.require(medium.images)
        size = self.crop_size or usual_side(faces, self.shown())
        return Given(faces, self._digest(), size, self.shown())

    def shown(self) -> str:
        """How much of the head the crops show, a face type."""
        return self.face_type or "whole"

    def imported(self, faceset: FacesetWriter) -> None:
        """Notes the attributes of the faces."""
        if self._attributes is None:
            return
        rows = self._attributes.rows
        table = faceset.face_table(())
        names = np.array(table.sources)[table.source].tolist()
        values = {face: rows[name] for face, name in zip(table.ids.tolist(), names, strict=True) if name in rows}
        faceset.note_attributes(self._attributes.names, values)

    def _faces(self, medium: Gathered) -> GivenFaces:
        if self.layout == "celeba":
            return celeba_faces(medium, read_landmarks(self.landmarks) if self.landmarks else None)
        return aligned_faces(medium, self.shown())

    def _digest(self) -> str:
        """Of what says where the faces are; pictures may be added."""
        listed = self.landmarks.read_bytes() if self.landmarks else b""
        return hashlib.sha256(f"{self.layout} {self.shown()} {SCHEME} ".encode() + listed).hexdigest()

    @cached_property
    def _attributes(self) -> PictureList | None:
        return read_attributes(self.attributes) if self.attributes else None
