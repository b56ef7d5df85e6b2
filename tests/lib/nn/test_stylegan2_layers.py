from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import convolve2d, correlate2d

pytest.importorskip("keras")

from faceswap.lib.nn import resampling
from faceswap.lib.nn.equalized import EqualizedConv, EqualizedDense
from faceswap.lib.nn.minibatch_deviation import MinibatchDeviation
from faceswap.lib.nn.modulated import ModulatedConv, StyledConv
from faceswap.lib.nn.style_mean import StyleMean

FILTER = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 64
Array = NDArray[np.float64]


def _normal(*shape: int, seed: int = 0) -> NDArray[np.float32]:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def _spread(x: Array) -> Array:
    """Puts zeros between pixels, `[2h-1 2w-1]`."""
    wide = np.zeros((2 * x.shape[0] - 1, 2 * x.shape[1] - 1))
    wide[::2, ::2] = x
    return wide


def _planes(x: NDArray[np.float32], function: Any) -> Array:
    """Applies a function to each plane `[h w]` of pictures."""
    moved = np.moveaxis(np.float64(x), -1, 1)
    return np.moveaxis(np.array([[function(plane) for plane in picture] for picture in moved]), 1, -1)


def test_feature_upsampling_is_zeros_between_and_the_filter() -> None:
    x = _normal(2, 5, 4, 3)
    # The full convolution has a pixel more at the beginning than the picture at twice the size.
    expected = _planes(x, lambda plane: convolve2d(np.pad(_spread(plane), ((0, 1), (0, 1))), 4 * FILTER)[1:-2, 1:-2])
    got = np.asarray(resampling.upsample(x))
    assert got.shape == (2, 10, 8, 3)
    np.testing.assert_allclose(got, expected, atol=1e-5)


def test_feature_downsampling_is_the_filter_and_every_second_pixel() -> None:
    x = _normal(2, 8, 6, 3)
    expected = _planes(x, lambda plane: convolve2d(np.pad(plane, 1), FILTER, mode="valid")[::2, ::2])
    np.testing.assert_allclose(np.asarray(resampling.downsample(x)), expected, atol=1e-5)


def test_feature_resampling_keeps_what_is_even_and_its_center() -> None:
    even = np.ones((1, 8, 8, 1), np.float32)
    assert np.asarray(resampling.upsample(even))[0, 2:-2, 2:-2] == pytest.approx(1)
    assert np.asarray(resampling.downsample(even))[0, 1:-1, 1:-1] == pytest.approx(1)
    ramp = np.broadcast_to(np.arange(16, dtype=np.float32)[None, None, :, None], (1, 4, 16, 1))
    places = np.asarray(resampling.upsample(ramp))[0, 4, 4:-4, 0]
    assert places == pytest.approx((np.arange(4, 28) + 0.5) / 2 - 0.5, abs=1e-5)


