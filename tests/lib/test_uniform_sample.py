"""A uniform sample: bounded, in order, the same however the stream is cut, each row with the same chance."""

from __future__ import annotations

import numpy as np

from faceswap.lib.uniform_sample import UniformSample


def drawn(count, most, step, seed=0):
    sample = UniformSample(most, seed)
    for begin in range(0, count, step):
        sample.add(np.arange(begin, min(begin + step, count)))
    return sample.rows()


def test_feature_a_short_stream_is_kept_whole():
    assert drawn(9, 10, 4).tolist() == list(range(9))
    assert len(UniformSample(3).rows()) == 0


def test_feature_batches_make_no_difference_and_the_order_stays():
    rows = drawn(1000, 30, 1)
    assert len(rows) == 30
    assert (np.diff(rows) > 0).all()
    assert rows.tolist() == drawn(1000, 30, 333).tolist() == drawn(1000, 30, 1000).tolist()


def test_feature_each_row_has_the_same_chance():
    counts = np.zeros(40)
    for seed in range(2000):
        counts[drawn(40, 10, 7, seed)] += 1
    # Of a binomial with n = 2000, p = 1/4; five standard deviations are 97.
    assert np.abs(counts - 500).max() < 97
