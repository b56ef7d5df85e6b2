"""Looks at media in a process of its own, so that a hostile file cannot harm the one that keeps the faceset."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from ...lib.media import Gathered, Selection, Timeline, probe, scan, time_in_words
from ..errors import FaceswapError, MediaError
from ..workers.limits import Limits
from ..workers.pool import WorkerPool
from ..workers.shares import Task
from .footage import images_timeline

Finish = Callable[[], dict[str, Any]]


@dataclass(frozen=True)
class Seen:
    """A medium as it was seen.

    Attributes:
        timeline: Its frames.
        time_base: The unit of their times in seconds.
        refused: Why it cannot be read; empty if it can.
    """

    timeline: Timeline
    time_base: Fraction
    refused: str = ""


def look(media: Sequence[Gathered], check: Callable[[], None], seconds: float = Limits.seconds) -> list[Seen]:
    """Looks at media, one after the other; images are not opened, each of them is a frame.

    Args:
        media: Which.
        check: Called several times a second; raises when the run should stop.
        seconds: How long it may take without progress.
    """
    videos = [each.path for each in media if not each.images]
    tasks = [{"number": number, "path": str(path.absolute())} for number, path in enumerate(videos)]
    workers = min(1, len(tasks))
    with WorkerPool(__name__, "Scout", {}, workers, Limits.shared(seconds, workers), ScoutCare()) as pool:
        answers = {answer["number"]: answer for answer in pool.run(tasks, check)}
    seen = (_seen(answers[number]) for number in range(len(videos)))
    return [Seen(images_timeline(each), Fraction(1)) if each.images else next(seen) for each in media]


def wanted_frames(medium: Gathered, seen: Seen, frames: str | None = None, every: int = 1) -> Timeline:
    """The frames of a medium that are wanted.

    Args:
        medium: The medium.
        seen: What was seen of it.
        frames: The stretch, as `Selection.parse` reads it.
        every: Each n-th of it.

    Raises:
        MediaError: It cannot be read, or has none.
    """
    if seen.refused:
        raise MediaError(seen.refused)
    wanted = Selection.parse(every, frames or "").of(seen.timeline, seen.time_base)
    if not wanted.times:
        raise MediaError(_no_frame(medium, seen, frames))
    return wanted


def _no_frame(medium: Gathered, seen: Seen, frames: str | None) -> str:
    times = seen.timeline.times
    if not times:
        return f"{medium.label} holds no frames"
    last = "" if medium.images else f", the last at {time_in_words((times[-1] - times[0]) * seen.time_base)}"
    count = f"{len(times)} frame{'s' if len(times) > 1 else ''}"
    return f"{medium.label} has no frame in --frames {frames}; it has {count}{last}"


class Scout:
    """Runs in the other process.

    Args:
        settings: None are needed.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        pass

    def run(self, task: dict[str, Any], note: Callable[[Any], None]) -> Finish:
        """Opens and scans one video."""
        answer = {"number": task["number"], **self._answer(task, lambda: note(task["number"]))}
        return lambda: answer

    def _answer(self, task: dict[str, Any], pulse: Callable[[], None]) -> dict[str, Any]:
        if "refused" in task:
            return {"refused": task["refused"]}
        try:
            pulse()
            medium = probe(Path(task["path"]))
            timeline = scan(medium, pulse)
        except FaceswapError as error:
            return {"refused": str(error)}
        except Exception as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            return {"refused": f"cannot read {task['path']}: it is damaged ({reason})"}
        return {
            "times": timeline.times,
            "keyframes": timeline.keyframes,
            "missing": timeline.missing,
            "end": timeline.end,
            "time_base": [medium.time_base.numerator, medium.time_base.denominator],
        }


class ScoutCare:
    """Refuses a video after a second process has died of it."""

    def prepare(self, task: Task) -> Task:
        """The task as it is."""
        return task

    def mend(self, task: Task, place: Any, reason: str) -> Task:
        """The first time the task under suspicion, the second time one that refuses the video."""
        if "suspect" not in task:
            return {**task, "suspect": True}
        return {**task, "refused": f"cannot read {task['path']}: it is damaged, since {reason}; leave it out"}


def _seen(answer: dict[str, Any]) -> Seen:
    if "refused" in answer:
        return Seen(Timeline((), ()), Fraction(1), answer["refused"])
    timeline = Timeline(tuple(answer["times"]), tuple(answer["keyframes"]), answer["missing"], answer["end"])
    return Seen(timeline, Fraction(*answer["time_base"]))
