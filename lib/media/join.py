"""Segments into one video, with all that the original had beside its pictures, and nothing encoded anew."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer, OutputContainer
from av.video.stream import VideoStream

from ..errors import MediaError
from ..publish import atomic_file, require_parent
from .container import Packet, open_input, video_stream, whole_packets, writing
from .copies import Timed, add_copies, copied_packets, timed
from .encoding import VIDEO_ENDINGS, encoded_color, tag_stream
from .images import Finish
from .layouts import working_format
from .medium import Medium
from .timeline import Span

_BRAND_KEYS = {"major_brand", "minor_version", "compatible_brands", "encoder"}
_LARGEST_SCALE = 2**31 - 1


def join(
    segments: Iterable[str | Path],
    output: str | Path,
    original: Medium,
    finish: Finish | None = None,
    span: Span | None = None,
) -> None:
    """Puts segments together, with the original's sound, subtitles, rotation, color tags, chapters and titles.

    The times of frames stay exact in mp4 and mov; mkv counts milliseconds. Packets of sound and subtitles are
    copied bit for bit, but for streams that the container cannot hold (`lost_streams`). The file appears under
    its name when it is whole.

    Args:
        segments: Files of `SegmentWriter`, in order; empty ones are passed over.
        output: Ends in one of `VIDEO_ENDINGS`.
        original: The video that the frames came from.
        finish: Called with the whole temporary file before it gets its name.
        span: The part of the original that the segments are of, from whose beginning the output counts its times; it
            gets the sound and the subtitles that begin in it, and no chapters. None: the whole.

    Raises:
        MediaError: No segment holds a frame, or they were encoded in different ways.
        OutputError: The folder is missing or the disk is full.
    """
    target = Path(output)
    require_parent(target)
    parts = [Path(segment) for segment in segments if Path(segment).stat().st_size]
    if not parts:
        raise MediaError(f"there are no frames to write to {target}: none of {original.path} could be decoded")
    with writing(target), atomic_file(target) as temp:
        _mux(parts, temp, target, original, span)
        if finish:
            finish(temp, target)


def _mux(parts: list[Path], temp: Path, target: Path, original: Medium, span: Span | None) -> None:
    """Writes the whole file under its temporary name."""
    with ExitStack() as stack:
        source = stack.enter_context(open_input(original.path))
        container = stack.enter_context(_open_output(temp, target, original, source))
        stream = _add_video(container, parts[0], original)
        copies = add_copies(container, source, target)
        _copy_description(container, source, chapters=span is None)
        copied = copied_packets(source, copies, span)
        for _, _, packet in heapq.merge(_video_packets(parts, stream, original), copied):
            container.mux(_moved(packet, span) if span else packet)


def _moved(packet: Packet, span: Span) -> Packet:
    """A packet whose times are counted from the beginning of a part."""
    start = round(span.start / packet.time_base)
    packet.pts = None if packet.pts is None else packet.pts - start
    packet.dts = None if packet.dts is None else packet.dts - start
    return packet


def _open_output(temp: Path, target: Path, original: Medium, source: InputContainer) -> OutputContainer:
    """The container to fill; mp4 and mov are told to count in units that hold all times exactly."""
    name = VIDEO_ENDINGS[target.suffix.lower()]
    if name == "matroska":
        return av.open(str(temp), "w", format=name)
    scale = original.time_base.denominator
    rates = (audio.codec_context.sample_rate for audio in source.streams.audio if audio.codec_context)
    exact = math.lcm(scale, *rates)
    options = {
        "movflags": "+faststart",
        "video_track_timescale": str(scale),
        "movie_timescale": str(exact if exact <= _LARGEST_SCALE else scale),
    }
    return av.open(str(temp), "w", format=name, container_options=options)


def _add_video(container: OutputContainer, segment: Path, original: Medium) -> VideoStream:
    """The stream of pictures, described as the original's."""
    with open_input(segment) as first:
        template = first.streams.video[0]
        stream: VideoStream = container.add_stream_from_template(template, opaque=True)
        color = encoded_color(original, working_format(template.pix_fmt or original.pixel_format))
    stream.time_base = original.time_base
    stream.codec_context.framerate = original.rate or Fraction(0)
    tag_stream(stream, color, original.sample_aspect)
    stream.set_display_matrix(original.display_matrix)
    return stream


def _copy_description(container: OutputContainer, source: InputContainer, chapters: bool) -> None:
    """Titles, and chapters if they are wanted."""
    kept = {key: value for key, value in source.metadata.items() if key.lower() not in _BRAND_KEYS}
    container.metadata.update(kept)
    if chapters and (found := source.chapters()):
        container.set_chapters(found)


def _video_packets(parts: list[Path], stream: VideoStream, original: Medium) -> Iterator[Timed]:
    """The packets of all segments; without B-frames they are decoded in the order in which they are shown."""
    held = None
    for packet in _segment_packets(parts):
        if held is not None:
            yield timed(held, stream)
        held = packet
    if held is not None:
        held.duration = _last_duration(held, original) or held.duration
        yield timed(held, stream)


def _segment_packets(parts: list[Path]) -> Iterator[Packet]:
    """The packets of segments, one after the other."""
    setup = None
    for part in parts:
        with open_input(part) as segment:
            video = segment.streams.video[0]
            setup = setup or video.codec_context.extradata
            if video.codec_context.extradata != setup:
                raise MediaError(f"{part} was encoded in another way than the segments before it; convert it anew")
            yield from (packet for packet in segment.demux(video) if packet.size)


def _last_duration(packet: Packet, original: Medium) -> int | None:
    """How long the original shows the last frame, in the packet's time base; segments do not hold that."""
    time = round((packet.pts or 0) * packet.time_base / original.time_base)
    with open_input(original.path) as source:
        stream = video_stream(source, original.path)
        with suppress(av.FFmpegError):
            source.seek(time, stream=stream)
        for candidate in whole_packets(source, stream):
            if candidate.pts == time and candidate.duration:
                return round(candidate.duration * original.time_base / packet.time_base)
    return None
