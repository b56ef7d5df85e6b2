"""Which frames of a medium a conversion swaps, and which it writes."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from ...lib.media import Medium, Selection, Span, Timeline, scan
from ..errors import MediaError, OptionError


@dataclass(frozen=True)
class Footage:
    """The frames of a conversion.

    Attributes:
        medium: What they are of.
        whole: All its frames.
        wanted: Those in which faces are swapped.
        keep_unswapped: Whether the others are written too.
    """

    medium: Medium
    whole: Timeline
    wanted: Timeline
    keep_unswapped: bool = True

    @property
    def read(self) -> Timeline:
        """The frames that have to be decoded."""
        return self.whole if self.keep_unswapped else self.wanted

    @property
    def span(self) -> Span | None:
        """The part of a video that is written; None for all of it."""
        return None if self.keep_unswapped else Span.of(self.wanted, self.whole, self.medium.time_base)

    @property
    def end(self) -> int | None:
        """When the last frame of a video that is written has been shown; None where nobody can say."""
        span = self.span
        return self.whole.end if span is None or span.end is None else int(span.end / self.medium.time_base)

    def bounds(self, reach: int = 0) -> tuple[int, int]:
        """The places of the first and the last wanted frame: times in a video, positions among images.

        Args:
            reach: So many more frames on both sides, as far as the medium has them.
        """
        return near(self.whole.times, self.wanted.times[0], self.wanted.times[-1], reach)


def near(places: Sequence[int], first: int, last: int, reach: int) -> tuple[int, int]:
    """The places of frames that lie so many frames before and behind others, as far as there are any."""
    start, end = bisect_left(places, first), bisect_right(places, last) - 1
    return places[max(0, start - reach)], places[min(len(places) - 1, end + reach)]


def look(medium: Medium, frames: str | None = None, keep_unswapped: bool = True) -> Footage:
    """Finds the frames of a conversion.

    Args:
        medium: What `probe` found.
        frames: The stretch in which faces are swapped, as `Selection.parse` reads it; None for all frames.
        keep_unswapped: Whether the other frames are written too.

    Raises:
        MediaError: The medium has no frames.
        OptionError: It has none of those that are asked for.
    """
    whole = scan(medium)
    if not whole.times:
        raise MediaError(f"{medium.path} holds no frames")
    wanted = Selection.parse(1, frames or "").of(whole, medium.time_base)
    if not wanted.times:
        raise OptionError(f"{medium.path} has no frame in --frames {frames}; it has {len(whole.times)} frames")
    return Footage(medium, whole, wanted, keep_unswapped)


def require_frames(medium: Medium, frames: str | None) -> None:
    """Refuses times where they are to choose among images, which have none.

    Raises:
        OptionError: They are.
    """
    if medium.kind != "video" and Selection.parse(1, frames or "").has_times:
        raise OptionError(
            f"--frames gives times, which the images of {medium.path} do not have; give frame numbers such as 0-99"
        )