def _plain(x: Array, factors: Array, kernel: Array, doubling: bool, demodulate: bool) -> Array:
    """Equations 1 and 3 for one picture, with a kernel of its own."""
    own = kernel * factors[:, None]
    if demodulate:
        own = own / np.sqrt((own**2).sum(axis=(0, 1, 2)) + 1e-8)

    def channel(plane: Array, weights: Array) -> Array:
        if not doubling:
            return correlate2d(np.pad(plane, weights.shape[0] // 2), weights, mode="valid")
        # A transposed convolution of stride 2 spreads each pixel by the kernel.
        return convolve2d(np.pad(convolve2d(_spread(plane), weights), 1), 4 * FILTER, mode="valid")

    return np.stack(
        [
            sum(channel(x[..., given], own[..., given, out]) for given in range(kernel.shape[2]))
            for out in range(kernel.shape[3])
        ],
        axis=-1,
    )


@pytest.mark.parametrize(
    ("size", "doubling", "demodulate"), [(3, False, True), (3, True, True), (1, False, False), (3, True, False)]
)
def test_feature_modulated_convolution_is_the_plain_one_of_each_picture(
    size: int, doubling: bool, demodulate: bool
) -> None:
    x, styles = _normal(3, 6, 5, 4), _normal(3, 7, seed=1)
    layer = ModulatedConv(5, size, doubling=doubling, demodulate=demodulate)
    got = np.asarray(layer([x, styles]))
    kernel = np.asarray(layer.kernel, np.float64) / np.sqrt(size * size * 4)
    factors = styles @ np.asarray(layer.style.kernel, np.float64) / np.sqrt(7) + np.asarray(layer.style.bias)
    expected = [_plain(np.float64(one), own, kernel, doubling, demodulate) for one, own in zip(x, factors, strict=True)]
    np.testing.assert_allclose(got, expected, atol=2e-5)
    assert got.shape == (3, 12, 10, 5) if doubling else (3, 6, 5, 5)
    # Styles begin around 1, and demodulated answers have the deviation of what went in.
    assert np.asarray(layer.style.bias) == pytest.approx(1)


def test_feature_a_styled_layer_adds_noise_and_bias_and_activates() -> None:
    x, styles, noise = _normal(2, 4, 4, 3), _normal(2, 6, seed=1), _normal(2, 4, 4, 1, seed=2)
    layer = StyledConv(5)
    layer([x, styles, noise])
    layer.strength.assign(0.3)
    layer.bias.assign(np.arange(5, dtype=np.float32) - 2)
    sums = np.asarray(layer.conv([x, styles]), np.float64) + 0.3 * noise + np.arange(5) - 2
    expected = np.where(sums > 0, sums, 0.2 * sums) * np.sqrt(2)
    np.testing.assert_allclose(np.asarray(layer([x, styles, noise])), expected, atol=1e-5)


def test_feature_equalized_layers_begin_at_deviation_one_and_keep_that_of_their_inputs() -> None:
    for layer, x, multiplier in (
        (EqualizedDense(400), _normal(300, 500), 1),
        (EqualizedDense(400, multiplier=0.01), _normal(300, 500), 0.01),
        (EqualizedConv(40, 3), _normal(2, 20, 20, 50), 1),
    ):
        answer = np.asarray(layer(x))[..., 1:-1, :]
        assert np.asarray(layer.kernel).std() == pytest.approx(1 / multiplier, rel=0.02)
        assert answer.std() == pytest.approx(1, rel=0.06)


def test_feature_a_halving_convolution_is_the_filter_and_a_stride_of_two() -> None:
    x = _normal(2, 8, 8, 2)
    layer = EqualizedConv(3, halving=True)
    got = np.asarray(layer(x))
    kernel = np.asarray(layer.kernel, np.float64) / np.sqrt(9 * 2)
    smooth = _planes(x, lambda plane: convolve2d(np.pad(plane, 2), FILTER, mode="valid"))
    expected = [
        [
            sum(correlate2d(picture[..., given], kernel[..., given, out], mode="valid")[::2, ::2] for given in range(2))
            for out in range(3)
        ]
        for picture in smooth
    ]
    np.testing.assert_allclose(got, np.moveaxis(np.array(expected), 1, -1), atol=1e-5)


@pytest.mark.parametrize(("batch", "size"), [(8, 4), (4, 4), (6, 3), (7, 1)])
def test_feature_the_deviation_of_each_group_is_appended(batch: int, size: int) -> None:
    x = _normal(batch, 4, 4, 3)
    answer = np.asarray(MinibatchDeviation()(x))
    np.testing.assert_array_equal(answer[..., :3], x)
    groups = batch // size
    for first in range(groups):
        members = np.float64(x[first::groups])
        expected = np.sqrt(members.var(axis=0) + 1e-8).mean()
        np.testing.assert_allclose(answer[first::groups, ..., 3], expected, rtol=1e-5)


def test_feature_the_mean_style_is_remembered_in_training_only() -> None:
    layer, styles = StyleMean(decay=0.9), _normal(5, 3)
    np.testing.assert_array_equal(np.asarray(layer(styles)), styles)
    assert not np.asarray(layer.mean).any()
    for _ in range(2):
        np.testing.assert_array_equal(np.asarray(layer(styles, training=True)), styles)
    np.testing.assert_allclose(np.asarray(layer.mean), styles.mean(axis=0) * (1 - 0.9**2), rtol=1e-5)
