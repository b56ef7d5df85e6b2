from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("keras")

from keras import ops

from faceswap.lib.nn import random_views
from faceswap.lib.nn.keys import RandomKey
from faceswap.lib.nn.random_views import changed


def _key(number: int = 0) -> RandomKey:
    return RandomKey(np.array([3, number], np.int32))


def _pictures(count: int = 4, side: int = 16) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1, 1, (count, side, side, 3)).astype(np.float32)


class Given(random_views._Draws):
    """Draws that are what a test says, by their order; the others leave pictures as they are."""

    def __init__(self, **given: float) -> None:
        self._given = {int(name[1:]): value for name, value in given.items()}
        self._count, self._chance = -1, 0.0

    def _next(self, still: float) -> Any:
        self._count += 1
        return ops.convert_to_tensor(np.full(4, self._given.get(self._count, still), np.float32))

    def uniform(self, low: float, high: float, still: float = 0.0, chance: Any = None) -> Any:
        return self._next(still)

    def normal(self, deviation: float) -> Any:
        return self._next(0.0)


def test_feature_without_a_chance_nothing_changes() -> None:
    pictures = _pictures()
    np.testing.assert_allclose(np.asarray(changed(pictures, ops.zeros(()), _key())), pictures, atol=1e-6)


def test_feature_a_chance_is_that_of_each_change() -> None:
    drawn = random_views._Draws(2000, ops.convert_to_tensor(np.float32(0.3)), _key())
    assert (np.asarray(drawn.normal(1.0)) != 0).mean() == pytest.approx(0.3, abs=0.05)
    turns = np.asarray(drawn.turn()), np.asarray(drawn.turn())
    assert ((turns[0] != 0) | (turns[1] != 0)).mean() == pytest.approx(0.3, abs=0.05)


def test_feature_how_many_pictures_stay_as_they_are() -> None:
    """Of 4 pixels a side, where shifts by whole pixels are none; a mirror is none for half, a turn for a quarter."""
    pictures = _pictures(2000, 4)
    moved = np.asarray(changed(pictures, ops.convert_to_tensor(np.float32(0.1)), _key(1)))
    still = np.abs(moved - pictures).max(axis=(1, 2, 3)) < 1e-6
    mirror, quarter, scales, turns, shifts, luma, colors = 0.95, 0.925, 0.9**2, 0.9, 0.9**2, 0.95, 0.9**4
    assert still.mean() == pytest.approx(mirror * quarter * scales * turns * shifts * luma * colors, abs=0.05)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"n0": 3 / 16}, lambda x: np.pad(x, ((0, 0), (0, 0), (3, 0), (0, 0)), mode="reflect")[:, :, :16]),
        ({"n1": -2 / 16}, lambda x: np.pad(x, ((0, 0), (0, 2), (0, 0), (0, 0)), mode="reflect")[:, 2:]),
        ({"n2": 1.0}, lambda x: x[:, :, ::-1]),
        ({"n3": 1.0}, lambda x: np.rot90(x, -1, axes=(1, 2))),
        ({"n3": 2.0}, lambda x: x[:, ::-1, ::-1]),
    ],
)
def test_feature_moves(given: dict[str, float], expected: Any) -> None:
    """Shifts, the mirror and quarter turns are exact: against numpy."""
    pictures = _pictures()
    got = np.asarray(random_views._moved(ops.convert_to_tensor(pictures), Given(**given)))
    np.testing.assert_allclose(got, expected(pictures), atol=2e-4)


def test_feature_scales_enlarge_around_the_center() -> None:
    """A ramp, which sampling between pixels leaves exact; twice as large, it is half as steep."""
    ramp = np.broadcast_to((np.arange(16, dtype=np.float32) - 7.5)[None, None, :, None], (4, 16, 16, 3))
    got = np.asarray(random_views._moved(ops.convert_to_tensor(ramp.copy()), Given(n4=1.0)))
    np.testing.assert_allclose(got, ramp / 2, atol=1e-4)
    stretched = np.asarray(random_views._moved(ops.convert_to_tensor(ramp.copy()), Given(n6=1.0)))
    np.testing.assert_allclose(stretched, ramp / 2, atol=1e-4)


def _recolored(**given: float) -> np.ndarray:
    return np.asarray(random_views._recolored(ops.convert_to_tensor(_pictures()), Given(**given)), np.float64)


def test_feature_colors() -> None:
    """Against matrices in numpy: the rotation around the gray axis by Rodrigues' formula."""
    x, axis = np.float64(_pictures()), np.ones(3) / np.sqrt(3)
    along = np.outer(axis, axis)
    cross = np.cross(np.eye(3), axis)  # Rows r -> r x v as a matrix on row vectors from the right, transposed below.
    np.testing.assert_allclose(_recolored(n0=0.25), x + 0.25, atol=1e-5)
    np.testing.assert_allclose(_recolored(n1=1.0), x * 2, atol=1e-5)
    np.testing.assert_allclose(_recolored(n2=1.0), x @ (np.eye(3) - 2 * along), atol=1e-5)
    angle = 0.8
    turn = along + np.cos(angle) * (np.eye(3) - along) + np.sin(angle) * -cross
    np.testing.assert_allclose(_recolored(n3=angle), x @ turn, atol=1e-5)
    np.testing.assert_allclose(_recolored(n4=1.0), x @ (along + 2 * (np.eye(3) - along)), atol=1e-5)
