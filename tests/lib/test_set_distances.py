"""Distances of sets against closed forms, scipy, and sets whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist

from faceswap.lib.errors import FaceswapError
from faceswap.lib.set_distances import frechet_distance, kernel_distance, nearest_distances, precision_recall


def covariance(draw, dim=12, rank=12):
    factor = draw.normal(size=(dim, rank))
    return factor @ factor.T / rank


def test_feature_frechet_distance_of_gaussians_whose_axes_agree():
    """For commuting covariances it is |m - m'|^2 + sum((s - s')^2), s the standard deviations."""
    deviations, others = np.array([1.0, 2.0, 0.5]), np.array([1.5, 0.0, 0.5])
    mean, other = np.array([0.0, 1.0, 2.0]), np.array([2.0, 1.0, 1.0])
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    matrices = [turn @ np.diag(np.square(values)) @ turn.T for values in (deviations, others)]
    expected = 4 + 1 + 0.25 + 4
    assert frechet_distance(mean, matrices[0], other, matrices[1]) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("rank", [12, 5])
def test_feature_frechet_distance_is_that_of_the_matrix_square_root(rank):
    draw = np.random.default_rng(1)
    mean, other = draw.normal(size=(2, 12))
    first, second = covariance(draw), covariance(draw, rank=rank)
    root = np.real(sqrtm(first @ second))
    expected = np.square(mean - other).sum() + np.trace(first + second - 2 * root)
    assert frechet_distance(mean, first, other, second) == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(mean, first, mean, first) == pytest.approx(0, abs=1e-9)


def test_feature_kernel_distance_is_the_double_sum_of_the_paper():
    draw = np.random.default_rng(2)
    x, y = draw.normal(size=(9, 4)), draw.normal(0.5, 1, size=(7, 4))
    k = lambda a, b: (a @ b / 4 + 1) ** 3  # noqa: E731
    within_x = np.mean([k(x[i], x[j]) for i in range(9) for j in range(9) if i != j])
    within_y = np.mean([k(y[i], y[j]) for i in range(7) for j in range(7) if i != j])
    across = np.mean([k(a, b) for a in x for b in y])
    assert kernel_distance(x, y) == pytest.approx(within_x + within_y - 2 * across, rel=1e-12)


def test_feature_kernel_distance_is_unbiased():
    draw = np.random.default_rng(3)
    same = [kernel_distance(*draw.normal(size=(2, 20, 6))) for _ in range(400)]
    assert abs(np.mean(same)) < 4 * np.std(same) / 20
    assert min(same) < 0
    assert kernel_distance(draw.normal(size=(20, 6)), draw.normal(2, 1, size=(20, 6))) > max(same)


def test_feature_precision_and_recall_of_made_up_sets():
    """Ten real clusters far apart; fakes in four of them, and a quarter of the fakes nowhere near any."""
    draw = np.random.default_rng(4)
    centers = 100 * np.eye(11)
    cluster = lambda which: centers[which] + draw.uniform(-0.5, 0.5, size=(30, 11))  # noqa: E731
    real = np.concatenate([cluster(which) for which in range(10)])
    # In a cluster each is among the others, but for what lies on its border: 11 dimensions have much of that.
    fake = np.concatenate([real[:90:1], np.full((30, 11), -500.0) + draw.normal(size=(30, 11))])
    precision, recall = precision_recall(fake, real)
    assert precision == pytest.approx(0.75)
    assert recall == pytest.approx(0.3)


def test_feature_precision_and_recall_are_those_of_the_definition():
    draw = np.random.default_rng(5)
    fake, real = draw.normal(0.7, 1, size=(1100, 3)), draw.normal(size=(60, 3))

    def share(points, members):
        radii = np.sort(cdist(members, members), axis=1)[:, 3]
        return np.mean([(cdist(point[None], members)[0] <= radii).any() for point in points])

    assert precision_recall(fake, real) == pytest.approx((share(fake, real), share(real, fake)), abs=1e-12)


def test_feature_nearest_distances():
    draw = np.random.default_rng(6)
    vectors, others = draw.normal(size=(1500, 5)), draw.normal(size=(40, 5))
    np.testing.assert_allclose(nearest_distances(vectors, others), cdist(vectors, others).min(axis=1), atol=1e-9)


def test_error_too_few_faces():
    with pytest.raises(FaceswapError, match=r"4 faces or more on both sides. Received: 3"):
        precision_recall(np.zeros((9, 2)), np.zeros((3, 2)))
