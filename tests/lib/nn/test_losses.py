from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.measure import block_reduce
from skimage.metrics import structural_similarity

pytest.importorskip("keras")

from faceswap.core.training.backends import running_backend
from faceswap.lib.nn.losses import gradient_difference, mae, mse, total_variation
from faceswap.lib.nn.structure import blur, dssim, masked_dssim, ms_dssim, scale_weights


@pytest.fixture
def pictures() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    first = gaussian_filter(rng.random((3, 40, 32, 3)), (0, 2, 2, 0))
    first = (first - first.min()) / np.ptp(first)
    second = np.clip(first + rng.normal(0, 0.1, first.shape), 0, 1)
    return first.astype(np.float32), second.astype(np.float32)


def test_feature_dssim_equals_scikit_image(pictures: tuple[np.ndarray, np.ndarray]) -> None:
    first, second = pictures
    similar = [
        structural_similarity(
            a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1.0, channel_axis=-1
        )
        for a, b in zip(first.astype(np.float64), second.astype(np.float64), strict=True)
    ]
    assert float(dssim(first, second)) == pytest.approx((1 - np.mean(similar)) / 2, abs=1e-5)
    assert np.mean(similar) < 0.95
    assert float(dssim(first, first)) == pytest.approx(0, abs=1e-6)


def test_feature_masked_dssim_is_black_outside_the_mask(pictures: tuple[np.ndarray, np.ndarray]) -> None:
    first, second = pictures
    mask = np.zeros((3, 40, 32, 1), np.float32)
    mask[:, 8:30, 10:20] = 1
    mask[:, 30:34, 10:20] = 0.4
    similar = [
        structural_similarity(
            a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=1.0, channel_axis=-1
        )
        for a, b in zip((first * mask).astype(np.float64), (second * mask).astype(np.float64), strict=True)
    ]
    assert float(masked_dssim(first, second, mask)) == pytest.approx((1 - np.mean(similar)) / 2, abs=1e-5)
    assert float(masked_dssim(first, second, 0 * mask)) == pytest.approx(0, abs=1e-6)


def test_error_dssim_of_a_picture_smaller_than_the_window() -> None:
    small = np.zeros((1, 8, 8, 3), np.float32)
    with pytest.raises(ValueError, match=r"at least the window, 11\. Received: 8"):
        dssim(small, small)


def test_feature_mae_and_mse(pictures: tuple[np.ndarray, np.ndarray]) -> None:
    first, second = pictures
    weight = np.zeros((3, 40, 32, 1), np.float32)
    weight[:, :10] = 0.5
    difference = first.astype(np.float64) - second
    assert float(mae(first, second)) == pytest.approx(np.abs(difference).mean(), rel=1e-5)
    assert float(mse(first, second)) == pytest.approx((difference**2).mean(), rel=1e-5)
    assert float(mse(first, second, weight)) == pytest.approx((difference**2 * weight).mean(), rel=1e-5)


@pytest.mark.parametrize("sigma", [1.0, 3.0])
def test_feature_blur_equals_scipy(sigma: float) -> None:
    masks = (np.random.default_rng(3).random((2, 33, 48, 1)) > 0.5).astype(np.float32)
    expected = gaussian_filter(
        masks, (0, sigma, sigma, 0), mode="constant", radius=(0, int(3 * sigma), int(3 * sigma), 0)
    )
    assert np.asarray(blur(masks, sigma)) == pytest.approx(expected, abs=1e-5)


def test_feature_losses_are_float32_for_half_precision(pictures: tuple[np.ndarray, np.ndarray]) -> None:
    first, second = (half.astype(np.float16) for half in pictures)
    for loss in (mae, mse, dssim):
        value = np.asarray(loss(first, second))
        assert value.dtype == np.float32 and np.isfinite(value)


