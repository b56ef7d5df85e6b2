"""Sums of embeddings against what looking at every pair gives, and against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from faceswap.lib.embedding_sums import EmbeddingSums
from faceswap.lib.errors import FaceswapError


def summed(vectors, *cuts):
    sums = EmbeddingSums()
    for part in np.split(vectors, cuts):
        sums.add(part)
    return sums


def unit_vectors(count, spread, seed=0):
    draw = np.random.default_rng(seed)
    vectors = draw.normal(size=128) + spread * draw.normal(size=(count, 128))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize("spread", [1e-4, 0.05, 1.0, 50.0])
def test_feature_pair_distances_are_those_of_every_pair(spread):
    vectors = unit_vectors(300, spread)
    squared = pdist(vectors, "sqeuclidean")
    mean, variance = summed(vectors, 7, 100).pair_distances()
    assert mean == pytest.approx(squared.mean(), rel=1e-9, abs=0)
    assert variance == pytest.approx(squared.var(), rel=1e-9, abs=0)


def test_feature_faces_all_alike_have_no_spread():
    assert summed(np.ones((50, 8))).pair_distances() == (0.0, 0.0)


def test_feature_moments_are_those_of_numpy():
    vectors = unit_vectors(200, 0.3)
    sums = summed(vectors.astype(np.float32), 1, 150)
    exact = vectors.astype(np.float32).astype(np.float64)
    np.testing.assert_allclose(sums.mean(), exact.mean(axis=0), atol=1e-12)
    np.testing.assert_allclose(sums.covariance(), np.cov(exact.T), atol=1e-12)


def test_error_too_few_faces():
    with pytest.raises(FaceswapError, match=r"2 faces or more. Received: 1"):
        summed(np.ones((1, 8))).pair_distances()
    with pytest.raises(FaceswapError, match=r"2 faces or more. Received: 0"):
        summed(np.ones((0, 8))).gaussian()
    with pytest.raises(FaceswapError, match=r"1 face or more. Received: 0"):
        summed(np.ones((0, 8))).mean()
