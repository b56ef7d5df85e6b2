from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("keras")

import keras

from faceswap.lib.nn import blocks


def test_feature_pixel_shuffle_places_channels() -> None:
    batch, height, width, channels = 2, 3, 5, 4
    source = np.random.default_rng(0).random((batch, height, width, 4 * channels)).astype(np.float32)
    got = np.asarray(blocks.PixelShuffle(2)(source))
    assert got.shape == (batch, 2 * height, 2 * width, channels)
    for row in range(2 * height):
        for column in range(2 * width):
            part = (row % 2) * 2 + column % 2
            expected = source[:, row // 2, column // 2, part * channels : (part + 1) * channels]
            assert (got[:, row, column] == expected).all()


def test_roundtrip_pixel_shuffle_config() -> None:
    layer = blocks.PixelShuffle(3, name="spread")
    again = keras.layers.deserialize(keras.layers.serialize(layer))
    assert isinstance(again, blocks.PixelShuffle)
    assert (again.factor, again.name) == (3, "spread")
    assert again.compute_output_shape((None, 4, 4, 18)) == (None, 12, 12, 2)


def test_error_pixel_shuffle_of_odd_channels() -> None:
    with pytest.raises(ValueError, match=r"multiple of 4 channels\. Received: 6"):
        blocks.PixelShuffle(2)(np.zeros((1, 2, 2, 6), np.float32))


def test_shape_and_slope_of_down_and_up() -> None:
    inputs = keras.Input((16, 16, 3))
    half = blocks.downscale(inputs, 5, "down")
    same = blocks.upscale(half, 7, "up")
    assert half.shape == (None, 8, 8, 5)
    assert same.shape == (None, 16, 16, 7)
    network = keras.Model(inputs, half)
    values = np.asarray(network(np.random.default_rng(0).normal(size=(1, 16, 16, 3)).astype(np.float32)))
    plain = np.asarray(keras.Model(inputs, network.get_layer("down_conv").output)(np.ones((1, 16, 16, 3)) * 0.5))
    active = np.asarray(network(np.ones((1, 16, 16, 3), np.float32) * 0.5))
    assert active == pytest.approx(np.where(plain < 0, 0.1 * plain, plain), abs=1e-6)
    assert (values < 0).any()


def test_feature_residual_adds_two_convolutions_to_its_input() -> None:
    inputs = keras.Input((6, 6, 4))
    network = keras.Model(inputs, blocks.residual(inputs, "fine"))
    first, second = (network.get_layer(f"fine_{part}_conv") for part in ("first", "second"))
    assert first.kernel.shape == second.kernel.shape == (3, 3, 4, 4)
    picture = np.random.default_rng(0).normal(size=(2, 6, 6, 4)).astype(np.float32)

    def rectified(values: np.ndarray) -> np.ndarray:
        return np.maximum(values, 0) + 0.2 * np.minimum(values, 0)

    change = np.asarray(second(rectified(np.asarray(first(picture)))))
    assert np.asarray(network(picture)) == pytest.approx(rectified(picture + change), abs=1e-6)
    assert network.predict_on_batch(picture) == pytest.approx(rectified(picture + change), abs=1e-5)  # As a graph.
    assert np.abs(change).max() > 0.1


def test_feature_heads_answer_in_float32_under_mixed_precision() -> None:
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        inputs = keras.Input((8, 8, 3))
        features = blocks.upscale(blocks.downscale(inputs, 4, "down"), 4, "up")
        network = keras.Model(inputs, [blocks.rgb_head(features), blocks.mask_head(features)])
    finally:
        keras.config.set_dtype_policy(before)
    assert features.dtype == "bfloat16"
    face, mask = (np.asarray(part) for part in network(np.zeros((1, 8, 8, 3), np.float32)))
    assert face.dtype == mask.dtype == np.float32
    assert face.shape == (1, 8, 8, 3) and mask.shape == (1, 8, 8, 1)
