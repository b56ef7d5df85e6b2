"""The job `assemble`: a folder of images in, a video out, with the times and tags that lie beside the images."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from ..errors import MediaError, OptionError, OutputError
from .context import JobContext
from .encoding import EncodingChoices
from .groups import MADE
from .job import Report
from .passing import CHUNK_FRAMES, digest, pass_frames
from .provenance import ProvenanceChoices

if TYPE_CHECKING:
    from ...lib.media import Encoding, Medium, Timing

_WITHOUT_MARK = (".tif", ".tiff", ".bmp")
_RGB_FORMATS = ("gbrp", "gbrp10le", "gbrp12le")
_RATE = re.compile(r"\d{1,6}(\.\d{1,6})?(/\d{1,6})?")


class AssembleReport(Report):
    """What was written.

    Attributes:
        output: The video.
        frames: Frames in it.
        provenance: How it is signed, where its images show swapped faces.
    """

    output: Path
    frames: int
    provenance: str | None = None


class AssembleJob(EncodingChoices, ProvenanceChoices):
    """Make VIDEO of the images in FOLDER.

    \b
    Example:
        faceswap frames clip.mp4 frames
        faceswap assemble frames again.mp4 --audio-from clip.mp4

    Images of `faceswap frames` or `faceswap convert` are shown when the frames of their video were, and the new video
    says of colors, pixels and rotation what that one said: timing.json in FOLDER tells it. Images of elsewhere need
    --fps and come in the order of their names. --audio-from copies sound, subtitles, chapters and titles, bit for bit.
    A run that was stopped or killed is continued by the same command.
    """  # noqa: D301 - click's mark for lines that stay as they are.

    command: ClassVar[str] = "assemble"
    positional: ClassVar[tuple[str, ...]] = ("folder", "video")
    report_class: ClassVar[type[Report]] = AssembleReport

    folder: Path = Field(description="The folder of images.")
    video: Path = Field(description="The video to write.")
    audio_from: Path | None = Field(
        None, description="Video whose sound and subtitles are copied.", json_schema_extra=MADE
    )
    fps: str | None = Field(
        None,
        description="Images per second, such as 25 or 30000/1001.  [default: the times in FOLDER/timing.json]",
        json_schema_extra=MADE,
    )

    def home(self) -> Path:
        """The folder of images, where the run is recorded."""
        return self.folder

    def preflight(self) -> None:
        """Refuses a folder without images or times, and a video that cannot be written."""
        from ...lib.media import require_video_output
        from ..converting.requirements import require_other, require_video

        encoding = self.encoding(self.video)
        require_video_output(self.video, encoding)
        if self.audio_from:
            heard = require_video(self.audio_from, "for --audio-from")
            require_other(self.video, heard, "the video that the sound comes from")
        images, timing = self._film(encoding)
        encoding.format_of(timing.medium(self.folder, (images.width, images.height)))
        if not os.access(self.folder, os.W_OK):
            raise OutputError(f"cannot record the run in {self.folder}: there is no permission to write there")
        self.require_provenance()

    def run(self, context: JobContext) -> AssembleReport:
        """Encodes what no earlier run has encoded, and publishes the video."""
        from ...lib.media import Beside, Timeline
        from ..converting.conversion import Conversion
        from ..converting.outputs import VideoOutput
        from ..converting.parts import Parts
        from ..converting.passing import Passing

        encoding = self.encoding(self.video)
        images, timing = self._film(encoding, context.warn)
        film = timing.medium(self.folder, (images.width, images.height))
        seal = self._seal(images)
        positions = tuple(range(len(images.images)))
        with Parts(self.video, digest(images.files, repr(encoding), repr(timing))) as parts:
            beside = Beside(self.audio_from, end=timing.end)
            output = VideoOutput(self.video, film, encoding, parts, beside, seal)
            chunks = Timeline(positions, positions).chunks(CHUNK_FRAMES)
            conversion = Conversion(images, positions, chunks, output, parts)
            frames = pass_frames(context, conversion, Passing(partial(timing.film, medium=film)), "encoding")
        told = self.provenance_in_words(self.video) if seal or not self.provenance else None
        return AssembleReport(output=self.video, frames=frames, provenance=told)

    def _film(self, encoding: Encoding, warn: Callable[[str], None] = lambda message: None) -> tuple[Medium, Timing]:
        """The images that make the video, in order, and their timing."""
        from ...lib.media import Timing, probe, untold

        images = probe(self.folder)
        names = {Path(name).stem: name for name in images.images}
        if images.kind != "folder" or len(names) < len(images.images):
            raise MediaError(f"{self.folder} must be a folder of images whose names differ in more than their endings")
        timing = Timing.read(self.folder)
        if self.fps:
            timing = (timing or untold(self._pixel_format(images, encoding))).at_rate(names, self._rate(self.fps))
        if timing is None:
            raise OptionError(
                f"{self.folder} holds no timing.json, which `faceswap frames` writes: give the images per second with "
                "--fps"
            )
        if encoding.pixel_format:
            timing = replace(timing, pixel_format=encoding.pixel_format)
        return self._shown(images, names, timing, warn), timing

    def _shown(self, images: Medium, names: dict[str, str], timing: Timing, warn: Callable[[str], None]) -> Medium:
        """The images that have a time, in the order of their times."""
        shown = [names[stem] for stem in sorted(timing.times, key=timing.times.__getitem__) if stem in names]
        if not shown:
            raise MediaError(f"no image in {self.folder} has a time in its timing.json; give --fps to show them all")
        if len(shown) < len(timing.times):
            warn(f"{len(timing.times) - len(shown)} images that timing.json names are not there; others stay longer.")
        if len(shown) < len(names):
            warn(f"{len(names) - len(shown)} images that timing.json does not name are left out.")
        return replace(images, images=tuple(shown))

    def _pixel_format(self, images: Medium, encoding: Encoding) -> str:
        """That of images beside which nothing lies: what all players show, or all that the images hold."""
        deep = images.pixel_format != "rgb24"
        if not (encoding.lossless or encoding.kind.animation):
            return "yuv420p10le" if deep else "yuv420p"
        offered = encoding.segment.kind.pixel_formats()
        wanted = _RGB_FORMATS[::-1] if deep else _RGB_FORMATS
        return next((name for name in wanted if name in offered), wanted[0])

    def _rate(self, fps: str) -> Fraction:
        if not _RATE.fullmatch(fps):
            raise OptionError(f"--fps must be a number such as 25, 23.976 or 30000/1001. Received: {fps!r}")
        count, _, seconds = fps.partition("/")
        if not Fraction(count) or (seconds and not int(seconds)):
            raise OptionError(f"--fps must be above 0. Received: {fps!r}")
        return Fraction(count) / int(seconds or 1)

    def _seal(self, images: Medium) -> Callable[[Path, Path], None] | None:
        """What seals the video: images that say that they show swapped faces make a video that says so."""
        swapped = next((file for file in images.files if _says_swapped(file)), None)
        sealer = self.sealer({}) if swapped else None
        return partial(sealer.seal, original=swapped) if sealer and swapped else None


def _says_swapped(image: Path) -> bool:
    """Whether an image says that a model had a hand in it: by its mark, or its manifest where its format takes none."""
    from ...lib.provenance.checking import check_file
    from ...lib.provenance.xmp import source_type_in

    bare = image.suffix.lower() in _WITHOUT_MARK
    return bool(check_file(image, "").source_type if bare else source_type_in(image))
