"""The figures of `dcgan`: sizes of its networks, its losses in closed form, its noise."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from faceswap.core.training.backends import seed_weights
from faceswap.core.training.step import IdentityBatch
from faceswap.lib.nn.keys import RandomKey
from faceswap.plugins.train.generators.dcgan import DcganGenerator

PUBLISHED = 3_576_704
"""Weights of the generator of PyTorch's DCGAN tutorial: 100 numbers, 64 pixels, 64 channels, no biases."""


def _loaded(**options: Any) -> DcganGenerator:
    seed_weights(0)
    plugin = DcganGenerator(DcganGenerator.Options(**options))
    plugin.load()
    return plugin


def _small(**options: Any) -> DcganGenerator:
    return _loaded(**{"size": 16, "noise": 4, "width": 0.05, **options})


def _trained_weights(network: Any) -> int:
    return sum(int(np.prod(weight.shape)) for weight in network.trainable_variables)


def _losses(plugin: DcganGenerator, player: str) -> float:
    faces = np.random.default_rng(0).uniform(0, 1, (4, 16, 16, 3)).astype(np.float32)
    batch = {"faces": IdentityBatch(faces, faces, *(faces[..., :1],) * 3)}
    step: Any = SimpleNamespace(key=RandomKey(np.array([1, 2], np.int32)))
    return float(plugin.losses(player, batch, step)[player])


def test_shape_the_published_count_of_weights() -> None:
    assert _trained_weights(_loaded(noise=100).networks["generator"]) == PUBLISHED


def test_shape_the_default_networks() -> None:
    """Kernels are 4x4; of two neighboring layers one has twice the channels; a norm has a scale and a shift."""
    networks = _loaded().networks
    ways = [(512, 256), (256, 128), (128, 64), (64, 3)]
    norms = 2 * (512 + 256 + 128 + 64)
    assert _trained_weights(networks["generator"]) == 16 * (200 * 512 + sum(a * b for a, b in ways)) + norms
    biases = 64 + 128 + 256 + 512 + 1
    judged = 16 * (sum(a * b for a, b in ways) + 512)
    assert _trained_weights(networks["discriminator"]) == judged + biases
    assert networks["generator"].output_shape == networks["discriminator"].input_shape == (None, 64, 64, 3)


def test_feature_relu_is_an_option() -> None:
    kinds = [
        {type(layer).__name__ for layer in _small(activation=name).networks["generator"].layers if "act" in layer.name}
        for name in ("leaky-relu", "relu")
    ]
    assert kinds == [{"LeakyReLU"}, {"ReLU"}]


class _Verdict:
    """A discriminator that says of each picture its mean."""

    def __init__(self) -> None:
        self.seen: list[NDArray[np.float32]] = []

    def __call__(self, pictures: Any, training: bool) -> Any:
        from keras import ops

        self.seen.append(np.asarray(ops.convert_to_numpy(pictures)))
        return ops.mean(pictures, axis=(1, 2, 3), keepdims=True)


@pytest.mark.parametrize("label", [0.9, 1.0])
def test_feature_losses_are_cross_entropies(label: float) -> None:
    plugin, judge = _small(real_label=label), _Verdict()
    plugin.networks["discriminator"] = judge
    loss, maker = _losses(plugin, "discriminator"), _losses(plugin, "generator")
    real, made, again = (1 / (1 + np.exp(-seen.mean(axis=(1, 2, 3)).astype(np.float64))) for seen in judge.seen)
    on_real = -np.mean(label * np.log(real) + (1 - label) * np.log(1 - real))
    assert loss == pytest.approx(on_real - np.mean(np.log(1 - made)), rel=1e-5)
    assert maker == pytest.approx(-np.mean(np.log(again)), rel=1e-5)


@pytest.mark.parametrize("deviation", [0, 0.5])
def test_feature_noise_on_what_the_discriminator_sees(deviation: float) -> None:
    plugin, judge = _small(input_noise=deviation), _Verdict()
    plugin.networks["discriminator"] = judge
    _losses(plugin, "discriminator")
    faces = np.random.default_rng(0).uniform(0, 1, (4, 16, 16, 3)).astype(np.float32)
    assert (judge.seen[0] - (faces * 2 - 1)).std() == pytest.approx(deviation, abs=0.02)
    assert judge.seen[1].std() == pytest.approx(deviation, abs=0.05)  # A fresh generator paints gray.


def test_feature_the_noise_is_uniform() -> None:
    latents = DcganGenerator().latents(500, 1)
    assert latents.shape == (500, 200) and -1 <= latents.min() < -0.99 and 0.99 < latents.max() <= 1
    assert latents.mean() == pytest.approx(0, abs=0.01) and latents.var() == pytest.approx(1 / 3, abs=0.01)


def test_feature_truncation_brings_faces_together() -> None:
    plugin = _small()
    latents = plugin.latents(5, 0)
    assert len(np.unique(plugin.generate(latents, 0.0), axis=0)) == 1


@pytest.mark.parametrize("size", [48, 4, 512])
def test_error_sizes(size: int) -> None:
    with pytest.raises(ValueError, match="size"):
        DcganGenerator.Options(size=size)
