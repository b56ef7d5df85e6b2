"""Shows blenders the frames around: each face is given the faces of its track in a few frames before and after.

The window runs over the decoded footage, whatever its chunks: frames of chunks that are finished, or that are not
wanted, are decoded once more where a wanted frame lies near. So a run that goes on gives what an uninterrupted one
gives. In memory are as many frames ahead as the widest `context` asks for, and of those behind the faces alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from ..contract import Neighbors
from .patches import CutFace

if TYPE_CHECKING:
    from .stream import Work

Item = TypeVar("Item")


class _Seen(NamedTuple):
    """What is kept of a frame that has passed."""

    position: int
    time: float
    cuts: tuple[CutFace, ...]


def wanted_and_near(items: Iterable[Item], wanted: Callable[[Item], bool], reach: int) -> Iterator[Item]:
    """The items that are wanted and those at most `reach` places before or behind one, in order."""
    before: deque[Item] = deque(maxlen=reach)
    left = 0
    for item in items:
        if wanted(item):
            yield from before
            before.clear()
            yield item
            left = reach
        elif left:
            yield item
            left -= 1
        else:
            before.append(item)


def with_neighbors(works: Generator[Work, None, None], reach: int) -> Generator[Work, None, None]:
    """Gives faces their neighbors.

    Args:
        works: Frames with their faces cut, in order. Those without a position have no neighbors.
        reach: How many frames to look before and after; 0 looks at none.

    Yields:
        The frames that are to be swapped; those that were there to be seen only end here.
    """
    behind: deque[_Seen] = deque(maxlen=reach)
    coming: deque[Work] = deque()
    with closing(works):
        for work in works:
            coming.append(work)
            while coming and _complete(coming, reach):
                yield from _passed(behind, coming, reach)
        while coming:
            yield from _passed(behind, coming, reach)


def _complete(coming: Sequence[Work], reach: int) -> bool:
    """Whether all neighbors of the first frame have come."""
    first, last = coming[0].position, coming[-1].position
    return reach == 0 or first is None or last is None or last - first >= reach


def _passed(behind: deque[_Seen], coming: deque[Work], reach: int) -> Iterator[Work]:
    """Takes the first frame; yields it with neighbors if it is to be swapped."""
    work = coming.popleft()
    if work.wanted:
        around = [] if work.position is None else _around(work.position, behind, coming, reach)
        yield replace(work, cuts=tuple(_with_neighbors(cut, around) for cut in work.cuts)) if reach else work
    if work.position is not None:
        behind.append(_Seen(work.position, work.frame.time, work.cuts))


def _around(position: int, behind: Iterable[_Seen], coming: Iterable[Work], reach: int) -> list[_Seen]:
    """The frames within reach, in order, by how many frames they are away."""
    ahead = (_Seen(work.position, work.frame.time, work.cuts) for work in coming if work.position is not None)
    near = (seen._replace(position=seen.position - position) for seen in chain(behind, ahead))
    return [seen for seen in near if abs(seen.position) <= reach]


def _with_neighbors(cut: CutFace, around: Iterable[_Seen]) -> CutFace:
    found = [(seen, near) for seen in around for near in seen.cuts if near.face.track == cut.face.track >= 0]
    cuts = [near for _, near in found]
    points, size = cut.face.landmarks.shape[0], cut.target.shape[0]
    neighbors = Neighbors(
        offsets=tuple(seen.position for seen, _ in found),
        times=tuple(seen.time for seen, _ in found),
        landmarks=_stacked([near.face.landmarks for near in cuts], (points, 2)),
        matrices=_stacked([near.matrix for near in cuts], (2, 3)),
        targets=_stacked([near.target for near in cuts], (size, size, 3)),
    )
    return replace(cut, neighbors=neighbors)


def _stacked(arrays: Sequence[np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
    """Arrays of a shape as one, read-only, even if there are none."""
    stacked = np.stack(arrays).astype(np.float32) if arrays else np.zeros((0, *shape), np.float32)
    stacked.setflags(write=False)
    return stacked
