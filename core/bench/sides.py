"""One side of a comparison: work in a process of its own, so that no side's libraries and settings reach the other.

The process stays between the measurements: what it imports and prepares is not measured, what it does is.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

from .measure import Figure, compare

Work = Callable[[], Any]


@dataclass(frozen=True)
class Cost:
    """What a piece of work took.

    Attributes:
        wall: Seconds.
        cpu: Seconds of all cores together, those of the processes that the work started and ended included.
        answer: What the work returned.
    """

    wall: float
    cpu: float
    answer: Any = None


class Side:
    """A process that prepares its work once and does it each time it is asked.

    Args:
        make: Prepares: imports, loads, and returns the work, whose answer must pickle. A module's function.
        *arguments: What `make` is given.
        environment: Variables that are set before anything is imported.

    Raises:
        RuntimeError: Preparing failed.
    """

    def __init__(self, make: Callable[..., Work], *arguments: Any, environment: dict[str, str] | None = None) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._pipe, theirs = spawn.Pipe()
        # As a daemon it ends with this process, however that ends.
        self._process = spawn.Process(target=_serve, args=(theirs, make, arguments, environment or {}), daemon=True)
        self._process.start()
        theirs.close()
        self._told()

    def measure(self) -> Cost:
        """Does the work once.

        Raises:
            RuntimeError: It failed.
        """
        self._ask()
        return self._cost()

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.join()
        self._pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ask(self) -> None:
        self._pipe.send(None)

    def _cost(self) -> Cost:
        cost = self._told()
        if not isinstance(cost, Cost):
            raise TypeError(f"The process must answer with a Cost. Received: {cost!r}")
        return cost

    def _told(self) -> Any:
        try:
            answer = self._pipe.recv()
        except EOFError:
            self._process.join()
            raise RuntimeError(f"A measured process ended with exit code {self._process.exitcode}.") from None
        if isinstance(answer, str):
            raise RuntimeError(f"A measured process failed:\n{answer}")
        return answer


def together(sides: Sequence[Side]) -> Cost:
    """Lets several processes do their work at the same time; the seconds are those of the last to end."""
    for side in sides:
        side._ask()
    costs = [side._cost() for side in sides]
    return Cost(max(cost.wall for cost in costs), sum(cost.cpu for cost in costs), [cost.answer for cost in costs])


def compare_costs(
    name: str, ours: Callable[[], Cost], bare: Callable[[], Cost], bound: float | None, repeats: int
) -> Figure:
    """Compares two sides by their seconds, in turn, and notes their use of the cores.

    Returns:
        The figure of `compare`. Its details also hold the ratio of core seconds, which other programs on the machine
        disturb less, and the share of all cores that each side kept busy.
    """
    kept: dict[str, list[Cost]] = {"ours": [], "bare": []}

    def seconds(side: str, work: Callable[[], Cost]) -> float:
        kept[side].append(work())
        return kept[side][-1].wall

    figure = compare(name, lambda: seconds("ours", ours), lambda: seconds("bare", bare), bound, repeats)
    ratios = [mine.cpu / theirs.cpu for mine, theirs in zip(kept["ours"], kept["bare"], strict=True)]
    cores = os.cpu_count() or 1
    shares = {
        f"{side}_share_of_cores": round(statistics.median(cost.cpu / cost.wall / cores for cost in costs), 3)
        for side, costs in kept.items()
    }
    details = {**figure.details, "core_seconds_ratio": round(statistics.median(ratios), 3), **shares}
    return replace(figure, details=details)


def _serve(pipe: Connection, make: Callable[..., Work], arguments: Sequence[Any], environment: dict[str, str]) -> None:
    os.environ.update(environment)
    _silence()
    try:
        work = make(*arguments)
        pipe.send(None)
        while True:
            pipe.recv()
            pipe.send(_measured(work))
    except (EOFError, KeyboardInterrupt):
        return
    except Exception:
        pipe.send(traceback.format_exc())


def _silence() -> None:
    """Sends what libraries say to nowhere; failures come as answers."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)


def _measured(work: Work) -> Cost:
    began, before = time.perf_counter(), os.times()
    answer = work()
    after, ended = os.times(), time.perf_counter()
    # User and system seconds of this process and of its children.
    cpu = sum(late - early for late, early in zip(after[:4], before[:4], strict=True))
    return Cost(ended - began, cpu, answer)
