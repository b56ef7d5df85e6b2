from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

pytest.importorskip("keras")

from faceswap.lib.nn import stylegan2_networks
from faceswap.lib.nn.stylegan2_networks import Figures
from faceswap.lib.nn.stylegan2_painter import build_painter

# As the authors' program prints them for configuration F at 1024 pixels, layer by layer. With a mapping network of two
# layers in place of eight it prints 28,794,124 for the generator; a layer has 262,656.
PUBLISHED = {"mapping": 8 * 262_656, "synthesis": 28_794_124 - 2 * 262_656, "discriminator": 29_012_513}
LARGEST = {"synthesis": 51_297 + 25_665 + 16_515, "discriminator": 128 + 2_048 + 9_248 + 18_496}
"""What belongs to 1024 pixels alone; the discriminator of 512 begins with a layer from pictures to 64 channels."""


def _built(figures: Figures) -> dict[str, Any]:
    return {
        "mapping": stylegan2_networks.build_mapping(figures),
        "synthesis": stylegan2_networks.build_synthesis(figures),
        "discriminator": stylegan2_networks.build_discriminator(figures),
    }


def _trainable(networks: dict[str, Any]) -> dict[str, int]:
    return {
        name: sum(int(np.prod(variable.shape)) for variable in network.trainable_variables)
        for name, network in networks.items()
    }


def _synthesis_count(channels: dict[int, int]) -> int:
    """The trainable numbers of a synthesis network, added up by hand: styles of 512, kernels of 3."""
    count, before = 16 * channels[4], channels[4]
    for side, own in channels.items():
        for given in (before, own) if side > 4 else (own,):
            count += 9 * given * own + own + 1 + 512 * given + given
        count += 3 * own + 3 + 512 * own + own
        before = own
    return count


def _discriminator_count(channels: dict[int, int]) -> int:
    sides = sorted(channels, reverse=True)
    count = 3 * channels[sides[0]] + channels[sides[0]]
    for side, below in pairwise(sides):
        own, less = channels[side], channels[below]
        count += 9 * own * own + own + 9 * own * less + less + own * less
    last = channels[4]
    return count + 9 * (last + 1) * last + last + 16 * last * last + last + last + 1


def test_feature_parameter_counts_of_configuration_f_at_1024_pixels_are_the_published_ones() -> None:
    counts = _trainable(_built(Figures(1024)))
    assert counts == PUBLISHED
    assert counts["mapping"] + counts["synthesis"] == 30_370_060


def test_feature_parameter_counts_at_512_pixels_are_those_without_the_last_layers() -> None:
    counts = _trainable(_built(Figures(512)))
    assert counts["synthesis"] == PUBLISHED["synthesis"] - LARGEST["synthesis"]
    assert counts["discriminator"] == PUBLISHED["discriminator"] - LARGEST["discriminator"] + 3 * 64 + 64


def test_feature_parameter_counts_of_configuration_e_at_256_pixels() -> None:
    """The sums by hand, which are first shown to be right for the published table."""
    largest = {4: 512, 8: 512, 16: 512, 32: 512, 64: 512, 128: 256, 256: 128, 512: 64, 1024: 32}
    assert _synthesis_count(largest) == PUBLISHED["synthesis"]
    assert _discriminator_count(largest) == PUBLISHED["discriminator"]
    smaller = {4: 512, 8: 512, 16: 512, 32: 512, 64: 256, 128: 128, 256: 64}
    counts = _trainable(_built(Figures(256, 8192)))
    assert counts["synthesis"] == _synthesis_count(smaller)
    assert counts["discriminator"] == _discriminator_count(smaller)


def test_shape_styles_and_noises() -> None:
    figures = Figures(32, base=64, most=12, latent=6)
    assert figures.sides == [4, 8, 16, 32] and figures.layers == 8
    assert figures.noise_sides == [4, 8, 8, 16, 16, 32, 32]
    assert [figures.channels(side) for side in figures.sides] == [12, 12, 8, 4]
    networks = _built(figures)
    assert networks["synthesis"].output_shape == (None, 32, 32, 3)
    assert networks["discriminator"].output_shape == (None, 1)
    assert Figures(1024).layers == 18


def test_feature_latents_have_one_length() -> None:
    """z is brought to unit variance first, so that its length says nothing."""
    mapping = stylegan2_networks.build_mapping(Figures(8, latent=6))
    z = np.random.default_rng(0).normal(size=(3, 6)).astype(np.float32)
    np.testing.assert_allclose(np.asarray(mapping(z)), np.asarray(mapping(7 * z)), rtol=1e-4, atol=1e-7)
    start = np.asarray(mapping.get_layer("length")(mapping.get_layer("unit")(z)))
    np.testing.assert_allclose(np.square(start).mean(axis=1), 1, rtol=1e-5)


def test_feature_the_painter_draws_styles_towards_their_mean() -> None:
    figures = Figures(8, base=64, most=8, latent=6)
    networks = _built(figures)
    mapping, synthesis = networks["mapping"], networks["synthesis"]
    mean = np.random.default_rng(1).normal(size=6).astype(np.float32)
    mapping.get_layer("mean").mean.assign(mean)
    for layer in synthesis.layers:
        if hasattr(layer, "strength"):
            layer.strength.assign(0.5)
    z = np.random.default_rng(0).normal(size=(3, 6)).astype(np.float32)

    def painted(truncation: float, latents: np.ndarray = z) -> np.ndarray:
        both = np.concatenate([latents, latents], axis=1)
        return np.asarray(build_painter(figures, mapping, synthesis, truncation)(both))

    noises = [
        np.random.default_rng(place).standard_normal((1, side, side, 1)).astype(np.float32)
        for place, side in enumerate(figures.noise_sides)
    ]
    for truncation in (1.0, 0.7, 0.0):
        styles = mean + truncation * (np.asarray(mapping(z)) - mean)
        given = [np.repeat(styles[:, None], figures.layers, axis=1), *(noise.repeat(3, axis=0) for noise in noises)]
        np.testing.assert_allclose(painted(truncation), np.asarray(synthesis(given)), atol=1e-5)
    np.testing.assert_allclose(painted(0.0)[0], painted(0.0)[2], atol=1e-6)
    assert np.abs(painted(1.0)[0] - painted(1.0)[2]).max() > 1e-3
