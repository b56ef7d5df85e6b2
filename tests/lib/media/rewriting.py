"""Footage written anew, frame by frame through segments, and what PyAV alone finds in it."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from faceswap.lib.media import (
    Beside,
    Encoding,
    Medium,
    SegmentWriter,
    join,
    read_chunk,
    scan,
    split,
)

MakeVideo = Callable[..., Path]
LOSSLESS = Encoding(crf=0, preset="ultrafast")
FFV1 = Encoding("ffv1")


def convert(medium: Medium, output: Path, encoding: Encoding = LOSSLESS, size: int = 7) -> None:
    """Every frame through segments into one file, unchanged."""
    segments = []
    for chunk in split(medium, size):
        segments.append(output.parent / f"{chunk.index}.nut")
        with SegmentWriter(segments[-1], medium, encoding) as writer:
            for frame in read_chunk(medium, chunk):
                writer.write(frame)
    join(segments, output, medium, Beside(medium.path, end=scan(medium).end))


def packets(path: Path, kind: str) -> list[tuple[Fraction, bytes]]:
    """Times in seconds and contents of a kind of stream, as PyAV alone reads them."""
    with av.open(str(path)) as container:
        streams = [stream for stream in container.streams if stream.type == kind]
        demuxed = container.demux(streams) if streams else ()
        return [(packet.pts * packet.time_base, bytes(packet)) for packet in demuxed if packet.size]


def decoded(path: Path) -> list[tuple[Fraction, list[np.ndarray]]]:
    """Times in seconds and planes of frames, as PyAV alone decodes them."""
    with av.open(str(path)) as container:
        return [(frame.pts * frame.time_base, arrays_of(frame)) for frame in container.decode(video=0)]


def arrays_of(frame: Any) -> list[np.ndarray]:
    arrays = []
    for plane in frame.planes:
        used = plane.width * ((frame.format.components[0].bits + 7) // 8) * (3 if len(frame.planes) == 1 else 1)
        arrays.append(np.frombuffer(plane, np.uint8).reshape(plane.height, -1)[:, :used].copy())
    return arrays


def assert_same_video(first: Path, second: Path) -> None:
    before, after = decoded(first), decoded(second)
    assert [time for time, _ in before] == [time for time, _ in after]
    for (_, old), (_, new) in zip(before, after, strict=True):
        for one, other in zip(old, new, strict=True):
            np.testing.assert_array_equal(one, other)


def assert_same_sound(first: Path, second: Path) -> None:
    """Packets bit for bit; their times to the sample where the first counts in something else than samples."""
    before, after = packets(first, "audio"), packets(second, "audio")
    assert [content for _, content in before] == [content for _, content in after]
    limit = Fraction(1, 44100) if first.suffix in (".mkv", ".ts") else 0
    assert all(abs(old - new) <= limit for (old, _), (new, _) in zip(before, after, strict=True))
