"""The settings by which a job writes a video: the same wherever one is written from frames."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from ..errors import OptionError
from .groups import OUTPUT
from .job import Job

if TYPE_CHECKING:
    from ...lib.media import Encoding

Codec = Literal["h264", "hevc", "av1", "vp9", "prores", "ffv1", "gif", "webp"]
Preset = Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"]
ImageFormat = Literal["png", "jpg", "tiff"]


class EncodingChoices(Job):
    """How a video is compressed."""

    codec: Codec | None = Field(
        None,
        description="Codec of a video.  [default: h264; vp9 in .webm; gif and webp in files of that ending]",
        json_schema_extra=OUTPUT,
    )
    crf: float | None = Field(
        None,
        ge=0,
        le=100,
        description="Quality of a video, from 0, the best, to 51 (av1 and vp9: 63, webp: 100).  "
        "[default: h264 18, hevc 20, av1 and vp9 24, webp 10]",
        json_schema_extra=OUTPUT,
    )
    preset: Preset = Field(
        "medium", description="How much time the encoder takes to make a video small.", json_schema_extra=OUTPUT
    )
    pixel_format: str | None = Field(
        None,
        description="FFmpeg's name, such as yuv420p10le.  [default: that of the frames, if the codec can]",
        json_schema_extra=OUTPUT,
    )
    lossless: bool = Field(
        False,
        description="Keep every sample of a video that no swap changes; where that cannot be, say so and stop.",
        json_schema_extra=OUTPUT,
    )
    scale: float = Field(
        1.0, gt=0, le=8, description="Size of the output over that of the footage.", json_schema_extra=OUTPUT
    )

    def encoding(self, output: Path) -> Encoding:
        """How `output` is to be encoded.

        Raises:
            OptionError: The settings do not go together.
            OutputError: The codec is not built in.
        """
        from ...lib.media import Encoding, codec_for

        try:
            return Encoding(
                codec=self.codec or codec_for(output.suffix.lower()),
                crf=self.crf,
                preset=self.preset,
                pixel_format=self.pixel_format,
                lossless=self.lossless,
                scale=self.scale,
            )
        except ValueError as error:
            raise OptionError(str(error)) from error
