"""Segments into one video, with all that the original had beside its pictures, and nothing encoded anew."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
from av.container import InputContainer, OutputContainer
from av.video.stream import VideoStream

from ..errors import MediaError
from ..publish import atomic_file, require_parent
from .codecs import VIDEO_ENDINGS
from .container import ISO, Packet, open_input, open_output, writing
from .copies import Timed, add_copies, copied_packets, timed
from .images import Finish
from .layouts import working_format
from .matroska import set_sample_aspect
from .medium import Medium
from .tagging import encoded_color, tag_stream
from .timeline import Span

if TYPE_CHECKING:
    from av.container.core import Chapter

_BRAND_KEYS = {"major_brand", "minor_version", "compatible_brands", "encoder"}
_APPLE_HEVC = "hvc1"
"""The name of HEVC that players of Apple know; others know it as well."""


@dataclass(frozen=True)
class Beside:
    """What a video has beside its pictures.

    Attributes:
        video: Whose sound, subtitles, chapters and titles are copied, as a rule the original; None for none.
        span: The part of it that the pictures are of, from whose beginning the output counts its times; the output gets
            the sound and the subtitles that begin in it, and the chapters that reach into it. None: the whole.
        end: When the last picture has been shown, in the original's time base; None: as the encoder thinks.
    """

    video: Path | None = None
    span: Span | None = None
    end: int | None = None


NOTHING = Beside()


def join(
    segments: Iterable[str | Path],
    output: str | Path,
    original: Medium,
    beside: Beside = NOTHING,
    finish: Finish | None = None,
) -> None:
    """Puts segments together, with the original's rotation, color tags and shape of pixels.

    The times of frames stay exact in mp4 and mov; mkv and webm count milliseconds. Packets of sound and subtitles
    are copied bit for bit, but for streams that the container cannot hold (`lost_streams`). The file appears under
    its name when it is whole.

    Args:
        segments: Files of `SegmentWriter`, in order; empty ones are passed over.
        output: Ends in one of `VIDEO_ENDINGS` that is no animation's.
        original: What the frames came from.
        beside: What is to be beside the pictures.
        finish: Called with the whole temporary file before it gets its name.

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
        _mux(parts, temp, target, original, beside)
        if VIDEO_ENDINGS[target.suffix.lower()] not in ISO and original.sample_aspect != 1:
            set_sample_aspect(temp, original.sample_aspect)
        if finish:
            finish(temp, target)


def _mux(parts: list[Path], temp: Path, target: Path, original: Medium, beside: Beside) -> None:
    """Writes the whole file under its temporary name."""
    span, end = beside.span, None if beside.end is None else beside.end * original.time_base
    with ExitStack() as stack:
        source = stack.enter_context(open_input(beside.video)) if beside.video else None
        container = stack.enter_context(_open(temp, target, original, source))
        streams = [_video_packets(parts, _add_video(container, parts[0], original), end)]
        if source:
            copies = add_copies(container, source, target)
            _copy_description(container, source, span)
            streams.append(copied_packets(source, copies, span))
        for _, _, packet in heapq.merge(*streams):
            container.mux(_moved(packet, span) if span else packet)


def _moved(packet: Packet, span: Span) -> Packet:
    """A packet whose times are counted from the beginning of a part."""
    start = round(span.start / packet.time_base)
    packet.pts = None if packet.pts is None else packet.pts - start
    packet.dts = None if packet.dts is None else packet.dts - start
    return packet


def _open(temp: Path, target: Path, original: Medium, source: InputContainer | None) -> OutputContainer:
    """The container to fill."""
    sounds = source.streams.audio if source else ()
    rates = (sound.codec_context.sample_rate for sound in sounds if sound.codec_context)
    return open_output(temp, VIDEO_ENDINGS[target.suffix.lower()], original.time_base.denominator, *rates)


def _add_video(container: OutputContainer, segment: Path, original: Medium) -> VideoStream:
    """The stream of pictures, described as the original's."""
    with open_input(segment) as first:
        template = first.streams.video[0]
        stream: VideoStream = container.add_stream_from_template(template, opaque=True)
        pixel_format = working_format(template.pix_fmt or original.pixel_format)
        color = encoded_color(original, pixel_format, template.codec_context.name)
    stream.time_base = original.time_base
    stream.codec_context.framerate = original.rate or Fraction(0)
    tag_stream(stream, color, original.sample_aspect)
    stream.set_display_matrix(original.display_matrix)
    if container.format.name in ISO and stream.codec_context.name == "hevc":
        stream.codec_context.codec_tag = _APPLE_HEVC
    return stream


def _copy_description(container: OutputContainer, source: InputContainer, span: Span | None) -> None:
    """Titles and chapters; of a part those that reach into it, as far as they do."""
    kept = {key: value for key, value in source.metadata.items() if key.lower() not in _BRAND_KEYS}
    container.metadata.update(kept)
    found = source.chapters()
    chapters = [part for chapter in found if (part := _chapter_in(chapter, span))] if span else found
    if chapters:
        container.set_chapters(chapters)


def _chapter_in(chapter: Chapter, span: Span) -> Chapter | None:
    """What of a chapter lies in a part, counted from its beginning; None for nothing."""
    unit = chapter["time_base"] or Fraction(1, av.time_base)
    first, end = max(chapter["start"] * unit, span.start), chapter["end"] * unit
    end = end if span.end is None else min(end, span.end)
    if first >= end:
        return None
    start, stop = (round((time - span.start) / unit) for time in (first, end))
    return {"id": chapter["id"], "start": start, "end": stop, "time_base": unit, "metadata": chapter["metadata"]}


def _video_packets(parts: list[Path], stream: VideoStream, end: Fraction | None) -> Iterator[Timed]:
    """The packets of all segments; without B-frames they are decoded in the order in which they are shown.

    Each is shown up to the next, across a gap too, and the last up to `end`, in seconds; segments do not hold that.
    """
    held = None
    for packet in _segment_packets(parts):
        if held is not None:
            yield timed(_lasting(held, (packet.pts or 0) * packet.time_base), stream)
        held = packet
    if held is not None:
        yield timed(held if end is None else _lasting(held, end), stream)


def _lasting(packet: Packet, end: Fraction) -> Packet:
    """A packet that is shown up to a time in seconds."""
    packet.duration = max(0, round(end / packet.time_base) - (packet.pts or 0))
    return packet


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
