from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("keras")

import keras

from faceswap.lib.nn import gan_networks
from faceswap.lib.nn.attention import SelfAttention
from faceswap.lib.nn.icnr import Icnr

# Millions of weights, as published, and the last digit that the figure has.
COUNTS = {64: (59.1, 6.3, 0.75), 128: (68.6, 6.5, 1.9), 256: (78.0, 6.7, 3.0)}


@pytest.mark.slow
@pytest.mark.parametrize("size", list(COUNTS))
def test_feature_parameter_counts_are_the_published_ones(size: int) -> None:
    encoder, decoder, discriminator = (
        network.count_params() / 1e6
        for network in (
            gan_networks.build_encoder(size, 1),
            gan_networks.build_decoder(size, 1, "decoder"),
            gan_networks.build_discriminator(size, 1, "discriminator"),
        )
    )
    expected = COUNTS[size]
    assert (round(encoder, 1), round(decoder, 1)) == expected[:2]
    assert round(discriminator, 2 if size == 64 else 1) == expected[2]


@pytest.mark.parametrize(("size", "pictures"), [(64, [64]), (128, [128, 64])])
def test_shape_networks(size: int, pictures: list[int]) -> None:
    networks = gan_networks.build(size, 0.03, ("source", "target"))
    assert networks["encoder"].output_shape == (None, 8, 8, 15)
    alpha, *rest = networks["decoder_target"].output_shape
    assert alpha == (None, size, size, 1)
    assert rest == [(None, side, side, 3) for side in pictures]
    assert networks["discriminator_source"].output_shape == (None, 8, 8, 1)


def test_feature_a_fresh_upscaling_repeats_each_pixel() -> None:
    code = keras.Input((4, 4, 6))
    network = keras.Model(code, gan_networks._double(code, 5, "up"))
    picture = np.asarray(network(np.random.default_rng(0).normal(size=(1, 4, 4, 6))))
    assert picture.shape == (1, 8, 8, 5)
    assert np.abs(picture - picture[:, ::2, ::2].repeat(2, 1).repeat(2, 2)).max() < 1e-5
    assert np.ptp(picture) > 0.1
    kernel = np.asarray(Icnr(0.02)((3, 3, 64, 256)))
    assert kernel.std() == pytest.approx(0.02, rel=0.02)


def _attended(x: np.ndarray, layer: SelfAttention, pooled: bool) -> np.ndarray:
    """The paper's equations 1 to 3 in float64, place by place."""
    query, key, value = (np.asarray(conv.kernel, np.float64)[0, 0] for conv in (layer.query, layer.key, layer.value))
    height, width, channels = x.shape
    line = x.reshape(-1, channels)

    def looked_at(kernel: np.ndarray) -> np.ndarray:
        there = (line @ kernel).reshape(height, width, -1)
        if pooled:
            there = there.reshape(height // 2, 2, width // 2, 2, -1).max(axis=(1, 3))
        return there.reshape(-1, there.shape[-1])

    scores = (line @ query) @ looked_at(key).T
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    found = weights / weights.sum(axis=1, keepdims=True) @ looked_at(value)
    return x + float(np.asarray(layer.factor)) * found.reshape(x.shape)


@pytest.mark.parametrize(("side", "pooled"), [(6, False), (34, True)])
def test_feature_self_attention_equals_the_paper(side: int, pooled: bool) -> None:
    x = np.random.default_rng(1).normal(size=(2, side, side, 16)).astype(np.float32)
    layer = SelfAttention()
    assert np.asarray(layer(x)) == pytest.approx(x)
    layer.factor.assign(0.7)
    expected = np.stack([_attended(face.astype(np.float64), layer, pooled) for face in x])
    assert np.asarray(layer(x)) == pytest.approx(expected, abs=1e-4)
    assert np.abs(expected - x).max() > 0.1
