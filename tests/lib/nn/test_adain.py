"""Adaptive instance normalization against its definition in numpy."""

from __future__ import annotations

import numpy as np

from faceswap.lib.nn.adain import AdaIn, NoisyStyle


def _adain(x: np.ndarray, styles: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Equation 1, each channel of each picture by itself, in float64; the affine layer with its equalized scale."""
    affine = styles.astype(np.float64) @ (kernel / np.sqrt(len(kernel))) + bias
    answer = np.zeros(x.shape)
    for picture in range(len(x)):
        for channel in range(x.shape[-1]):
            values = x[picture, ..., channel].astype(np.float64)
            scale, shift = 1 + affine[picture, channel], affine[picture, x.shape[-1] + channel]
            answer[picture, ..., channel] = scale * (values - values.mean()) / values.std() + shift
    return answer


def _drawn(*shape: int) -> np.ndarray:
    return np.random.default_rng(len(shape)).normal(0.5, 2, shape).astype(np.float32)


def test_feature_adain_is_its_definition() -> None:
    x, styles, layer = _drawn(3, 6, 6, 4), _drawn(3, 5), AdaIn()
    layer.build([x.shape, styles.shape])
    layer.style.bias.assign(_drawn(8))
    expected = _adain(x, styles, np.asarray(layer.style.kernel), np.asarray(layer.style.bias))
    np.testing.assert_allclose(layer([x, styles]), expected, atol=2e-5)


def test_feature_noise_bias_and_activation_come_before() -> None:
    x, noise, styles, layer = _drawn(2, 4, 4, 3), _drawn(2, 4, 4, 1), _drawn(2, 5), NoisyStyle()
    layer.build([x.shape, noise.shape, styles.shape])
    layer.bias.assign(_drawn(3))
    layer.strength.assign([0.0, 1.0, -2.0])
    before = x.astype(np.float64) + noise * np.asarray(layer.strength) + np.asarray(layer.bias)
    style = layer.adain.style
    expected = _adain(
        np.where(before < 0, 0.2 * before, before), styles, np.asarray(style.kernel), np.asarray(style.bias)
    )
    np.testing.assert_allclose(layer([x, noise, styles]), expected, atol=2e-5)


def test_feature_a_channel_that_is_the_same_everywhere_becomes_the_shift() -> None:
    x, styles, layer = np.full((1, 4, 4, 1), 3.0, np.float32), np.zeros((1, 2), np.float32), AdaIn()
    layer.build([x.shape, styles.shape])
    layer.style.bias.assign([5.0, 0.25])
    np.testing.assert_allclose(layer([x, styles]), np.full_like(x, 0.25))
