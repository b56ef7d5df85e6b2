"""The figures of `vae`: sizes of its networks, its losses in closed form, its latents."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from faceswap.core.training.backends import seed_weights
from faceswap.core.training.engine import Engine
from faceswap.core.training.faces import TrainingFaces, training_side
from faceswap.core.training.step import IdentityBatch, Variation
from faceswap.lib.nn.keys import RandomKey
from faceswap.lib.nn.variational import divergence, drawn
from faceswap.plugins.train.generators.vae import VaeGenerator


def _loaded(**options: Any) -> VaeGenerator:
    seed_weights(0)
    plugin = VaeGenerator(VaeGenerator.Options(**options))
    plugin.load()
    return plugin


def _weights(network: Any) -> int:
    return sum(int(np.prod(weight.shape)) for weight in network.trainable_variables)


def test_shape_the_default_networks() -> None:
    networks = _loaded().networks
    ways = [(3, 64), (64, 128), (128, 256), (256, 512)]
    kernels, flat = 16 * sum(a * b for a, b in ways), 16 * 512
    assert _weights(networks["encoder"]) == kernels + 64 + 128 + 256 + 512 + 2 * (flat * 128 + 128)
    assert _weights(networks["decoder"]) == 128 * flat + flat + kernels + 256 + 128 + 64 + 3


def test_shape_128_pixels() -> None:
    networks = _loaded(size=128, width=0.1).networks
    assert networks["encoder"].input_shape == networks["decoder"].output_shape == (None, 128, 128, 3)
    assert networks["decoder"].get_layer("grid").output.shape == (None, 4, 4, 8 * 6)


@pytest.mark.parametrize(
    ("mean", "variance", "expected"),
    [(0.0, 1.0, 0.0), (1.0, 1.0, 0.5), (0.0, np.e, (np.e - 2) / 2), (2.0, 0.25, 0.5 * (0.25 + 4 - 1 + np.log(4)))],
)
def test_feature_the_divergence_from_the_standard_normal(mean: float, variance: float, expected: float) -> None:
    """Three latents of one distribution, which add up; two faces, of which the mean counts."""
    values = np.full((2, 3), mean, np.float32), np.full((2, 3), np.log(variance), np.float32)
    assert float(divergence(*values)) == pytest.approx(3 * expected, abs=1e-6)


def test_feature_draws_have_the_mean_and_the_variance() -> None:
    shape = np.ones((2000, 4), np.float32)
    latents = np.asarray(drawn(shape * 3, shape * np.float32(np.log(0.25)), RandomKey(np.array([1, 2], np.int32))))
    assert latents.mean() == pytest.approx(3, abs=0.03) and latents.std() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("beta", [0.0, 4.0])
def test_feature_the_losses(beta: float) -> None:
    """An encoder that is sure of 2.5 and 1.5, half from their mean, and a decoder that paints gray."""
    plugin = _loaded(size=16, dim=3, width=0.05, beta=beta)
    sure = np.array([[2.5] * 3, [1.5] * 3], np.float32), np.full((2, 3), -60, np.float32)
    plugin.networks = {
        "encoder": lambda pictures, training: sure,
        "decoder": lambda latents, training: np.zeros((2, 16, 16, 3), np.float32) + np.asarray(latents).mean(),
    }
    faces = np.random.default_rng(0).uniform(0, 1, (2, 16, 16, 3)).astype(np.float32)
    step: Any = SimpleNamespace(key=RandomKey(np.array([1, 2], np.int32)))
    losses = plugin.losses("vae", {"faces": IdentityBatch(faces, faces, *(faces[..., :1],) * 3)}, step)
    error = 0.5 * np.square(faces * 2.0 - 1).sum() / 2
    assert float(losses["reconstruction"]) == pytest.approx(error, rel=1e-5)
    assert float(losses["divergence"]) == pytest.approx(beta * 3 * 0.5 * (0.25 - 1 + 60), rel=1e-5)


def test_feature_it_learns_to_give_faces_back_and_paints_them_of_noise() -> None:
    """Faces are of one color, dark on the left; what is painted of noise soon is too."""
    side = training_side(16)
    left = np.arange(side) < side // 2
    pictures = np.where(left[:, None], [60, 20, 20], [220, 140, 100]).astype(np.uint8)
    pictures = np.broadcast_to(pictures, (8, side, side, 3))
    plugin = _loaded(size=16, dim=4, width=0.1, learning_rate=5e-3)
    plain = Variation(affine=0, flip=0, color_match=0, color_jitter=0)
    engine = Engine(plugin, {"faces": TrainingFaces(pictures, np.zeros_like(pictures))}, 8, 0, 200, plain)
    for _ in range(200):
        engine.advance()
    left, right = np.split(plugin.generate(plugin.latents(16, 0)).astype(float), 2, axis=2)
    assert np.abs(left[:, :, :6].mean(axis=(0, 1, 2)) - [60, 20, 20]).max() < 12
    assert np.abs(right[:, :, 2:].mean(axis=(0, 1, 2)) - [220, 140, 100]).max() < 12


def test_feature_latents_are_standard_normal() -> None:
    latents = VaeGenerator().latents(500, 1)
    assert latents.shape == (500, 128) and latents.dtype == np.float32
    assert latents.mean() == pytest.approx(0, abs=0.02) and latents.std() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("size", [96, 4, 512])
def test_error_sizes(size: int) -> None:
    with pytest.raises(ValueError, match="size"):
        VaeGenerator.Options(size=size)
