"""The sound and subtitles of an original beside new pictures: its packets, bit for bit."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer, OutputContainer
from av.stream import Stream

from .codecs import VIDEO_ENDINGS
from .container import open_input
from .timeline import Span

Timed = tuple[float, int, "av.Packet[Any]"]
"""A packet after what it sorts by: its time in seconds and the index of its stream."""


def lost_streams(beside: Path, output: str | Path) -> list[str]:
    """What `join` will have to leave out, one line for each stream of sound or subtitles.

    Args:
        beside: The video whose sound and subtitles are to be copied.
        output: Its ending names the container.
    """
    ending = Path(output).suffix.lower()
    with open_input(beside) as source:
        return [
            f"{stream.type} stream {stream.index} ({_codec(stream)}) will be left out: {ending} cannot hold it"
            for stream in (*source.streams.audio, *source.streams.subtitles)
            if not _holds(VIDEO_ENDINGS[ending], stream)
        ]


def add_copies(container: OutputContainer, source: InputContainer, target: Path) -> dict[int, Stream]:
    """Streams for the sound and subtitles, by the index that they have in the original."""
    copies: dict[int, Stream] = {}
    for template in (*source.streams.audio, *source.streams.subtitles):
        if _holds(VIDEO_ENDINGS[target.suffix.lower()], template):
            copy = container.add_stream_from_template(template, opaque=True)
            copy.metadata.update(template.metadata)
            copy.disposition = template.disposition
            copies[template.index] = copy
    return copies


def copied_packets(source: InputContainer, copies: dict[int, Stream], span: Span | None = None) -> Iterator[Timed]:
    """The original's packets of the copied streams that begin in a part of it, up to where the file breaks off."""
    packets = source.demux([source.streams[index] for index in copies]) if copies else iter(())
    while True:
        try:
            packet = next(packets, None)
        except (av.FFmpegError, OSError):
            return
        if packet is None:
            return
        whole = packet.size and packet.dts is not None and not packet.is_corrupt
        if whole and (span is None or span.holds((packet.dts or 0) * packet.time_base)):
            yield timed(packet, copies[packet.stream_index])


def timed(packet: av.Packet[Any], stream: Stream) -> Timed:
    """A packet for its new stream, before which it sorts by time."""
    packet.stream = stream
    return float((packet.dts or 0) * packet.time_base), stream.index, packet


def _holds(container_name: str, template: Stream) -> bool:
    """Whether a kind of container takes a stream; tried out, for its list of codecs promises too much."""
    try:
        with av.open(BytesIO(), "w", format=container_name) as trial:
            trial.add_stream_from_template(template, opaque=True)
            trial.start_encoding()
    except (ValueError, av.FFmpegError):
        return False
    return True


def _codec(stream: Stream) -> str:
    """The name of a stream's codec."""
    return stream.codec_context.name if stream.codec_context else "unknown codec"
