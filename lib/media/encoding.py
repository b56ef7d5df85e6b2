"""How videos are written: codecs, containers, and encoders that do the same each time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
from av.container import OutputContainer
from av.video.stream import VideoStream

from ..errors import OutputError
from ..publish import require_parent
from .layouts import LAYOUTS, nearest_format, working_format
from .medium import ColorTags, Medium

VIDEO_ENDINGS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska"}
"""The endings that a video can be written under, with FFmpeg's names for their containers."""

HD = ColorTags(primaries=1, transfer=1, matrix=1, range=1)
"""BT.709, limited: what every player takes for granted in new footage."""

_RGB = ColorTags(matrix=0, range=2)

_SAME_ON_EVERY_CPU = "cpu-independent=1"
"""Without it, x264's rate control differs from CPU to CPU, and with AVX-512 even from run to run."""

CODECS = ("libx264", "libx265", "ffv1")
PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")
_WORST = 51


@dataclass(frozen=True)
class Encoding:
    """How frames are compressed. The number of threads is fixed, for it changes what x264 and x265 write.

    Args:
        codec: One of `CODECS`; `ffv1` is lossless; .mov cannot hold it.
        crf: Constant quality, 0 (lossless) to 51 (worst); `ffv1` has none.
        preset: How much time is spent on making the file small; `ffv1` has none.
        pixel_format: FFmpeg's name; None keeps the frames' own wherever the codec can.
        threads: Of one encoder.
    """

    codec: str = "libx264"
    crf: float = 18
    preset: str = "medium"
    pixel_format: str | None = None
    threads: int = 4

    def __post_init__(self) -> None:
        """Checks the values.

        Raises:
            ValueError: One of them is unknown or out of range.
        """
        _require("codec", self.codec, CODECS)
        _require("preset", self.preset, PRESETS)
        if not 0 <= self.crf <= _WORST:
            raise ValueError(f"`crf` must lie in 0..{_WORST}. Received: {self.crf}")
        if self.threads < 1:
            raise ValueError(f"`threads` must be at least 1. Received: {self.threads}")
        if self.pixel_format is not None:
            _require("pixel_format", self.pixel_format, _formats(self.codec))

    def options(self) -> dict[str, str]:
        """The codec's own options."""
        if self.codec == "libx264":
            quality = {"qp": "0"} if self.crf == 0 else {"crf": str(self.crf)}
            return {"preset": self.preset, "x264-params": _SAME_ON_EVERY_CPU, **quality}
        if self.codec == "libx265":
            quality = {} if self.crf == 0 else {"crf": str(self.crf)}
            more = "log-level=none" + (":lossless=1" if self.crf == 0 else "")
            return {"preset": self.preset, "x265-params": more, **quality}
        return {"level": "3", "slicecrc": "1"}

    def format_for(self, pixel_format: str, width: int, height: int) -> str:
        """The pixel format that pictures of a given format and stored size are encoded in."""
        choices = tuple(name for name in _formats(self.codec) if _fits(name, width, height))
        wanted = self.pixel_format or pixel_format
        return wanted if wanted in choices else nearest_format(wanted, choices)


def require_video_output(output: str | Path, encoding: Encoding) -> None:
    """Checks, before any work is done, that a video can be written under this name.

    Raises:
        OutputError: The ending is unknown, its container cannot hold the codec, or the folder is missing.
    """
    path = Path(output)
    ending = path.suffix.lower()
    if ending not in VIDEO_ENDINGS:
        known = " ".join(VIDEO_ENDINGS)
        raise OutputError(f"cannot write {path}: unknown ending {path.suffix or '(none)'!r}; use one of {known}")
    require_parent(path)
    with av.open(str(path), "w", format=VIDEO_ENDINGS[ending]) as container:  # Makes no file until it is written to.
        fits = encoding.codec in container.supported_codecs
    if not fits:
        raise OutputError(f"cannot write {path}: {ending} cannot hold {encoding.codec}; use .mkv or another codec")


def add_video_stream(
    container: OutputContainer,
    encoding: Encoding,
    pixel_format: str,
    size: tuple[int, int],
    time_base: Fraction,
    rate: Fraction,
) -> VideoStream:
    """Adds an encoder to a container; the colors are tagged by `tag_stream`."""
    stream = cast(VideoStream, container.add_stream(encoding.codec, rate=rate, options=encoding.options()))
    stream.width, stream.height = size
    stream.pix_fmt = pixel_format
    stream.time_base = time_base
    context = stream.codec_context
    context.time_base = time_base
    context.max_b_frames = 0  # Decoding order is showing order, so that segments can be joined.
    context.thread_count = encoding.threads
    context.thread_type = "SLICE" if encoding.codec == "ffv1" else "FRAME"
    return stream


def encoded_color(medium: Medium, pixel_format: str) -> ColorTags:
    """How a medium's colors are tagged when they are encoded in a pixel format: as before, unless RGB becomes YUV."""
    before = LAYOUTS[working_format(medium.pixel_format)]
    if before.model == "rgb" and LAYOUTS[pixel_format].model == "yuv":
        return replace(medium.color, matrix=HD.matrix, range=HD.range)
    return medium.color


def tag_stream(stream: VideoStream, color: ColorTags, sample_aspect: Fraction) -> None:
    """Says in a stream what its colors mean and what shape its pixels have."""
    context = stream.codec_context
    rgb = LAYOUTS[working_format(stream.pix_fmt or "yuv420p")].model == "rgb"
    context.color_primaries = color.primaries
    context.color_trc = color.transfer
    context.colorspace = _RGB.matrix if rgb else color.matrix
    context.color_range = _RGB.range if rgb else color.range
    context.sample_aspect_ratio = sample_aspect


def _require(name: str, value: str, known: tuple[str, ...]) -> None:
    """Raises ValueError unless a value is a known one."""
    if value not in known:
        raise ValueError(f"`{name}` must be one of {', '.join(known)}. Received: {value!r}")


def _formats(codec: str) -> tuple[str, ...]:
    """The pixel formats that a codec takes, of those that samples are worked on in."""
    offered = {form.name for form in av.Codec(codec, "w").video_formats or ()}
    return tuple(name for name in LAYOUTS if name in offered)


def _fits(pixel_format: str, width: int, height: int) -> bool:
    """Whether a size is a whole number of chroma samples; encoders refuse what is not."""
    layout = LAYOUTS[pixel_format]
    return width % (1 << layout.shift_x) == 0 and height % (1 << layout.shift_y) == 0
