from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("keras")

from faceswap.lib.nn.image_pool import ImagePool
from faceswap.lib.nn.keys import RandomKey


def _pictures(first: int, count: int) -> np.ndarray:
    """Pictures that are all of one value, their number."""
    return np.broadcast_to(np.arange(first, first + count, dtype=np.float32)[:, None, None, None], (count, 2, 2, 3))


def _draw(pool: ImagePool, first: int, count: int) -> list[int]:
    answer = np.asarray(pool.draw(_pictures(first, count), RandomKey(np.array([7, first], np.int32))))
    assert answer.shape == (count, 2, 2, 3) and (np.ptp(answer, axis=(1, 2, 3)) == 0).all()
    return [int(value) for value in answer[:, 0, 0, 0]]


def _held(pool: ImagePool) -> list[int]:
    return [int(value) for value in np.asarray(pool.pictures)[:, 0, 0, 0]]


def test_feature_the_first_pictures_fill_the_pool_and_come_back() -> None:
    pool = ImagePool(5, 2)
    assert _draw(pool, 1, 2) == [1, 2]
    assert _held(pool) == [1, 2, 0, 0, 0] and int(np.asarray(pool.shown)) == 2
    assert _draw(pool, 3, 2) == [3, 4]
    assert _held(pool) == [1, 2, 3, 4, 0]
    assert _draw(pool, 5, 3)[0] == 5
    assert _held(pool)[4] == 5 and int(np.asarray(pool.shown)) == 5


def test_feature_a_full_pool_exchanges_half_and_loses_none() -> None:
    pool, exchanged = ImagePool(5, 2), 0
    _draw(pool, 1, 5)
    for first in range(6, 606, 3):
        given, before = list(range(first, first + 3)), _held(pool)
        answer = _draw(pool, first, 3)
        # What goes in and what was there is what comes out and what is there.
        assert sorted(answer + _held(pool)) == sorted(given + before)
        for place, picture in enumerate(answer):
            assert picture == given[place] or picture in before
            exchanged += picture != given[place]
    # Of 600 coins; five standard deviations are 61.
    assert exchanged == pytest.approx(300, abs=61)


def test_feature_of_a_batch_larger_than_the_pool_the_rest_comes_back() -> None:
    pool = ImagePool(2, 2)
    assert _draw(pool, 1, 4) == [1, 2, 3, 4]
    assert _draw(pool, 5, 4)[2:] == [7, 8]
    assert set(_held(pool)) <= {1, 2, 5, 6}
