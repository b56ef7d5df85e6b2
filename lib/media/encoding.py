"""How videos are written: quality, size, pixel format, and encoders that do the same each time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import cast

from av.container import OutputContainer
from av.video.stream import VideoStream

from ..errors import OutputError
from ..publish import require_parent
from .codecs import CODECS, PRESETS, VIDEO_ENDINGS, Codec, require_built_in
from .layouts import LAYOUTS, nearest_format, working_format
from .light import Light
from .medium import Medium

_SMALLEST = 2


@dataclass(frozen=True)
class Encoding:
    """How frames are compressed. The number of threads is fixed, for it changes what x264 and x265 write.

    Args:
        codec: One of `CODECS`.
        crf: Constant quality, 0 (lossless where the codec can be) to the codec's worst; None takes its default.
        preset: How much time is spent on making the file small; for h264, hevc, av1 and vp9.
        pixel_format: FFmpeg's name; None keeps the frames' own wherever the codec can.
        lossless: Whether decoding must give back every sample of the frames; what cannot is refused.
        scale: Size of the output over that of the frames.
        threads: Of one encoder.
    """

    codec: str = "h264"
    crf: float | None = None
    preset: str = "medium"
    pixel_format: str | None = None
    lossless: bool = False
    scale: float = 1.0
    threads: int = 4

    def __post_init__(self) -> None:
        """Checks the values.

        Raises:
            ValueError: One of them is unknown or out of range, or does not go with `lossless`.
            OutputError: The codec is not built in.
        """
        _require("codec", self.codec, tuple(CODECS))
        require_built_in(self.codec)
        _require("preset", self.preset, PRESETS)
        if self.crf is not None and not 0 <= self.crf <= self.kind.worst:
            raise ValueError(f"`crf` must lie in 0..{self.kind.worst:g} for {self.codec}. Received: {self.crf}")
        if self.crf is not None and self.kind.crf is None:
            raise ValueError(f"{self.codec} has no `crf`. Received: {self.crf}")
        if self.threads < 1:
            raise ValueError(f"`threads` must be at least 1. Received: {self.threads}")
        if self.scale <= 0:
            raise ValueError(f"`scale` must be above 0. Received: {self.scale}")
        if self.pixel_format is not None:
            _require("pixel_format", self.pixel_format, self.kind.pixel_formats())
        if self.lossless:
            self._require_lossless()

    @property
    def kind(self) -> Codec:
        """What is known of the codec."""
        return CODECS[self.codec]

    @property
    def segment(self) -> Encoding:
        """How segments are encoded: an animation is made in one go, from segments that lose nothing."""
        return replace(self, codec="ffv1", crf=None, pixel_format=None) if self.kind.animation else self

    @property
    def segment_ending(self) -> str:
        """How the names of segments end."""
        return f".{self.segment.kind.segment}"

    def options(self, light: Light | None = None) -> dict[str, str]:
        """The encoder's own options, with what the footage says of its light."""
        crf = 0 if self.lossless else self.kind.crf if self.crf is None else self.crf
        options = self.kind.options(crf or 0, self.preset)
        if light and (words := self.kind.light):
            told = [options.get(words.option), words.parameters(light)]
            options[words.option] = ":".join(word for word in told if word)
        return options

    def format_for(self, pixel_format: str, width: int, height: int) -> str:
        """The pixel format that pictures of a given format and stored size are encoded in.

        Raises:
            OutputError: The codec takes no pictures of this size or, with `lossless`, none of this format.
        """
        choices = tuple(name for name in self.kind.pixel_formats() if self._fits(name, width, height))
        wanted = self.pixel_format or pixel_format
        if not choices:
            raise OutputError(f"{self.codec} cannot hold pictures of {width}x{height}; choose another codec")
        if self.lossless and wanted not in choices:
            able = [name for name, codec in CODECS.items() if codec.lossless and wanted in codec.pixel_formats()]
            raise OutputError(
                f"{self.codec} cannot hold pictures of {wanted}, {width}x{height}, without loss; "
                f"{', '.join(able) or 'no codec'} can; or leave out `lossless`"
            )
        return wanted if wanted in choices else nearest_format(wanted, choices)

    def format_of(self, medium: Medium) -> str:
        """The pixel format that a video's frames are encoded in.

        Raises:
            OutputError: As for `format_for`, or `lossless` cannot be kept, for frames of this format are worked on in
                another.
        """
        before = working_format(medium.pixel_format)
        if self.lossless and before != medium.pixel_format:
            raise OutputError(
                f"{medium.path} has pictures of {medium.pixel_format}, which are worked on as {before}: they cannot be "
                "kept without loss; leave out `lossless`"
            )
        return self.format_for(before, *self.size_of(medium))

    def size_of(self, medium: Medium) -> tuple[int, int]:
        """Width and height of the output, as it is stored; a scaled one is a whole number of chroma samples."""
        if self.scale == 1:
            return medium.stored_size
        layout = LAYOUTS[working_format(medium.pixel_format)]
        shifts = (layout.shift_x, layout.shift_y)
        return cast(
            tuple[int, int],
            tuple(
                max(_SMALLEST, round(side * self.scale / (1 << shift)) << shift)
                for side, shift in zip(medium.stored_size, shifts, strict=True)
            ),
        )

    def losses(self, medium: Medium) -> list[str]:
        """A line for what cannot be kept of the frames' own pixel format, and of what they say of HDR."""
        if self.kind.animation:
            return [f"{self.codec} holds pictures of RGB at 8 bits: what {medium.pixel_format} has beyond is lost"]
        before, after = working_format(medium.pixel_format), self.format_of(medium)
        old, new = LAYOUTS[before], LAYOUTS[after]
        finer = old.bits > new.bits or old.shift_x < new.shift_x or old.shift_y < new.shift_y
        same_model = new.model in (old.model, "rgb")
        coarser = (
            [] if same_model and not finer else [f"pictures of {before} become {after}, which {self.codec} can hold"]
        )
        untold = medium.light and not self.kind.light
        return [*coarser, *([f"{self.codec} does not say how bright HDR is: light levels are lost"] if untold else [])]

    def _fits(self, pixel_format: str, width: int, height: int) -> bool:
        """Whether a size is a whole number of chroma samples; some encoders refuse what is not."""
        layout = LAYOUTS[pixel_format]
        whole = width % (1 << layout.shift_x) == 0 and height % (1 << layout.shift_y) == 0
        return whole or self.kind.odd_sizes

    def _require_lossless(self) -> None:
        if not self.kind.lossless:
            able = ", ".join(name for name, codec in CODECS.items() if codec.lossless)
            raise ValueError(
                f"`lossless` needs a codec that can be: {able}, all of which go into .mkv. Received: {self.codec}; "
                "name such a file, or leave out `lossless`"
            )
        if self.crf:
            raise ValueError(f"`lossless` leaves no quality to choose. Received: crf={self.crf:g}")
        if self.scale != 1:
            raise ValueError(f"`lossless` keeps the size. Received: scale={self.scale:g}")
        if self.pixel_format is not None:
            raise ValueError(f"`lossless` keeps the frames' own pixel format. Received: {self.pixel_format}")


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
    if ending not in encoding.kind.endings:
        fitting = ", ".join(name for name, codec in CODECS.items() if ending in codec.endings)
        raise OutputError(
            f"cannot write {path}: {ending} cannot hold {encoding.codec}, which goes with "
            f"{' '.join(encoding.kind.endings)}; {ending} holds {fitting}"
        )


def add_video_stream(
    container: OutputContainer,
    encoding: Encoding,
    pixel_format: str,
    size: tuple[int, int],
    time_base: Fraction,
    rate: Fraction,
    light: Light | None = None,
) -> VideoStream:
    """Adds an encoder to a container; the colors are tagged by `tag_stream`."""
    encoder = encoding.kind.encoder
    stream = cast(VideoStream, container.add_stream(encoder, rate=rate, options=encoding.options(light)))
    stream.width, stream.height = size
    stream.pix_fmt = pixel_format
    stream.time_base = time_base
    context = stream.codec_context
    context.time_base = time_base
    context.max_b_frames = 0  # Decoding order is showing order, so that segments can be joined.
    context.thread_count = encoding.threads
    context.thread_type = encoding.kind.threads
    return stream


def _require(name: str, value: str, known: tuple[str, ...]) -> None:
    """Raises ValueError unless a value is a known one."""
    if value not in known:
        raise ValueError(f"`{name}` must be one of {', '.join(known)}. Received: {value!r}")
