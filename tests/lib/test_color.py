"""Color, against scikit-image and numpy's weighted averages in float64."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.color import rgb2lab

from faceswap.lib.color import lab_to_rgb, masked_mean_std, rgb_to_lab, transfer_mean, transfer_reinhard
from faceswap.lib.color_transfer import transfer_linear, transfer_monge_kantorovich
from faceswap.lib.color_transport import transfer_histogram, transfer_iterative, transfer_sliced

IN_RGB = [transfer_linear, transfer_monge_kantorovich, transfer_histogram, transfer_sliced, transfer_iterative]
RECOLORING = [transfer_reinhard, *IN_RGB]
TRANSFERS = [transfer_mean, *RECOLORING]


def _picture(seed: int, low: float = 0.3, high: float = 0.7, size: int = 24) -> np.ndarray:
    """Noise of middling colors, which no transfer drives out of range."""
    return np.random.default_rng(seed).uniform(low, high, (size, size, 3)).astype(np.float32)


def _soft_mask(size: int = 24) -> np.ndarray:
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    return np.clip(1.3 - np.hypot(x, y) / (size / 3), 0, 1).astype(np.float32)[..., None]


def _moments(values: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted mean and standard deviation of each channel, by the textbook."""
    flat, weights = values.reshape(-1, 3).astype(np.float64), mask.reshape(-1).astype(np.float64)
    mean = np.average(flat, axis=0, weights=weights)
    return mean, np.sqrt(np.average((flat - mean) ** 2, axis=0, weights=weights))


def test_lab_agrees_with_skimage():
    steps = np.linspace(0, 1, 18, dtype=np.float32)
    cube = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(18, -1, 3)
    lab = rgb_to_lab(cube)
    assert lab.dtype == np.float32
    np.testing.assert_allclose(lab, rgb2lab(cube.astype(np.float64)), atol=0.02)


def test_lab_roundtrip_keeps_every_8_bit_gray_and_random_color():
    grays = np.repeat(np.arange(256, dtype=np.float32)[:, None, None] / 255, 3, axis=2)
    np.testing.assert_allclose(lab_to_rgb(rgb_to_lab(grays)), grays, atol=1e-4)
    np.testing.assert_allclose(rgb_to_lab(grays)[..., 1:], 0, atol=1e-3)
    colors = _picture(0, 0, 1)
    np.testing.assert_allclose(lab_to_rgb(rgb_to_lab(colors)), colors, atol=1e-4)


def test_colors_that_srgb_lacks_are_cut_off():
    rgb = lab_to_rgb(np.array([[[50, 120, -120], [120, 0, 0], [-5, 0, 0]]], np.float32))
    assert rgb.min() >= 0 and rgb.max() <= 1 and np.isfinite(rgb).all()


def test_moments_are_weighted_by_the_mask():
    picture, mask = _picture(1), _soft_mask()
    mean, std = masked_mean_std(picture, mask)
    expected_mean, expected_std = _moments(picture, mask)
    assert mean.shape == std.shape == (1, 1, 3)
    np.testing.assert_allclose(mean[0, 0], expected_mean, rtol=1e-9)
    np.testing.assert_allclose(std[0, 0], expected_std, rtol=1e-9)


def test_moments_of_an_empty_mask_are_nan():
    mean, std = masked_mean_std(_picture(1), np.zeros((24, 24, 1), np.float32))
    assert np.isnan(mean).all() and np.isnan(std).all()


def test_mean_becomes_the_reference_s():
    image, reference, mask = _picture(1), _picture(2, 0.4, 0.8), _soft_mask()
    moved = transfer_mean(image, reference, mask)
    np.testing.assert_allclose(_moments(moved, mask)[0], _moments(reference, mask)[0], atol=1e-6)
    np.testing.assert_allclose(np.ptp((moved - image).reshape(-1, 3), axis=0), 0, atol=1e-6)


def test_moments_in_lab_become_the_reference_s():
    image, reference, mask = _picture(3, 0.35, 0.65), _picture(4, 0.45, 0.6), _soft_mask()
    matched = transfer_reinhard(image, reference, mask)
    assert matched.min() > 0 and matched.max() < 1  # Nothing was cut off.
    reached = _moments(rgb2lab(matched.astype(np.float64)), mask)
    wanted = _moments(rgb2lab(reference.astype(np.float64)), mask)
    np.testing.assert_allclose(reached, wanted, atol=0.02)


