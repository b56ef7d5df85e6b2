"""The Inception network by which generated pictures are judged everywhere: the third version, as of December 2015.

It is not the one that frameworks bring: averages do not count what lies outside, the last block takes maxima, pictures
are enlarged as TensorFlow 1 did it, and it knows 1,008 classes. Names are those of the nodes in its file.

Reference:
    C. Szegedy et al., Rethinking the Inception architecture for computer vision, arXiv 1512.00567, table 1, fig. 5-7;
    M. Heusel et al., NeurIPS 2017, and T. Salimans et al., NeurIPS 2016, which take its features and its classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from ..errors import WeightsError
from ..graph_constants import read_constants

SIZE = 299
FEATURES, CLASSES = 2048, 1008

_LAST = "channels_last"
_SOFTMAX = "softmax"

Tensor = Any
Step = tuple[int, int | tuple[int, int]]
"""Channels and kernel of a convolution."""


def build_inception() -> Any:
    """Builds the network, with fresh weights.

    Returns:
        A Keras model from `[batch 299 299 3]`, -1..1 (see `shown`), to features `[batch 2048]` and classes
        `[batch 1008]`, before the softmax and without the biases, as the score has them.
    """
    inputs = keras.Input((SIZE, SIZE, 3), name="pictures")
    x = _conv(inputs, (32, 3), "conv", halve=True)  # [batch 149 149 32]
    x = _conv(x, (32, 3), "conv_1", padding="valid")
    x = _halved(_conv(x, (64, 3), "conv_2"))  # [batch 73 73 64]
    x = _conv(x, (80, 1), "conv_3")
    x = _halved(_conv(x, (192, 3), "conv_4", padding="valid"))  # [batch 35 35 192]
    for name, pooled in (("mixed", 32), ("mixed_1", 64), ("mixed_2", 64)):
        x = _of_35(x, name, pooled)
    x = _to_17(x, "mixed_3")  # [batch 17 17 768]
    for name, inner in (("mixed_4", 128), ("mixed_5", 160), ("mixed_6", 160), ("mixed_7", 192)):
        x = _of_17(x, name, inner)
    x = _to_8(x, "mixed_8")  # [batch 8 8 1280]
    x = _of_8(x, "mixed_9", _averaged)
    x = _of_8(x, "mixed_10", _maxima)
    features = layers.GlobalAveragePooling2D(data_format=_LAST, name="pool_3")(x)
    classes = layers.Dense(CLASSES, use_bias=False, name=_SOFTMAX)(features)
    return keras.Model(inputs, [features, classes], name="inception_2015")


def read_inception(network: Any, path: Path) -> None:
    """Gives the network the weights of its file; nothing of the file is executed.

    Args:
        network: What `build_inception` made.
        path: The graph of December 2015, `classify_image_graph_def.pb`.

    Raises:
        WeightsError: It is no such file.
    """
    constants = read_constants(path)
    for layer in network.layers:
        if layer.weights:
            layer.set_weights([_found(constants, name, layer, path) for name in _names(layer)])


def shown(pictures: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Brings pictures to what the network takes.

    Args:
        pictures: uint8 `[batch height width 3]`, RGB.

    Returns:
        float32 `[batch 299 299 3]`, -1..1; enlarged as TensorFlow 1 did it, whose first pixels lie upon each other.
    """
    wide = _stretched(_stretched(pictures.astype(np.float32), 1), 2)
    return np.asarray((wide - 128) / 128, np.float32)


