"""PSNR and SSIM inside a region, against scikit-image and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from faceswap.lib.quality import masked_psnr, masked_ssim


@pytest.fixture
def pair():
    random = np.random.default_rng(0)
    truth = random.integers(0, 256, (40, 48, 3), dtype=np.uint8)
    noisy = np.clip(truth + random.normal(0, 12, truth.shape), 0, 255).astype(np.uint8)
    return noisy, truth


def test_psnr_of_the_whole_picture_is_that_of_scikit_image(pair):
    assert masked_psnr(*pair, np.ones((40, 48))) == pytest.approx(peak_signal_noise_ratio(pair[1], pair[0]))


def test_psnr_of_a_region_ignores_the_rest(pair):
    noisy, truth = pair
    mask = np.zeros((40, 48), bool)
    mask[10:30, 5:25] = True
    inside = peak_signal_noise_ratio(truth[10:30, 5:25], noisy[10:30, 5:25])
    spoiled = noisy.copy()
    spoiled[~mask] = 0
    assert masked_psnr(spoiled, truth, mask) == pytest.approx(inside)


def test_psnr_of_a_known_error():
    truth = np.full((8, 8, 3), 100, np.uint8)
    assert masked_psnr(truth + np.uint8(10), truth, np.ones((8, 8))) == pytest.approx(20 * np.log10(25.5))
    assert masked_psnr(truth, truth, np.ones((8, 8))) == float("inf")


def test_ssim_averages_scikit_image_over_the_mask(pair):
    noisy, truth = pair
    mask = np.zeros((40, 48))
    mask[10:20, 10:30] = 1
    mask[20:30, 10:30] = 0.5
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    channels = [structural_similarity(truth[..., c], noisy[..., c], full=True, **options)[1] for c in range(3)]
    expected = np.average(np.mean(channels, axis=0), weights=mask)
    assert masked_ssim(noisy, truth, mask) == pytest.approx(expected, abs=1e-9)
    assert masked_ssim(truth, truth, mask) == pytest.approx(1)


@pytest.mark.parametrize("measure", [masked_psnr, masked_ssim])
def test_an_empty_mask_is_refused(pair, measure):
    with pytest.raises(ValueError, match="empty mask"):
        measure(*pair, np.zeros((40, 48)))