@pytest.mark.parametrize("transfer", TRANSFERS)
def test_only_the_mask_is_measured(transfer):
    """What lies outside the mask, in either picture, changes nothing inside it."""
    image, reference, mask = _picture(5), _picture(6), _soft_mask()
    outside = mask[..., 0] == 0
    assert outside.any()
    other_image, other_reference = image.copy(), reference.copy()
    other_image[outside], other_reference[outside] = 1, 0
    expected, received = transfer(image, reference, mask), transfer(other_image, other_reference, mask)
    np.testing.assert_array_equal(expected[~outside], received[~outside])


@pytest.mark.parametrize("transfer", TRANSFERS)
def test_transfer_to_itself_changes_nothing(transfer):
    image = _picture(7, 0, 1)
    np.testing.assert_allclose(transfer(image, image, _soft_mask()), image, atol=1e-4)


@pytest.mark.parametrize("transfer", TRANSFERS)
def test_output_is_in_range_and_input_unchanged(transfer):
    image, reference, mask = _picture(8, 0, 1), _picture(9, 0.9, 1), _soft_mask()
    before = image.copy()
    for array in (image, reference, mask):
        array.setflags(write=False)
    result = transfer(image, reference, mask)
    assert result.dtype == np.float32
    assert result.min() >= 0 and result.max() <= 1
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize("transfer", TRANSFERS)
@pytest.mark.filterwarnings("error")
def test_empty_mask_changes_nothing(transfer):
    image = _picture(10, 0, 1)
    np.testing.assert_array_equal(transfer(image, _picture(11), np.zeros((24, 24, 1), np.float32)), image)


@pytest.mark.parametrize("transfer", TRANSFERS)
@pytest.mark.parametrize("color", [(0.0, 0.0, 0.0), (0.2, 0.5, 0.8)])
@pytest.mark.filterwarnings("error")
def test_flat_picture_takes_the_mean(transfer, color):
    flat, mask = np.full((24, 24, 3), color, np.float32), _soft_mask()
    np.testing.assert_allclose(transfer(flat, flat, mask), flat, atol=1e-4)
    moved = transfer(flat, _picture(12), mask)
    assert np.ptp(moved.reshape(-1, 3), axis=0).max() < 1e-4
    np.testing.assert_allclose(moved[0, 0], _moments(_picture(12), mask)[0], atol=0.04)


@pytest.mark.parametrize("transfer", RECOLORING)
@pytest.mark.filterwarnings("error")
def test_reference_of_one_color_takes_all_spread_away(transfer):
    color, mask = np.array([0.2, 0.5, 0.8], np.float32), _soft_mask()
    matched = transfer(_picture(13), np.broadcast_to(color, (24, 24, 3)), mask)
    assert np.isfinite(matched).all()
    np.testing.assert_allclose(matched[mask[..., 0] > 0], np.broadcast_to(color, ((mask > 0).sum(), 3)), atol=0.01)


@pytest.mark.parametrize("transfer", TRANSFERS)
@pytest.mark.filterwarnings("error")
def test_mask_of_one_pixel_moves_its_color_alone(transfer):
    image, reference, mask = _picture(14), _picture(15), np.zeros((24, 24, 1), np.float32)
    mask[7, 9] = 0.25
    matched = transfer(image, reference, mask)
    np.testing.assert_allclose(matched[7, 9], reference[7, 9], atol=1e-3)
    assert np.isfinite(matched).all()


@pytest.mark.parametrize("transfer", IN_RGB)
@pytest.mark.filterwarnings("error")
def test_rounding_of_a_flat_picture_is_not_blown_up(transfer):
    noise = np.random.default_rng(0).uniform(-1e-6, 1e-6, (24, 24, 3))
    matched = transfer((0.5 + noise).astype(np.float32), _picture(16), _soft_mask())
    assert np.ptp(matched.reshape(-1, 3), axis=0).max() < 2e-3


@pytest.mark.parametrize("transfer", TRANSFERS)
def test_batch_equals_single_faces(transfer):
    images, references = (np.stack([_picture(seed + i) for i in range(4)]) for seed in (20, 30))
    masks = np.stack([_soft_mask()] * 3 + [np.zeros((24, 24, 1), np.float32)])
    batch = transfer(images, references, masks)
    for i in range(4):
        np.testing.assert_array_equal(batch[i], transfer(images[i], references[i], masks[i]))
