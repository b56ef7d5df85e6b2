"""Pictures of StyleGAN's TFRecords become a faceset: they are unpacked, and imported as aligned ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from ...lib.exchange.aligned import SCHEME
from ...lib.exchange.stylegan import count_pictures, largest_level, noted_face_type, read_pictures
from ...lib.media import Gathered, fingerprints, list_images, write_image
from ...lib.publish import output_errors, publish_bytes, require_parent
from ..errors import OptionError, StoreError
from ..extracting.given import with_file
from ..extracting.messages import GivenFile
from .context import JobContext
from .import_aligned import ImportAlignedJob
from .import_given import ImportReport

PICTURES = "pictures"
"""Where the pictures are unpacked to, in the faceset, as those of a generator."""


class ImportTfrecordsJob(ImportAlignedJob):
    """Make FACESET of pictures in TFRecords, those of the largest level, each of which is an upright face in one place.

    They are unpacked to `pictures/` in FACESET. The same job continues after a stop or a kill.
    """

    command: ClassVar[str] = "import-tfrecords"

    media: Path = Field(description="The folder of the levels, or the file of the largest.")
    layout: Literal["celeba", "aligned"] = "aligned"

    def preflight(self) -> None:
        """Refuses what holds no such pictures, another face type than theirs, and plugins that do not fit."""
        count_pictures(largest_level(self.media))
        self.shown()
        with_file(self.choices().prepare(), GivenFile(digest="", scheme=SCHEME))[0].require_fit()
        require_parent(self.faceset)

    def run(self, context: JobContext) -> ImportReport:
        """Unpacks the pictures that were not yet, and imports them.

        Raises:
            StoreError: The file is damaged, or other pictures of its name were unpacked before.
            OutputError: The faceset cannot be written.
            Cancelled: The user stopped the run.
        """
        level = largest_level(self.media)
        self._settle(level)
        with context.stage(f"unpack {level.name}", count_pictures(level), "pictures") as stage:
            for number, picture in enumerate(read_pictures(level)):
                context.check()
                path = self._folder / f"{level.stem}-{number:06d}.png"
                if not path.exists():
                    write_image(path, picture)
                stage.advance()
        return super().run(context)

    def medium(self) -> Gathered:
        """The pictures of this file that are unpacked."""
        stem = largest_level(self.media).stem
        return Gathered(self._folder, tuple(name for name in list_images(self._folder) if name.startswith(f"{stem}-")))

    def shown(self) -> str:
        """How much of the head the pictures show: what was noted beside them, or what is asked for.

        Raises:
            OptionError: Something else is asked for than was noted.
            StoreError: What was noted cannot be read.
        """
        level = largest_level(self.media)
        noted = noted_face_type(level)
        if noted and self.face_type not in (None, noted):
            raise OptionError(
                f"--face-type {self.face_type} was asked for, and the pictures of {level} show {noted}, as was noted "
                "beside them; leave it out"
            )
        return noted or super().shown()

    @property
    def _folder(self) -> Path:
        return self.faceset / PICTURES

    def _settle(self, level: Path) -> None:
        """Notes which file it was; goes on only with the same."""
        path = self._folder / f"{level.stem}.json"
        told = json.dumps(fingerprints(Gathered(level)))
        with output_errors(path):
            self._folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            publish_bytes(path, told.encode())
        elif path.read_text("utf-8") != told:
            raise StoreError(f"{self._folder} holds pictures of another {level.name}; choose another folder")
