"""Sharpening, against SciPy's filters in float64."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, uniform_filter

from faceswap.lib.masked_blur import box_kernel, gaussian_kernel
from faceswap.lib.sharpen import sharpen


def _picture(seed: int, size: int = 24) -> np.ndarray:
    """Noise that sharpening does not drive out of range."""
    return np.random.default_rng(seed).uniform(0.4, 0.6, (size, size, 3)).astype(np.float32)


def _mask(size: int = 24) -> np.ndarray:
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    return np.clip(1.3 - np.hypot(x, y) / (size / 3), 0, 1).astype(np.float32)[..., None]


def _blurred(picture: np.ndarray, mask: np.ndarray, method: str) -> np.ndarray:
    """The mean of the pixels in the mask: 5 by 5 of them, or by a Gaussian of 1.5 pixels."""
    inside = (mask > 0).astype(np.float64)

    def blur(plane: np.ndarray) -> np.ndarray:
        if method == "box":
            return uniform_filter(plane, 5, mode="constant")
        return gaussian_filter(plane, 1.5, radius=5, mode="constant")

    weight = np.maximum(blur(inside[..., 0]), 1e-9)
    return np.stack([blur(picture[..., k] * inside[..., 0]) / weight for k in range(3)], axis=-1)


@pytest.mark.parametrize(("method", "kernel"), [("box", box_kernel(2)), ("gaussian", gaussian_kernel(1.5))])
@pytest.mark.parametrize("mask", [_mask(), np.ones((24, 24, 1), np.float32)])
def test_feature_adds_what_a_blur_takes_away(method, kernel, mask):
    picture = _picture(1)
    double = picture.astype(np.float64)
    expected = np.where(mask > 0, double + 0.7 * (double - _blurred(double, mask, method)), double)
    np.testing.assert_allclose(sharpen(picture, mask, kernel, 0.7), expected, atol=1e-6)


def test_feature_threshold_spares_small_differences():
    picture, mask = _picture(2), _mask()
    double = picture.astype(np.float64)
    detail = double - _blurred(double, mask, "gaussian")
    spared = np.where(detail > 0.03, detail - 0.03, np.where(detail < -0.03, detail + 0.03, 0))
    expected = np.where(mask > 0, double + 2 * spared, double)
    sharp = sharpen(picture, mask, gaussian_kernel(1.5), 2, 0.03)
    np.testing.assert_allclose(sharp, expected, atol=1e-6)
    small = (np.abs(detail) < 0.0299) & (mask > 0)
    assert small.any()
    np.testing.assert_array_equal(sharp[small], picture[small])


def test_feature_box_of_part_of_a_pixel_takes_that_part():
    np.testing.assert_allclose(box_kernel(1.25), np.array([0.25, 1, 1, 1, 0.25]) / 3.5)
    np.testing.assert_allclose(box_kernel(0.5), np.array([0.5, 1, 0.5]) / 2)


def test_feature_nothing_outside_the_mask_is_read_or_changed():
    picture, mask = _picture(3), _mask()
    outside = mask[..., 0] == 0
    other = picture.copy()
    other[outside] = 0
    sharp, same = (sharpen(one, mask, gaussian_kernel(2), 1) for one in (picture, other))
    np.testing.assert_array_equal(sharp[~outside], same[~outside])
    np.testing.assert_array_equal(sharp[outside], picture[outside])


@pytest.mark.filterwarnings("error")
def test_feature_empty_mask_flat_picture_and_no_amount_change_nothing():
    picture, flat = _picture(4), np.full((24, 24, 3), 0.3, np.float32)
    np.testing.assert_array_equal(sharpen(picture, np.zeros((24, 24, 1), np.float32), box_kernel(3), 1), picture)
    np.testing.assert_allclose(sharpen(flat, _mask(), box_kernel(3), 5), flat, atol=1e-5)
    np.testing.assert_array_equal(sharpen(picture, _mask(), box_kernel(3), 0), picture)


def test_feature_batch_equals_single_pictures_in_range():
    pictures = np.random.default_rng(5).uniform(0, 1, (3, 24, 24, 3)).astype(np.float32)
    masks = np.stack([_mask(), np.ones((24, 24, 1), np.float32), np.zeros((24, 24, 1), np.float32)])
    batch = sharpen(pictures, masks, gaussian_kernel(1), 3)
    assert batch.min() >= 0 and batch.max() <= 1
    for k in range(3):
        np.testing.assert_array_equal(batch[k], sharpen(pictures[k], masks[k], gaussian_kernel(1), 3))
