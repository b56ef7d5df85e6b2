"""Linear color transfer, against numpy and SciPy in float64."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import sqrtm

from faceswap.lib.color_transfer import transfer_linear, transfer_monge_kantorovich

BOTH = [transfer_linear, transfer_monge_kantorovich]


def _picture(seed: int, mean: tuple[float, ...], size: int = 32) -> np.ndarray:
    """Noise whose channels vary together, more along one direction than along others, well inside the range."""
    draw = np.random.default_rng(seed)
    mixing = np.linalg.qr(draw.standard_normal((3, 3)))[0] * np.array([[0.14], [0.05], [0.02]])
    return (np.array(mean) + draw.uniform(-1, 1, (size, size, 3)) @ mixing).astype(np.float32)


def _mask(size: int = 32) -> np.ndarray:
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    return np.clip(1.3 - np.hypot(x, y) / (size / 3), 0, 1).astype(np.float32)[..., None]


def _moments(picture: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    flat, weights = picture.reshape(-1, 3).astype(np.float64), mask.reshape(-1).astype(np.float64)
    return np.average(flat, axis=0, weights=weights), np.cov(flat.T, aweights=weights, ddof=0)


IMAGE, REFERENCE, MASK = _picture(1, (0.4, 0.5, 0.6)), _picture(2, (0.6, 0.5, 0.45)), _mask()


def _expected(matrix: np.ndarray) -> np.ndarray:
    mean, wanted = _moments(IMAGE, MASK)[0], _moments(REFERENCE, MASK)[0]
    return (IMAGE.astype(np.float64) - mean) @ matrix.T + wanted


@pytest.mark.parametrize("transfer", BOTH)
def test_feature_mean_and_covariance_become_the_reference_s(transfer):
    matched = transfer(IMAGE, REFERENCE, MASK)
    assert matched.min() > 0 and matched.max() < 1  # Nothing was cut off.
    (mean, covariance), (wanted_mean, wanted) = _moments(matched, MASK), _moments(REFERENCE, MASK)
    np.testing.assert_allclose(mean, wanted_mean, atol=1e-6)
    np.testing.assert_allclose(covariance, wanted, atol=1e-7)
    assert np.abs(wanted - np.diag(np.diag(wanted))).max() > 1e-3  # The channels do vary together.


def test_feature_lct_whitens_and_colors():
    covariance, wanted = _moments(IMAGE, MASK)[1], _moments(REFERENCE, MASK)[1]
    expected = _expected(np.real(sqrtm(wanted)) @ np.linalg.inv(np.real(sqrtm(covariance))))
    np.testing.assert_allclose(transfer_linear(IMAGE, REFERENCE, MASK), expected, atol=1e-5)


def test_feature_mkl_follows_the_closed_form():
    covariance, wanted = _moments(IMAGE, MASK)[1], _moments(REFERENCE, MASK)[1]
    # C_i^-1 # C_r, the geometric mean of matrices, is the same map written without roots of C_i.
    expected = _expected(np.real(np.linalg.inv(covariance) @ sqrtm(covariance @ wanted)))
    np.testing.assert_allclose(transfer_monge_kantorovich(IMAGE, REFERENCE, MASK), expected, atol=1e-5)


def test_feature_mkl_moves_colors_less_than_lct():
    way = {
        transfer: np.average(((transfer(IMAGE, REFERENCE, MASK) - IMAGE) ** 2).sum(-1), weights=MASK[..., 0])
        for transfer in BOTH
    }
    (mean, covariance), (wanted_mean, wanted) = _moments(IMAGE, MASK), _moments(REFERENCE, MASK)
    # The squared 2-Wasserstein distance of Gaussians with these moments.
    least = ((mean - wanted_mean) ** 2).sum() + np.trace(covariance + wanted - 2 * np.real(sqrtm(covariance @ wanted)))
    assert way[transfer_monge_kantorovich] == pytest.approx(least, rel=1e-4)
    assert way[transfer_linear] > 1.01 * least


@pytest.mark.parametrize("transfer", BOTH)
def test_feature_gray_face_takes_no_noise_for_color(transfer):
    """A gray picture varies along one direction only; the rounding across it does not become color."""
    gray = np.repeat(IMAGE[..., :1], 3, axis=2) + np.random.default_rng(3).uniform(-1e-6, 1e-6, IMAGE.shape)
    matched = transfer(gray.astype(np.float32), REFERENCE, MASK)
    axes = np.linalg.svd(matched.reshape(-1, 3) - matched.reshape(-1, 3).mean(axis=0), compute_uv=False)
    assert axes[0] > 0.5 and axes[1] < 0.005
    np.testing.assert_allclose(_moments(matched, MASK)[0], _moments(REFERENCE, MASK)[0], atol=1e-5)