def _stretched(pictures: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """Brings an axis to the network's size by linear interpolation."""
    length = pictures.shape[axis]
    places = np.arange(SIZE, dtype=np.float32) * np.float32(length / SIZE)
    before = np.minimum(places.astype(np.int64), length - 1)
    share = (places - before).astype(np.float32).reshape([-1 if number == axis else 1 for number in range(4)])
    first, second = pictures.take(before, axis), pictures.take(np.minimum(before + 1, length - 1), axis)
    return np.asarray(first + (second - first) * share, np.float32)


def _conv(x: Tensor, step: Step, name: str, halve: bool = False, padding: str = "same") -> Tensor:
    """A convolution with normalization; one that halves takes only whole windows."""
    channels, kernel = step
    x = layers.Conv2D(
        channels,
        kernel,
        strides=2 if halve else 1,
        padding="valid" if halve else padding,
        use_bias=False,
        data_format=_LAST,
        name=f"{name}/conv2d_params".replace("/", "__"),
    )(x)
    x = layers.BatchNormalization(epsilon=1e-3, name=f"{name}/batchnorm".replace("/", "__"))(x)
    return layers.ReLU()(x)


def _tower(x: Tensor, name: str, *steps: Step, halve: bool = False) -> Tensor:
    """Convolutions one after the other; the last may halve."""
    for number, step in enumerate(steps):
        last = number == len(steps) - 1
        x = _conv(x, step, f"{name}/conv_{number}" if number else f"{name}/conv", halve=halve and last)
    return x


def _averaged(x: Tensor) -> Tensor:
    return layers.AveragePooling2D(3, 1, padding="same", data_format=_LAST)(x)


def _maxima(x: Tensor) -> Tensor:
    return layers.MaxPooling2D(3, 1, padding="same", data_format=_LAST)(x)


def _halved(x: Tensor) -> Tensor:
    return layers.MaxPooling2D(3, 2, data_format=_LAST)(x)


def _of_35(x: Tensor, name: str, pooled: int) -> Tensor:
    parts = [
        _conv(x, (64, 1), f"{name}/conv"),
        _tower(x, f"{name}/tower", (48, 1), (64, 5)),
        _tower(x, f"{name}/tower_1", (64, 1), (96, 3), (96, 3)),
        _tower(_averaged(x), f"{name}/tower_2", (pooled, 1)),
    ]
    return layers.Concatenate(name=name)(parts)


def _to_17(x: Tensor, name: str) -> Tensor:
    parts = [
        _conv(x, (384, 3), f"{name}/conv", halve=True),
        _tower(x, f"{name}/tower", (64, 1), (96, 3), (96, 3), halve=True),
        _halved(x),
    ]
    return layers.Concatenate(name=name)(parts)


def _of_17(x: Tensor, name: str, inner: int) -> Tensor:
    across, down = (1, 7), (7, 1)
    parts = [
        _conv(x, (192, 1), f"{name}/conv"),
        _tower(x, f"{name}/tower", (inner, 1), (inner, across), (192, down)),
        _tower(x, f"{name}/tower_1", (inner, 1), (inner, down), (inner, across), (inner, down), (192, across)),
        _tower(_averaged(x), f"{name}/tower_2", (192, 1)),
    ]
    return layers.Concatenate(name=name)(parts)


def _to_8(x: Tensor, name: str) -> Tensor:
    parts = [
        _tower(x, f"{name}/tower", (192, 1), (320, 3), halve=True),
        _tower(x, f"{name}/tower_1", (192, 1), (192, (1, 7)), (192, (7, 1)), (192, 3), halve=True),
        _halved(x),
    ]
    return layers.Concatenate(name=name)(parts)


def _of_8(x: Tensor, name: str, pool: Any) -> Tensor:
    one = _tower(x, f"{name}/tower", (384, 1))
    other = _tower(x, f"{name}/tower_1", (448, 1), (384, 3))
    forks = [
        _conv(end, (384, kernel), f"{name}/{tower}/mixed/{conv}")
        for end, tower in ((one, "tower"), (other, "tower_1"))
        for kernel, conv in (((1, 3), "conv"), ((3, 1), "conv_1"))
    ]
    parts = [_conv(x, (320, 1), f"{name}/conv"), *forks, _tower(pool(x), f"{name}/tower_2", (192, 1))]
    return layers.Concatenate(name=name)(parts)


def _names(layer: Any) -> list[str]:
    """The names of a layer's arrays in the file."""
    name = layer.name.replace("__", "/")
    if isinstance(layer, layers.BatchNormalization):
        return [f"{name}/{part}" for part in ("gamma", "beta", "moving_mean", "moving_variance")]
    return [f"{name}/weights" if name == _SOFTMAX else name]


def _found(constants: Mapping[str, NDArray[np.float32]], name: str, layer: Any, path: Path) -> NDArray[np.float32]:
    shapes = [tuple(weight.shape) for weight in layer.weights]
    if name not in constants or constants[name].shape not in shapes:
        came = list(constants[name].shape) if name in constants else "nothing"
        raise WeightsError(f"{path} must hold `{name}` of shape {list(shapes[0])}. Received: {came}")
    return constants[name]
