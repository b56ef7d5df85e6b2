"""The Inception network of 2015 against the one of Keras, which shares all but the last block's pooling."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from faceswap.lib.errors import WeightsError
from faceswap.lib.nn import inception
from faceswap.lib.nn.inception import build_inception, read_inception, shown

CONVOLUTIONS, CHANNELS = 21_751_136, 17_216
"""Of Keras' InceptionV3 without its head: 21,802,784 parameters, three of them for each channel that is normalized."""


@pytest.fixture(scope="module")
def network() -> Any:
    keras.utils.set_random_seed(0)
    return build_inception()


def _layers(model: Any, kind: type[Any]) -> list[Any]:
    return [layer for layer in model.layers if isinstance(layer, kind)]


def test_shape_as_many_parameters_as_keras_counts(network: Any) -> None:
    convolutions = _layers(network, keras.layers.Conv2D)
    channels = sum(layer.gamma.shape[0] for layer in _layers(network, keras.layers.BatchNormalization))
    assert len(convolutions) == 94
    assert sum(layer.count_params() for layer in convolutions) == CONVOLUTIONS
    assert (channels, network.get_layer("softmax").count_params()) == (CHANNELS, 2048 * 1008)
    assert [tuple(output.shape) for output in network.outputs] == [(None, 2048), (None, 1008)]


def _in_keras_order() -> Iterator[str]:
    """Our convolutions in the order in which Keras makes its own."""
    yield from ("conv", "conv_1", "conv_2", "conv_3", "conv_4")
    steps = {"tower": 2, "tower_1": 3, "tower_2": 1}
    for name in ("mixed", "mixed_1", "mixed_2"):
        yield from _block(name, steps)
    yield from _block("mixed_3", {"tower": 3})
    for name in ("mixed_4", "mixed_5", "mixed_6", "mixed_7"):
        yield from _block(name, {"tower": 3, "tower_1": 5, "tower_2": 1})
    yield from (f"mixed_8/{rest}" for rest in ("tower/conv", "tower/conv_1"))
    yield from (f"mixed_8/tower_1/conv{number}" for number in ("", "_1", "_2", "_3"))
    yield from (f"mixed_9/{rest}" for rest in ("conv", "tower/conv", "tower/mixed/conv", "tower/mixed/conv_1"))
    yield from (f"mixed_9/tower_1/{rest}" for rest in ("conv", "conv_1", "mixed/conv", "mixed/conv_1"))
    yield "mixed_9/tower_2/conv"
    yield from (f"mixed_10/{rest}" for rest in ("conv", "tower/conv", "tower/mixed/conv", "tower/mixed/conv_1"))
    yield from (f"mixed_10/tower_1/{rest}" for rest in ("conv", "conv_1", "mixed/conv", "mixed/conv_1"))
    yield "mixed_10/tower_2/conv"


def _number(layer: Any) -> int:
    """When Keras made a layer, by the number in its name."""
    return int(layer.name.rpartition("_")[2]) if layer.name[-1].isdigit() and "_" in layer.name else 0


def _block(name: str, steps: dict[str, int]) -> Iterator[str]:
    yield f"{name}/conv"
    for tower, count in steps.items():
        yield from (f"{name}/{tower}/conv_{number}" if number else f"{name}/{tower}/conv" for number in range(count))


@pytest.mark.slow
def test_feature_it_sees_what_that_of_keras_sees(network: Any) -> None:
    """Up to the last block but one, with the same weights."""
    theirs = keras.applications.InceptionV3(weights=None, include_top=False, input_shape=(299, 299, 3))
    kinds, rng = (keras.layers.Conv2D, keras.layers.BatchNormalization), np.random.default_rng(0)
    convolutions, normalizations = (sorted(_layers(theirs, kind), key=_number) for kind in kinds)
    for name, convolution, normalization in zip(_in_keras_order(), convolutions, normalizations, strict=True):
        place = name.replace("/", "__")
        ours = network.get_layer(f"{place}__batchnorm")
        count = ours.gamma.shape[0]
        beta, mean, variance = rng.normal(0, 0.1, count), rng.normal(0, 0.1, count), rng.uniform(0.5, 1.5, count)
        ours.set_weights([np.ones(count), beta, mean, variance])
        normalization.set_weights([beta, mean, variance])
        convolution.set_weights(network.get_layer(f"{place}__conv2d_params").get_weights())
    picture = rng.uniform(-1, 1, (1, 299, 299, 3)).astype(np.float32)
    seen = keras.Model(network.inputs, network.get_layer("mixed_9").output).predict_on_batch(picture)
    expected = keras.Model(theirs.inputs, theirs.get_layer("mixed9").output).predict_on_batch(picture)
    # Theirs joins the two forks of each tower before it joins the towers: the order of channels is the same.
    np.testing.assert_allclose(seen, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


def test_feature_pictures_are_enlarged_as_tensorflow_1_did() -> None:
    import tensorflow as tf

    picture = np.random.default_rng(0).integers(0, 256, (2, 64, 80, 3)).astype(np.uint8)
    wide = tf.compat.v1.image.resize_bilinear(picture.astype(np.float32), (299, 299), align_corners=False)
    np.testing.assert_allclose(shown(picture), (wide.numpy() - 128) / 128, rtol=0, atol=1e-5)


def test_error_a_graph_that_lacks_an_array(network: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inception, "read_constants", lambda path: {})
    with pytest.raises(WeightsError, match=r"must hold `conv/conv2d_params` of shape \[3, 3, 3, 32\]\. R.* nothing"):
        read_inception(network, tmp_path / "graph.pb")
