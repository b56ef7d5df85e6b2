"""Interleaved measuring: each side in turn, several times, and the median of the ratios.

Shared machines are noisy; two sides that alternate see the same noise, so their ratio is worth more than seconds.
"""

from __future__ import annotations

import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

REPEATS = 5


@dataclass(frozen=True)
class Figure:
    """One measured figure and the bounds that it should keep.

    Attributes:
        name: What was measured.
        value: The figure.
        unit: Its unit; `x` for a ratio.
        bound: The most that it should be, None where there is no bound.
        details: What else is worth keeping, such as the single repeats.
        least: The least that it should be, None where there is no such bound.
    """

    name: str
    value: float
    unit: str
    bound: float | None = None
    details: dict[str, Any] = field(default_factory=dict)
    least: float | None = None

    @property
    def kept(self) -> bool:
        """Whether the bounds are kept; True without any."""
        return (self.bound is None or self.value <= self.bound) and (self.least is None or self.value >= self.least)

    def as_dict(self) -> dict[str, Any]:
        """The figure as JSON holds it."""
        return {**asdict(self), "kept": self.kept}


def seconds(work: Callable[[], Any]) -> float:
    """How long a call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def compare(
    name: str,
    ours: Callable[[], float],
    bare: Callable[[], float],
    bound: float | None = None,
    repeats: int = REPEATS,
    **details: Any,
) -> Figure:
    """Compares two sides that each return their seconds, in turn.

    Args:
        name: What is measured.
        ours: Measures this project's side.
        bare: Measures the bare libraries' side.
        bound: The most that the ratio should be.
        repeats: How often each side is measured.
        **details: Kept with the figure.

    Returns:
        The median of the ratios of the repeats, ours over bare.
    """
    pairs = [(ours(), bare()) for _ in range(repeats)]
    ratios = [mine / theirs for mine, theirs in pairs]
    measured = {
        "ours_seconds": round(statistics.median(mine for mine, _ in pairs), 4),
        "bare_seconds": round(statistics.median(theirs for _, theirs in pairs), 4),
        "ratios": [round(ratio, 3) for ratio in ratios],
        **details,
    }
    return Figure(name, round(statistics.median(ratios), 3), "x", bound, measured)


def matrix_rate() -> float:
    """The machine's own float32 matrix product rate in GFLOP/s, the best of several tries, to judge figures by."""
    import numpy as np

    size = 1024
    left = np.random.default_rng(0).random((size, size), dtype=np.float32)
    best = min(seconds(lambda: left @ left) for _ in range(10))
    return round(2 * size**3 / best / 1e9, 1)


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    import os

    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "matrix_gflops": matrix_rate(),
    }
