"""A stream of frames that are changed one by one, or not at all: no faces, no model."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from ...lib.media import Frame
from .stream import Work
from .threads import map_ahead

_MOST_THREADS = 4
_AHEAD = 8


def unchanged(frame: Frame) -> Frame:
    """The frame as it is."""
    return frame


@dataclass(frozen=True, eq=False)
class Passing:
    """Passes frames on.

    Attributes:
        change: Makes of a frame the one that is written; called from several threads at once.
        context: How many frames around it has to see: none.
    """

    change: Callable[[Frame], Frame] = unchanged
    context: int = 0

    def stream(self, frames: Iterable[Work], finish: Callable[[Work], None]) -> Generator[Work, None, None]:
        """Yields each frame in order; `finish` is called with each, in any thread and order."""

        def pass_on(work: Work) -> Work:
            changed = replace(work, frame=self.change(work.frame))
            finish(changed)
            return changed

        with ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1)) as pool:
            yield from map_ahead(pool, pass_on, (work for work in frames), _AHEAD)
