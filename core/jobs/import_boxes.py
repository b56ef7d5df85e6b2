"""Boxes and landmarks that another tool has found become a faceset, through the usual chain from the aligner on."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from ...lib.exchange.boxes import read_boxes
from ...lib.media import Gathered
from ..extracting.messages import FACE_TYPE
from ..extracting.plugins import PluginChoices
from ..host import PluginChoice, default_chain, default_choice
from .import_given import Given, ImportGivenJob


class ImportBoxesJob(ImportGivenJob):
    """Make FACESET of MEDIA and a file that says where its faces are.

    The file's boxes stand for the detector, and its landmarks, where it has them, for the aligner; the rest is as in
    an extraction. Frames that the file does not name have no face. The same job continues after a stop or a kill.
    """

    command: ClassVar[str] = "import-boxes"

    boxes: Path = Field(description="The CSV or JSON file of boxes.")
    crop_size: int = Field(512, ge=64, le=2048, description="Side of the stored crops in pixels.")
    aligner: PluginChoice = default_choice("aligner")
    maskers: tuple[PluginChoice, ...] = default_chain("masker")

    def given(self, medium: Gathered) -> Given:
        """What the file says.

        Raises:
            MediaError: It cannot be read.
        """
        faces = read_boxes(self.boxes)
        return Given(faces, hashlib.sha256(self.boxes.read_bytes()).hexdigest(), self.crop_size, FACE_TYPE)

    def choices(self) -> PluginChoices:
        """The plugins as they were chosen, the aligner too: the file may have boxes alone."""
        return super().choices().model_copy(update={"aligner": self.aligner})
