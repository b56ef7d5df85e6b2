"""What the processes of `test_sides.py` work on; a module of its own, since a spawned process has to import it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable


def telling(answer: str) -> Callable[[], tuple[str, int, str | None]]:
    """Make work that tells its answer, its process and a variable of its environment."""
    return lambda: (answer, os.getpid(), os.environ.get("BENCH_TEST"))


def sleeping() -> Callable[[], None]:
    """Make work that takes time and no core."""
    return lambda: time.sleep(0.05)


def failing() -> Callable[[], None]:
    """Make work that raises."""

    def work() -> None:
        raise ValueError("the work broke")

    return work


def failing_to_prepare() -> Callable[[], None]:
    """Raise instead of making work."""
    raise ValueError("preparing broke")


def dying() -> Callable[[], None]:
    """Make work that ends its process."""
    return lambda: os._exit(7)
