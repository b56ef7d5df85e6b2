"""Which frames of a medium are wanted: a stretch of it, and of that each n-th."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from .timeline import Timeline

Bound = int | Fraction
"""The number of a frame, or seconds from the first frame on."""

Bisect = Callable[[Any, Any], int]

_NUMBER = re.compile(r"\d{1,18}")
_TIME = re.compile(r"(?:(\d{1,6}):)?(\d{1,6}):(\d{1,2}(?:\.\d{1,9})?)")
_FORM = "two frame numbers such as 100-200, counted from 0, or two times such as 0:12-0:15; an end may be left out"


@dataclass(frozen=True)
class Selection:
    """Chooses frames by their places in the order of presentation.

    Attributes:
        every: Each n-th frame of the stretch, from its first on.
        first: Where the stretch begins; None: with the first frame.
        last: Where it ends, this frame or moment included; None: with the last frame.
    """

    every: int = 1
    first: Bound | None = None
    last: Bound | None = None

    @classmethod
    def parse(cls, every: int = 1, frames: str = "") -> Selection:
        """Reads a selection as people write it.

        Args:
            every: As the attribute.
            frames: `A-B`, both included; each end is a frame number, a time `minutes:seconds` or
                `hours:minutes:seconds`, or left out; empty for all.

        Raises:
            ValueError: It has another form, or ends before it begins.
        """
        if not frames:
            return cls(every)
        first, dash, last = frames.replace(" ", "").partition("-")
        if not dash or not (first or last):
            raise ValueError(f"must be {_FORM}")
        bounds = _bound(first), _bound(last)
        if None not in bounds and type(bounds[0]) is type(bounds[1]) and bounds[1] < bounds[0]:  # type: ignore[operator]
            raise ValueError(f"must not end before it begins; give {_FORM}")
        return cls(every, *bounds)

    @property
    def has_times(self) -> bool:
        """Whether an end is a time, which images do not have."""
        return isinstance(self.first, Fraction) or isinstance(self.last, Fraction)

    def of(self, timeline: Timeline, time_base: Fraction) -> Timeline:
        """The timeline of the wanted frames alone; of what a cut-off file lacks nothing is known then.

        Args:
            timeline: Of the whole medium.
            time_base: The unit of its times in seconds.
        """
        if self == Selection():
            return timeline
        start = 0 if self.first is None else self._place(timeline, time_base, self.first, bisect_left)
        end = None if self.last is None else self._end(timeline, time_base)
        return replace(timeline, times=timeline.times[start : end : self.every], missing=0, end=None)

    def _end(self, timeline: Timeline, time_base: Fraction) -> int:
        """The place behind the last wanted frame."""
        if isinstance(self.last, int):
            return self.last + 1
        return self._place(timeline, time_base, self.last or Fraction(0), bisect_right)

    def _place(self, timeline: Timeline, time_base: Fraction, bound: Bound, bisect: Bisect) -> int:
        if isinstance(bound, int):
            return bound
        return bisect(timeline.times, bound / time_base + timeline.times[0]) if timeline.times else 0


def time_in_words(seconds: Fraction) -> str:
    """A time as a selection takes it, to hundredths of a second: `0:12.48`, `1:02:03.50`."""
    minutes, rest = divmod(round(seconds * 100), 6000)
    hours, minutes = divmod(minutes, 60)
    clock = f"{hours}:{minutes:02}" if hours else f"{minutes}"
    return f"{clock}:{rest / 100:05.2f}"


def _bound(word: str) -> Bound | None:
    """One end of a stretch."""
    if not word:
        return None
    if _NUMBER.fullmatch(word):
        return int(word)
    time = _TIME.fullmatch(word)
    if not time:
        raise ValueError(f"must be {_FORM}")
    hours, minutes, seconds = time.groups()
    return Fraction(int(hours or 0) * 3600 + int(minutes) * 60) + Fraction(seconds)
