"""Transport of distributions of color, against scikit-image, SciPy and numpy in float64."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import wasserstein_distance
from skimage.data import astronaut
from skimage.exposure import match_histograms

from faceswap.lib.color_transport import transfer_histogram, transfer_iterative, transfer_sliced

TURNED = [transfer_iterative, transfer_sliced]


def _picture(seed: int, low: float = 0.2, high: float = 0.8, size: int = 32) -> np.ndarray:
    return np.random.default_rng(seed).uniform(low, high, (size, size, 3)).astype(np.float32)


def _shuffled(seed: int, size: int = 32) -> np.ndarray:
    """Every value once in each channel, in random order."""
    draw = np.random.default_rng(seed)
    values = np.linspace(0.1, 0.9, size * size, dtype=np.float32)
    return np.stack([draw.permutation(values).reshape(size, size) for _ in range(3)], axis=-1)


def _disc(size: int = 32) -> np.ndarray:
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    return (np.hypot(x, y) < size / 3)[..., None].astype(np.float32)


def _photos() -> tuple[np.ndarray, np.ndarray]:
    """The photograph's face mirrored, paler and with its channels mixed, and as it is; 64 by 64."""
    face = astronaut()[70:198:2, 160:288:2].astype(np.float32) / 255
    mixed = face[:, ::-1] @ np.array([[0.5, 0.1, 0.2], [0.2, 0.5, 0.1], [0.0, 0.2, 0.6]], np.float32)
    return 0.2 + 0.7 * mixed**2, face


def _gaps(picture: np.ndarray, reference: np.ndarray, directions: np.ndarray) -> np.ndarray:
    lines = ((colors.reshape(-1, 3).astype(np.float64) @ directions.T).T for colors in (picture, reference))
    return np.array([wasserstein_distance(one, other) for one, other in zip(*lines, strict=True)])


def test_feature_histograms_agree_with_skimage():
    inside = _disc()[..., 0] > 0
    image, reference = _shuffled(1), _shuffled(2) ** 2
    matched = transfer_histogram(image, reference, _disc())
    expected = match_histograms(image[inside].astype(np.float64), reference[inside].astype(np.float64), channel_axis=-1)
    np.testing.assert_allclose(matched[inside], expected, atol=1e-6)
    np.testing.assert_array_equal(
        np.sort(matched[inside], axis=0).round(5), np.sort(reference[inside], axis=0).round(5)
    )


def test_feature_histograms_of_8_bits_lie_between_both_ends_of_shared_levels():
    """scikit-image gives pixels of one level the upper end of their share, of the negatives the lower end."""
    image, reference = _photos()
    image = (image * 255).round().astype(np.float32) / 255
    matched = transfer_histogram(image, reference, np.ones((64, 64, 1), np.float32))
    double, wanted = image.astype(np.float64), reference.astype(np.float64)
    upper = match_histograms(double, wanted, channel_axis=-1)
    lower = 1 - match_histograms(1 - double, 1 - wanted, channel_axis=-1)
    level = 1 / 255  # The reference's levels are shared, too.
    assert (matched <= upper + 2 * level).all() and (matched >= lower - 2 * level).all()
    assert np.abs(matched - (upper + lower) / 2).mean() < level / 2
    np.testing.assert_allclose(matched.mean(axis=(0, 1)), wanted.mean(axis=(0, 1)), atol=1e-4)


def test_feature_weight_counts_like_that_many_pixels():
    """A mask of quarters is the same as each color so many times in a row."""
    draw = np.random.default_rng(3)
    image, reference = (draw.integers(50, 60, (16, 16, 3)).astype(np.float32) / 100 for _ in range(2))
    count = draw.integers(0, 5, (16, 16, 1))
    matched = transfer_histogram(image, reference, (count / 4).astype(np.float32))
    often, wanted = (np.repeat(x.reshape(-1, 3), count.reshape(-1), axis=0)[None] for x in (image, reference))
    expected = transfer_histogram(often, wanted, np.ones((*often.shape[:2], 1), np.float32))[0]
    np.testing.assert_allclose(np.repeat(matched.reshape(-1, 3), count.reshape(-1), axis=0), expected, atol=0.002)


def test_feature_channels_with_levels_in_common_take_the_mean_of_their_share():
    """By hand: the four pixels at 0.3 share the values 0.1, 0.2, 0.3 and 0.4, the others 0.6 to 0.9."""
    image = np.repeat(np.array([[0.3] * 4 + [0.5] * 4], np.float32)[..., None], 3, axis=2)
    line = np.array([[0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9]], np.float32)
    matched = transfer_histogram(image, np.repeat(line[..., None], 3, axis=2), np.ones((1, 8, 1), np.float32))
    np.testing.assert_allclose(matched[0, :, 0], [0.25] * 4 + [0.75] * 4, atol=1e-6)


def test_feature_level_stands_for_the_middle_of_its_weight():
    """By hand: 0.2 holds the lower 3/4, so its middle is at 3/8, halfway from 0.4 (at 1/8) to 0.8 (at 5/8)."""
    image, reference = (
        np.broadcast_to(np.array(line, np.float32)[None, :, None], (1, 2, 3)) for line in ([0.2, 0.6], [0.8, 0.4])
    )
    matched = transfer_histogram(image, reference, np.array([[[0.75], [0.25]]], np.float32))
    np.testing.assert_allclose(matched[0, :, 0], [0.6, 0.8], atol=1e-6)


@pytest.mark.parametrize("transfer", TURNED)
def test_feature_distribution_becomes_the_reference_s_along_any_direction(transfer):
    image, reference = _photos()
    directions = np.random.default_rng(4).standard_normal((20, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    matched = transfer(image, reference, np.ones((64, 64, 1), np.float32))
    before, after = _gaps(image, reference, directions), _gaps(matched, reference, directions)
    assert after.mean() < 0.01 * before.mean()


@pytest.mark.parametrize("transfer", TURNED)
def test_feature_moments_become_the_reference_s(transfer):
    image, reference = _photos()
    matched = transfer(image, reference, np.ones((64, 64, 1), np.float32)).reshape(-1, 3).astype(np.float64)
    wanted = reference.reshape(-1, 3).astype(np.float64)
    np.testing.assert_allclose(matched.mean(axis=0), wanted.mean(axis=0), atol=0.003)
    np.testing.assert_allclose(np.cov(matched.T), np.cov(wanted.T), atol=0.002)


@pytest.mark.parametrize("transfer", TURNED)
def test_feature_more_steps_come_closer(transfer):
    image, reference = _photos()
    ones, axes = np.ones((64, 64, 1), np.float32), np.array([[0.6, -0.8, 0], [0, 0.6, -0.8], [0.48, 0.6, 0.64]])
    gaps = [_gaps(transfer(image, reference, ones, steps), reference, axes).mean() for steps in (1, 4, 16)]
    assert gaps[0] > gaps[1] > gaps[2]


@pytest.mark.parametrize("transfer", TURNED)
def test_feature_neither_reads_nor_moves_the_global_random_state(transfer):
    np.random.seed(1)
    first = transfer(_picture(5), _picture(6), _disc())
    np.random.seed(2)
    state = np.random.get_state()[1].copy()
    np.testing.assert_array_equal(transfer(_picture(5), _picture(6), _disc()), first)
    np.testing.assert_array_equal(np.random.get_state()[1], state)
