"""The job `frames`: a video in, its frames as images out, and a file that says when each is shown."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import Field

from .context import JobContext
from .encoding import ImageFormat
from .groups import OUTPUT
from .job import Job, Report
from .passing import CHUNK_FRAMES, digest, pass_frames


class FramesReport(Report):
    """What was written.

    Attributes:
        folder: The folder of images.
        frames: Images in it.
    """

    folder: Path
    frames: int


class FramesJob(Job):
    """Write the frames of VIDEO into FOLDER as images.

    \b
    Example:
        faceswap frames clip.mp4 frames
        faceswap assemble frames again.mp4 --audio-from clip.mp4

    Images are upright and of the video's depth: 16 bits in png and tiff where the video has more than 8. Beside them
    lies timing.json, which says when each is shown and what the video says of its colors, pixels and rotation: with it
    `faceswap assemble` makes a video again that runs as this one does, however unevenly. A run that was stopped or
    killed is continued by the same command.
    """  # noqa: D301 - click's mark for lines that stay as they are.

    command: ClassVar[str] = "frames"
    positional: ClassVar[tuple[str, ...]] = ("video", "folder")
    report_class: ClassVar[type[Report]] = FramesReport

    video: Path = Field(description="The video.")
    folder: Path = Field(description="The folder of images to write.")
    image_format: ImageFormat = Field(
        "png", description="Format of the images; jpg loses a little.", json_schema_extra=OUTPUT
    )
    quality: int = Field(95, ge=1, le=100, description="Quality of jpg.", json_schema_extra=OUTPUT)

    def home(self) -> Path:
        """The folder of images, where the run is recorded."""
        return self.folder

    def preflight(self) -> None:
        """Refuses what is no video, and a folder that cannot be written."""
        from ...lib.media import Encoding
        from ..converting.requirements import require_output, require_video

        medium = require_video(self.video, "whose frames are to become images")
        require_output(self.folder, medium, Encoding(), f".{self.image_format}")

    def run(self, context: JobContext) -> FramesReport:
        """Writes the frames that no earlier run has written."""
        from ...lib.media import ImageFolder, probe, scan
        from ..converting.conversion import Conversion
        from ..converting.outputs import FolderOutput
        from ..converting.parts import Parts
        from ..converting.passing import Passing

        medium = probe(self.video)
        timeline = scan(medium)
        if timeline.missing:
            context.warn(f"{self.video} is cut short: {timeline.missing} of its frames are not in it.")
        images = ImageFolder(self.folder, f".{self.image_format}", self.quality)
        with Parts(self.folder, digest(medium.files, self.image_format, self.quality)) as parts:
            output = FolderOutput(images, medium, timeline)
            conversion = Conversion(medium, timeline.times, timeline.chunks(CHUNK_FRAMES), output, parts)
            frames = pass_frames(context, conversion, Passing(), "writing images")
        return FramesReport(folder=self.folder, frames=frames)
