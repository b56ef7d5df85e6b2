"""What is told of an extraction: which frames could not be had, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...lib.media import Gathered
from ..errors import MediaError
from .footage import Footage
from .messages import ChunkResult, Failure

_NAMED = 3


class NoFaceError(MediaError):
    """Media were read, and no face was found in them."""


class Warnings:
    """What goes wrong without stopping the run: told at once and kept for the report.

    Args:
        tell: Tells one line.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self.told: list[str] = []
        self._tell = tell

    def add(self, message: str) -> None:
        """Tells a line and keeps it."""
        self.told.append(message)
        self._tell(message)


def stage_name(footage: Sequence[Footage]) -> str:
    """What progress calls the work."""
    return f"extract {footage[0].medium.label.name if len(footage) == 1 else f'{len(footage)} media'}"


def tell_undecoded(footage: Sequence[Footage], results: Sequence[ChunkResult], warnings: Warnings) -> list[int]:
    """Tells of frames that media announce and that could not be decoded.

    Returns:
        How many frames of each medium are missing, those that were given up included.
    """
    counts = []
    for number, part in enumerate(footage):
        own = [result for result in results if result.medium == number]
        lost = [each for result in own for each in result.missing]
        missing = part.timeline.missing + len(lost)
        if missing:
            announced = part.total + part.timeline.missing
            warnings.add(
                f"{part.medium.label} is cut short or damaged: {announced - missing} of {announced} frames could be "
                f"decoded{_named(part, lost)}."
            )
        counts.append(missing + sum(len(failure.places) for result in own for failure in result.failures))
    return counts


def given_up(part: Footage, failure: Failure) -> str:
    """The line about frames of a medium that were given up."""
    first, *others = failure.places
    more = f" and {len(others)} frame{'s' if len(others) > 1 else ''} after it" if others else ""
    return f"{part.frame_name(first)}{more} could not be extracted, since {failure.reason}."


def no_face(media: Sequence[Gathered], frames: int, filtered: bool) -> str:
    """The line for media in which no face was found, or none of those who are asked for."""
    where = str(media[0].label) if len(media) == 1 else f"these {len(media)} media"
    where = f"{where} ({frames} frame{'s' if frames != 1 else ''})"
    if filtered:
        return f"No face of those who are asked for was found in {where}."
    return (
        f"No face was found in {where}. Small faces need --upsample 1 or 2, in large frames with --tiles 960; "
        "turned ones --rotations 90,270; or choose another --detector."
    )


def _named(part: Footage, lost: Sequence[tuple[int, str]]) -> str:
    """The first missing frames by name, and why the first of them is missing."""
    if not lost:
        return ""
    names = ", ".join(part.frame_name(place) for place, _ in lost[:_NAMED])
    more = f" and {len(lost) - _NAMED} more" if len(lost) > _NAMED else ""
    return f"; missing: {names}{more}: {lost[0][1]}"
