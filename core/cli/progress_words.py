"""How progress is put in words, for a line beside a bar as for one that stands alone."""

from __future__ import annotations

from ..events import Progress, Validated


def rate_in_words(event: Progress) -> str:
    """Units per second: `4.1/s`; empty while unknown."""
    return f"{event.rate:.1f}/s" if event.rate else ""


def figures_in_words(event: Progress) -> list[str]:
    """The figures, each with its name: counts as they are, losses with four digits."""
    return [
        f"{name} {value}" if isinstance(value, int) else f"{name} {value:.4f}" for name, value in event.figures.items()
    ]


def validation_in_words(event: Validated) -> str:
    """What was measured: `after 500: identity 0.521, ssim_source 0.8112; best after 500`."""
    figures = ", ".join(f"{name} {value:.4g}" for name, value in event.figures.items())
    best = "" if event.best_step is None else f"; best after {event.best_step}"
    return f"after {event.step}: {figures}{best}"


def time_left_in_words(event: Progress) -> str:
    """The time that is left at this rate: `1:16:00 left`; empty while unknown and at the end."""
    if event.total is None or not event.rate or event.done >= event.total:
        return ""
    left = (event.total - event.done) / event.rate
    minutes, seconds = divmod(round(left if event.seconds_left is None else min(left, event.seconds_left)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02} left"


def in_words(event: Progress) -> str:
    """A line that stands alone: `training: 1200/20000 iterations, 4.1/s, 1:16:00 left, source 0.0312`."""
    count = f"{event.done}/{'?' if event.total is None else event.total} {event.unit}"
    parts = [count, rate_in_words(event), time_left_in_words(event), *figures_in_words(event)]
    return f"{event.stage}: {', '.join(filter(None, parts))}"
