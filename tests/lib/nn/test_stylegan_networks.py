"""The first StyleGAN's networks: published counts, and growing against its definition."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from faceswap.lib.nn.growing import grown, seen_at
from faceswap.lib.nn.resampling import Blur
from faceswap.lib.nn.stylegan2_networks import build_mapping
from faceswap.lib.nn.stylegan_networks import GrowingFigures, at_side, build_discriminator, build_synthesis

FIGURES = GrowingFigures(size=16, base=16, most=8, latent=4, depth=1)


def _count(*networks: Any) -> int:
    return sum(int(np.prod(weight.shape)) for network in networks for weight in network.trainable_variables)


def _twice(pictures: np.ndarray) -> np.ndarray:
    return np.repeat(np.repeat(pictures, 2, axis=1), 2, axis=2)


def _means(pictures: np.ndarray) -> np.ndarray:
    return (pictures[:, ::2, ::2] + pictures[:, 1::2, ::2] + pictures[:, ::2, 1::2] + pictures[:, 1::2, 1::2]) / 4


@pytest.mark.slow
def test_shape_counts_are_the_published_ones() -> None:
    """26.2 million (arXiv:1812.04948, section 2) and 23.1 (arXiv:1710.10196, table 2) at 1024 pixels; by hand, too."""
    figures, channels = GrowingFigures(1024, base=8192), [512] * 4 + [256, 128, 64, 32, 16]
    pairs = list(pairwise(channels))
    convs = 9 * (512 * 512 + sum(larger * (smaller + larger) for smaller, larger in pairs))
    styled = sum(2 * ((512 + 1) * 2 * one + one + one) for one in channels)  # Affine layer, noise, bias; twice a size.
    pictures = sum(3 * one + 3 for one in channels)
    generator = 8 * (512 * 512 + 512) + 16 * 512 + convs + styled + pictures
    halvings = sum(larger * (9 * larger + 1) + smaller * (9 * larger + 1) for smaller, larger in pairs)
    end = 512 * (9 * 513 + 1) + 512 * (16 * 512 + 1) + 512 + 1
    discriminator = sum(3 * one + one for one in channels) + halvings + end
    assert (round(generator / 1e6, 1), round(discriminator / 1e6, 1)) == (26.2, 23.1)
    assert _count(build_mapping(figures), build_synthesis(figures)) == generator
    assert _count(build_discriminator(figures)) == discriminator


def _inputs() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    shapes = [(2, FIGURES.layers, 4), *((2, side, side, 1) for side in FIGURES.noise_sides)]
    return [rng.normal(size=shape).astype(np.float32) for shape in shapes]


def _at(side: int) -> tuple[Any, Any, Any]:
    synthesis, discriminator = build_synthesis(FIGURES), build_discriminator(FIGURES)
    growths = [network.get_layer("growth") for network in (synthesis, discriminator)]

    def fade(share: float) -> None:
        for growth in growths:
            growth.grow(side, share)

    small, large = (at_side(FIGURES, synthesis, discriminator, one) for one in (side // 2, side))
    return small, large, fade


def test_feature_a_doubling_is_blended_in_linearly() -> None:
    (small, _), (large, _), fade = _at(16)
    pictures = []
    for share in (0.0, 0.25, 1.0):
        fade(share)
        pictures.append(np.asarray(large(_inputs())))
    before, between, after = pictures  # The fade is 1 now, so that the smaller network paints what it had come to.
    np.testing.assert_allclose(before, _twice(np.asarray(small(_inputs()))), atol=1e-5)
    np.testing.assert_allclose(between, 0.75 * before + 0.25 * after, atol=1e-5)
    assert np.abs(after - before).max() > 0.1


def test_feature_the_discriminator_begins_with_what_it_thought_of_halved_pictures() -> None:
    (_, small), (_, large), fade = _at(16)
    faces = np.random.default_rng(1).normal(size=(4, 16, 16, 3)).astype(np.float32)
    fade(0.0)
    before = np.asarray(large(faces))
    fade(1.0)
    np.testing.assert_allclose(before, np.asarray(small(_means(faces))), atol=1e-5)
    assert np.abs(np.asarray(large(faces)) - before).max() > 1e-3


def test_feature_real_pictures_are_blended_likewise() -> None:
    faces = np.random.default_rng(2).normal(size=(2, 16, 16, 3)).astype(np.float32)
    half = _means(faces)
    np.testing.assert_allclose(seen_at(faces, 16, 1.0), faces, atol=1e-6)
    np.testing.assert_allclose(seen_at(faces, 8, 0.25), 0.75 * _twice(_means(half)) + 0.25 * half, atol=1e-6)


@pytest.mark.parametrize(
    ("faces", "expected"),
    [(0, (0, 1)), (999, (0, 1)), (1000, (1, 0)), (1250, (1, 0.25)), (2000, (1, 1)), (3500, (2, 0.5)), (5000, (2, 1))],
)
def test_feature_each_size_is_blended_in_and_then_trained(faces: int, expected: tuple[int, float]) -> None:
    assert grown(faces, 1000, 2) == expected


def test_feature_networks_grow_no_further_than_they_can() -> None:
    assert grown(10**9, 1000, 2) == (2, 1)
    assert grown(5000, 1000, 2) == grown(7000, 1000, 2) == (2, 1)
    assert grown(0, 0, 2) == (2, 1)


def test_feature_the_blur_is_a_convolution() -> None:
    x = np.zeros((1, 5, 5, 1), np.float32)
    x[0, 2, 2, 0] = 16
    np.testing.assert_allclose(np.asarray(Blur()(x))[0, 1:4, 1:4, 0], [[1, 2, 1], [2, 4, 2], [1, 2, 1]])
