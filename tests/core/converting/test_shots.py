"""By which chain each frame is blended."""

from __future__ import annotations

from typing import Any

import pytest

from faceswap.core.converting.chain import BlenderChain
from faceswap.core.converting.shots import Shots, Stretch


class Blender:
    """Stands in for one that looks at some neighbors."""

    def __init__(self, context: int) -> None:
        self.context = context


def chain(context: int = 0) -> BlenderChain:
    blender: Any = Blender(context)
    return BlenderChain((("crop", blender),), ("frame", blender))


USUAL, EARLY, LATE = chain(1), chain(4), chain()


@pytest.mark.parametrize(
    ("place", "expected"),
    [(9, None), (10, USUAL), (19, USUAL), (20, EARLY), (30, EARLY), (31, LATE), (35, LATE), (36, USUAL), (41, None)],
)
def test_both_ends_of_a_stretch_are_in_it(place, expected):
    shots = Shots(USUAL, 10, 40, (Stretch(20, 30, EARLY), Stretch(31, 35, LATE)))
    assert shots.chain_at(place) is expected


def test_without_bounds_all_frames_are_swapped():
    assert Shots(USUAL).chain_at(-5) is USUAL and Shots(USUAL, last=3).chain_at(4) is None


def test_as_many_neighbors_are_looked_at_as_any_chain_needs():
    assert Shots(USUAL).context == 1
    assert Shots(USUAL, apart=(Stretch(0, 1, LATE), Stretch(2, 3, EARLY))).context == 4
