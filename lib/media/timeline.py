"""When the frames of a medium are shown, found without decoding them, and how they fall into chunks."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from .container import open_input, video_stream, whole_packets
from .medium import Chunk, Medium


@dataclass(frozen=True)
class Timeline:
    """The frames of a medium.

    Args:
        times: Strictly ascending: presentation times of a video, positions of images.
        keyframes: Those of the times at which decoding can begin.
        missing: Frames that the container declares but the file does not hold, for it was cut short.
        end: When the last frame of a video has been shown; None where nobody says.
    """

    times: tuple[int, ...]
    keyframes: tuple[int, ...]
    missing: int = 0
    end: int | None = None

    def chunks(self, frames_per_chunk: int = 64) -> list[Chunk]:
        """Cuts the timeline; each frame lies in exactly one chunk.

        A cut moves to a keyframe less than half a chunk away, for what lies between is decoded twice.
        """
        if frames_per_chunk < 1:
            raise ValueError(f"`frames_per_chunk` must be at least 1. Received: {frames_per_chunk}")
        starts = self._starts(frames_per_chunk)
        ends = [*starts[1:], len(self.times)]
        return [
            Chunk(index, self.times[start], self.times[end - 1], end - start)
            for index, (start, end) in enumerate(zip(starts, ends, strict=True))
            if end > start
        ]

    def _starts(self, size: int) -> list[int]:
        """Positions at which chunks begin."""
        keys = [bisect_left(self.times, key) for key in self.keyframes]
        starts = [0]
        while starts[-1] + size < len(self.times):
            wanted = starts[-1] + size
            nearest = min(keys, key=lambda key: abs(key - wanted), default=wanted)
            starts.append(nearest if 2 * abs(nearest - wanted) < size else wanted)
        return starts


@dataclass(frozen=True)
class Span:
    """A part of a video, cut out of it.

    Attributes:
        start: When its first frame is shown, in seconds.
        end: When the frame after its last is shown; None where there is none.
    """

    start: Fraction
    end: Fraction | None = None

    @classmethod
    def of(cls, part: Timeline, whole: Timeline, time_base: Fraction) -> Span | None:
        """What some successive frames of a video span, of which `part` tells; None if they are all of it."""
        if not part.times or part.times == whole.times:
            return None
        behind = bisect_left(whole.times, part.times[-1]) + 1
        end = whole.times[behind] * time_base if behind < len(whole.times) else None
        return cls(part.times[0] * time_base, end)

    def holds(self, time: Fraction) -> bool:
        """Whether a time in seconds lies in it."""
        return self.start <= time and (self.end is None or time < self.end)


def scan(medium: Medium, pulse: Callable[[], None] = lambda: None) -> Timeline:
    """Reads through a medium for its frames' times, without decoding them.

    Args:
        medium: What `probe` found.
        pulse: Called with each packet, a sign of life.
    """
    if medium.kind != "video":
        positions = tuple(range(len(medium.images)))
        return Timeline(positions, positions)
    times: set[int] = set()
    keyframes: set[int] = set()
    seen = end = 0
    with open_input(medium.path) as container:
        for packet in whole_packets(container, video_stream(container, medium.path)):
            pulse()
            seen += 1
            if packet.pts is not None and not packet.is_discard:
                times.add(packet.pts)
                end = max(end, packet.pts + (packet.duration or 0))
                keyframes |= {packet.pts} if packet.is_keyframe else set()
    shown = end if times and end > max(times) else None
    return Timeline(tuple(sorted(times)), tuple(sorted(keyframes)), max(0, medium.frames - seen), shown)


def split(medium: Medium, frames_per_chunk: int = 64) -> list[Chunk]:
    """The chunks of a medium; they depend on it and on `frames_per_chunk` alone."""
    return scan(medium).chunks(frames_per_chunk)
