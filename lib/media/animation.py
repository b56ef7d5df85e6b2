"""Segments into a gif or an animated webp: RGB pictures of 8 bits, upright, with square pixels, no sound.

Such files cannot be joined of parts: a second pass reads the segments, which lost nothing, and encodes all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np
from av.container import OutputContainer
from av.filter import Graph
from av.video.stream import VideoStream
from numpy.typing import NDArray

from ..errors import MediaError
from ..publish import atomic_file, require_parent
from .codecs import VIDEO_ENDINGS
from .container import decoded, open_input, stream_time_base, whole_packets, writing
from .encoding import Encoding
from .frame import VideoPicture
from .images import Finish
from .layouts import working_format
from .medium import Medium
from .tagging import encoded_color

_UNITS = {"gif": Fraction(1, 100), "webp": Fraction(1, 1000)}
"""What the formats count in."""

_USUAL_RATE = Fraction(25)

Pixels = NDArray[np.uint8]


def animate(
    segments: Iterable[str | Path],
    output: str | Path,
    original: Medium,
    encoding: Encoding,
    finish: Finish | None = None,
) -> None:
    """Makes a gif or an animated webp that repeats without end; it appears under its name when it is whole.

    Times are rounded to what the format counts in: hundredths of a second in gif, thousandths in webp. They begin
    with the first picture; the last stays for a mean frame's time.

    Args:
        segments: Files of `SegmentWriter`, in order; empty ones are passed over.
        output: Ends in `.gif` or `.webp`.
        original: The video that the frames came from.
        encoding: With the codec `gif` or `webp`; the segments were written with the same.
        finish: Called with the whole temporary file before it gets its name.

    Raises:
        MediaError: No segment holds a frame.
        OutputError: The folder is missing or the disk is full.
    """
    target = Path(output)
    require_parent(target)
    parts = [Path(segment) for segment in segments if Path(segment).stat().st_size]
    if not parts:
        raise MediaError(f"there are no frames to write to {target}: none of {original.path} could be decoded")
    with writing(target), atomic_file(target) as temp:
        with ExitStack() as stack:
            _encode(_pictures(parts, original), _Animation(stack, temp, target, original, encoding))
        if finish:
            finish(temp, target)


def _encode(pictures: Iterator[tuple[int, Pixels]], animation: _Animation) -> None:
    for time, pixels in pictures:
        animation.write(time, pixels)
    animation.end()


def _pictures(parts: list[Path], original: Medium) -> Iterator[tuple[int, Pixels]]:
    """Times in the original's time base and upright RGB pictures with square pixels."""
    for part in parts:
        with open_input(part) as segment:
            stream = segment.streams.video[0]
            unit = stream_time_base(stream) / original.time_base
            for video in decoded(stream, whole_packets(segment, stream)):
                tags = encoded_color(original, working_format(video.format.name), stream.codec_context.name)
                pixels = original.orientation.upright(VideoPicture(video, tags).samples().rgb8())
                yield round((video.pts or 0) * unit), _squared(np.ascontiguousarray(pixels), original)


def _squared(pixels: Pixels, original: Medium) -> Pixels:
    """The picture with square pixels, as wide as it is shown."""
    aspect = original.sample_aspect
    if aspect == 1:
        return pixels
    height, width = pixels.shape[:2]
    across = 1 / aspect if original.orientation.transpose else aspect
    return np.asarray(cv2.resize(pixels, (max(1, round(width * across)), height), interpolation=cv2.INTER_LINEAR))


class _Animation:
    """The file that is being made; opened with the first picture, which tells its size."""

    def __init__(self, stack: ExitStack, temp: Path, target: Path, original: Medium, encoding: Encoding) -> None:
        self._stack, self._temp, self._original, self._encoding = stack, temp, original, encoding
        self._format = VIDEO_ENDINGS[target.suffix.lower()]
        self._unit = _UNITS[self._format]
        self._opened: tuple[OutputContainer, VideoStream, Graph] | None = None
        self._last: int | None = None

    def write(self, time: int, pixels: Pixels) -> None:
        """Encodes a picture."""
        if self._opened is None:
            self._opened = self._open(pixels.shape[1], pixels.shape[0])
        place = round(time * self._original.time_base / self._unit)
        if self._last is not None and place <= self._last:  # Nobody could see it: it has to go before it came.
            return
        self._last = place
        video = av.VideoFrame.from_ndarray(pixels, "rgb24")
        video.pts, video.time_base = place, self._unit
        self._push(video)

    def end(self) -> None:
        """Brings out what filters and encoder still hold."""
        self._push(None)
        if self._opened:
            container, stream, _ = self._opened
            container.mux(stream.encode(None))

    def _open(self, width: int, height: int) -> tuple[OutputContainer, VideoStream, Graph]:
        rate = self._original.rate or _USUAL_RATE
        options = {"loop": "0"}
        if self._format == "gif":
            options["final_delay"] = str(max(1, round(1 / rate / self._unit)))
        container = self._stack.enter_context(av.open(str(self._temp), "w", format=self._format, options=options))
        encoder = container.add_stream(self._encoding.kind.encoder, rate=rate, options=self._encoding.options())
        stream = cast(VideoStream, encoder)
        stream.width, stream.height = width, height
        stream.pix_fmt = "pal8" if self._format == "gif" else "bgra"
        stream.time_base = stream.codec_context.time_base = self._unit
        return container, stream, _FILTERS[self._format](width, height, self._unit)

    def _push(self, video: av.VideoFrame | None) -> None:
        """Encodes the pictures that the filters have ready."""
        if not self._opened:
            return
        container, stream, graph = self._opened
        graph.push(video)
        with suppress(av.BlockingIOError, av.EOFError):
            while True:
                ready = graph.vpull()
                ready.pict_type = 0
                container.mux(stream.encode(ready))


def _palettes(width: int, height: int, unit: Fraction) -> Graph:
    """Gives each picture a palette of its own 256 colors, and spreads what these miss over the neighbors."""
    graph = Graph()
    source = graph.add_buffer(width=width, height=height, format=av.VideoFormat("rgb24", width, height), time_base=unit)
    split, use = graph.add("split"), graph.add("paletteuse", "new=1:dither=sierra2_4a")
    palette, sink = graph.add("palettegen", "stats_mode=single:reserve_transparent=0"), graph.add("buffersink")
    source.link_to(split)
    split.link_to(palette, 0, 0)
    split.link_to(use, 1, 0)
    palette.link_to(use, 0, 1)
    use.link_to(sink)
    graph.configure()
    return graph


def _with_alpha(width: int, height: int, unit: Fraction) -> Graph:
    """Adds the alpha channel that the encoder of webp wants beside RGB."""
    graph = Graph()
    source = graph.add_buffer(width=width, height=height, format=av.VideoFormat("rgb24", width, height), time_base=unit)
    graph.link_nodes(source, graph.add("format", "bgra"), graph.add("buffersink")).configure()
    return graph


_FILTERS = {"gif": _palettes, "webp": _with_alpha}
