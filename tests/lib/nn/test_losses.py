from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from skimage.metrics import structural_similarity

pytest.importorskip("keras")

from faceswap.lib.nn.losses import blur, dssim, mae, masked_dssim, mse


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
