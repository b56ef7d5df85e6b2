"""The batch size that a device does best with: found by trying ever larger ones on a model that is thrown away."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from .engine import Engine
from .memory import DeviceMemoryError

FIRST, LAST = 8, 256
"""The smallest batch that is tried, and the largest: beyond it, steps get rare rather than better."""

_STEPS = 3
_SLOWER = 1.05
"""A larger batch may take so much longer for a face, which is within what measuring the same twice differs by."""


@dataclass(frozen=True)
class Found:
    """The batch size that was found.

    Attributes:
        size: Faces of each identity.
        seconds_per_face: What a step takes, for a face of each identity.
        reason: Why no larger one, in words.
    """

    size: int
    seconds_per_face: float
    reason: str


def candidates(faces: int, fits: int) -> Iterator[int]:
    """The batch sizes worth trying: powers of two, in which no face comes twice and that the memory allows.

    Args:
        faces: How many faces the smaller faceset has.
        fits: The largest batch that fits by the estimate.
    """
    most = max(1, min(LAST, faces, fits))
    size = min(FIRST, 2 ** (most.bit_length() - 1))
    while size <= most:
        yield size
        size *= 2


def find_batch_size(make_engine: Callable[[int], Engine], sizes: Iterable[int], watch: Callable[[], None]) -> Found:
    """Finds the largest batch size that fits and is no slower for a face than the best.

    Args:
        make_engine: Makes an engine that trains with a batch size; what it does to weights is not undone.
        sizes: What is tried, ascending.
        watch: Called between trials; may raise to stop.

    Raises:
        DeviceMemoryError: Not even the first size fits.
    """
    found, best = None, float("inf")
    for size in sizes:
        watch()
        try:
            seconds = seconds_per_face(make_engine(size), size)
        except DeviceMemoryError:
            if found is None:
                raise
            return Found(found.size, found.seconds_per_face, f"{size} do not fit into the device's memory")
        if found and seconds > _SLOWER * best:
            return Found(found.size, found.seconds_per_face, f"{size} take longer for each face")
        best = min(best, seconds)
        found = Found(size, seconds, "more do not fit, or would show faces twice in a step")
    if found is None:
        raise ValueError("`sizes` must name at least one. Received: none")
    return found


def seconds_per_face(engine: Engine, size: int) -> float:
    """The seconds that a step takes for a face of each identity, the best of a few; the first step is not counted."""
    return min(list(_timed_steps(engine))[1:]) / size


def _timed_steps(engine: Engine) -> Iterator[float]:
    for _ in range(1 + _STEPS):
        began = time.perf_counter()
        for loss in engine.advance().values():
            float(loss)  # Waits for the device.
        yield time.perf_counter() - began
