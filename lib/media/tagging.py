"""What an encoded stream says of its colors and pixels."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from av.video.stream import VideoStream

from .layouts import LAYOUTS, working_format
from .medium import ColorTags, Medium

HD = ColorTags(primaries=1, transfer=1, matrix=1, range=1)
"""BT.709, limited: what every player takes for granted in new footage."""

_RGB = ColorTags(matrix=0, range=2)

_LIMITED_ONLY = "prores"
"""Its decoders take every picture for one of limited range."""


def encoded_color(medium: Medium, pixel_format: str, codec: str) -> ColorTags:
    """How a medium's colors are tagged when they are encoded.

    Args:
        medium: The original, whose tags are kept, unless RGB becomes YUV or the codec knows limited range alone.
        pixel_format: What they are encoded in.
        codec: The name of a codec, or of its encoder or decoder.
    """
    before = LAYOUTS[working_format(medium.pixel_format)]
    if before.model == "rgb" and LAYOUTS[pixel_format].model == "yuv":
        return replace(medium.color, matrix=HD.matrix, range=HD.range)
    return replace(medium.color, range=HD.range) if codec.startswith(_LIMITED_ONLY) else medium.color


def tag_stream(stream: VideoStream, color: ColorTags, sample_aspect: Fraction) -> None:
    """Says in a stream what its colors mean and what shape its pixels have."""
    context = stream.codec_context
    rgb = LAYOUTS[working_format(stream.pix_fmt or "yuv420p")].model == "rgb"
    context.color_primaries = color.primaries
    context.color_trc = color.transfer
    context.colorspace = _RGB.matrix if rgb else color.matrix
    context.color_range = _RGB.range if rgb else color.range
    context.sample_aspect_ratio = sample_aspect