def _ms_ssim(first: np.ndarray, second: np.ndarray, weights: tuple[float, ...]) -> float:
    """Of one channel, in float64 and by scipy's filter, after the paper's equations 1-7."""

    def smooth(picture: np.ndarray) -> np.ndarray:
        return gaussian_filter(picture, 1.5, radius=5)[5:-5, 5:-5]

    product = 1.0
    for scale, weight in enumerate(weights):
        mean_x, mean_y = smooth(first), smooth(second)
        variance_x, variance_y = smooth(first**2) - mean_x**2, smooth(second**2) - mean_y**2
        covariance = smooth(first * second) - mean_x * mean_y
        values = (2 * covariance + 0.0009) / (variance_x + variance_y + 0.0009)
        if scale == len(weights) - 1:
            values = values * (2 * mean_x * mean_y + 0.0001) / (mean_x**2 + mean_y**2 + 0.0001)
        product *= values.mean() ** weight
        even = slice(len(first) // 2 * 2)
        first, second = (block_reduce(picture[even, even], (2, 2), np.mean) for picture in (first, second))
    return product


@pytest.mark.parametrize("side", [176, 64])
def test_feature_ms_dssim_equals_the_paper_in_double_precision(side: int) -> None:
    rng = np.random.default_rng(1)
    first = gaussian_filter(rng.random((2, side, side, 3)), (0, 2, 2, 0))
    first = (first - first.min()) / np.ptp(first)
    second = np.clip(gaussian_filter(first, (0, 1, 1, 0)) + rng.normal(0, 0.05, first.shape), 0, 1)
    weights = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
    if side == 64:  # The window of 11 pixels fits into 64, 32 and 16.
        weights = tuple(weight * sum(weights) / sum(weights[:3]) for weight in weights[:3])
    assert scale_weights(side) == pytest.approx(weights)
    similar = [
        _ms_ssim(first[face, ..., channel], second[face, ..., channel], weights)
        for face in range(2)
        for channel in range(3)
    ]
    got = float(ms_dssim(first.astype(np.float32), second.astype(np.float32)))
    assert got == pytest.approx((1 - np.mean(similar)) / 2, abs=1e-5)
    assert got > 0.01
    assert float(ms_dssim(first, first)) == pytest.approx(0, abs=1e-6)


def test_feature_mae_counts_pixels_by_their_weight(pictures: tuple[np.ndarray, np.ndarray]) -> None:
    first, second = pictures
    weight = np.zeros((3, 40, 32, 1), np.float32)
    weight[:, 5:15, 4:20] = 0.25
    expected = (np.abs(first.astype(np.float64) - second) * weight).mean()
    assert float(mae(first, second, weight)) == pytest.approx(expected, rel=1e-5)


def test_feature_differences_equal_those_of_numpy(pictures: tuple[np.ndarray, np.ndarray]) -> None:
    first, second = (picture.astype(np.float64) for picture in pictures)
    steep = sum(
        np.abs(np.abs(np.diff(first, axis=axis)) - np.abs(np.diff(second, axis=axis))).mean() for axis in (1, 2)
    )
    restless = sum(np.abs(np.diff(first, axis=axis)).mean() for axis in (1, 2))
    assert float(gradient_difference(*pictures)) == pytest.approx(steep, rel=1e-5)
    assert float(total_variation(pictures[0])) == pytest.approx(restless, rel=1e-5)
    # A picture turned to its negative has edges as steep.
    assert float(gradient_difference(pictures[0], 1 - pictures[0])) == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize("loss", [dssim, ms_dssim])
def test_feature_structure_is_taken_without_products_that_accelerators_round(loss: Callable[..., Any]) -> None:
    tf = pytest.importorskip("tensorflow")
    if running_backend() != "tensorflow":
        pytest.skip("graphs are looked at on TensorFlow")
    shape = tf.TensorSpec((1, 32, 32, 3), tf.float32)
    kinds = {
        operation.type for operation in tf.function(loss).get_concrete_function(shape, shape).graph.get_operations()
    }
    assert "Mul" in kinds
    assert not {kind for kind in kinds if "MatMul" in kind or "Einsum" in kind or "Conv" in kind}
