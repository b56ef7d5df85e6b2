"""The perceptual loss: pictures are alike when a network that knows faces sees the same in them.

The network is the ResNet50 that was trained to tell the people of VGGFace2 apart; only its convolutions are needed. Its
weights are a file that the user puts in place: see `read_weights`.

Reference:
    J. Johnson, A. Alahi, L. Fei-Fei, Perceptual losses for real-time style transfer and super-resolution, ECCV 2016;
    Q. Cao et al., VGGFace2: A dataset for recognising faces across pose and age, FG 2018.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers, ops

Tensor = Any

SIZE = 224
_MEANS = (131.0912, 103.8827, 91.4953)
"""Of the training pictures, RGB, 0..255."""
_STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))
"""Channels inside of the blocks, and the number of blocks, of stages 2 to 5."""
_EPSILON = 1e-5


@dataclass(frozen=True, eq=False)
class PerceptualLoss:
    """Compares what a network sees in two batches of pictures.

    Attributes:
        network: A Keras model from pictures, RGB, 0..255 less the means, `[batch 224 224 3]`, to a list of maps.
        weights: How much each map counts.
        distance: From two maps to a scalar, such as `losses.mae` or `losses.mse`.
    """

    network: Any
    weights: Sequence[float]
    distance: Callable[[Tensor, Tensor], Tensor]

    def __call__(self, goal: Tensor, output: Tensor) -> Tensor:
        """Returns the weighted sum of the distances of the maps, each channel of each face at mean 0 and variance 1.

        Args:
            goal: What should have come, `[batch height width 3]`, RGB, 0..1.
            output: What came.
        """
        # The goals need no gradient.
        wanted = [ops.stop_gradient(found) for found in self._seen(goal)]
        parts = zip(self.weights, wanted, self._seen(output), strict=True)
        return sum(weight * self.distance(_normalized(one), _normalized(other)) for weight, one, other in parts)

    def _seen(self, pictures: Tensor) -> list[Tensor]:
        pictures = ops.image.resize(ops.cast(pictures, "float32"), (SIZE, SIZE), data_format="channels_last")
        return list(
            self.network(pictures * 255.0 - ops.convert_to_tensor(np.array(_MEANS, np.float32)), training=False)
        )


def build_network(width: float = 1) -> Any:
    """Builds the ResNet50 without its head, frozen, with fresh weights.

    Args:
        width: Factor on the channels; 1 but for tests.

    Returns:
        A Keras model from `[batch 224 224 3]` to the maps of 7, 28, 55 and 112 pixels.
    """
    inputs = keras.Input((SIZE, SIZE, 3), name="pictures")
    first = x = _conv(inputs, max(1, round(64 * width)), 7, 2, "conv1/7x7_s2")
    x = layers.MaxPooling2D(3, 2, data_format="channels_last", name="pool1")(x)
    ends = []
    for stage, (channels, blocks) in enumerate(_STAGES, start=2):
        for block in range(1, blocks + 1):
            strides = 2 if block == 1 and stage > 2 else 1
            x = _block(x, max(1, round(channels * width)), strides, f"conv{stage}_{block}", widen=block == 1)
        ends.append(x)
    network = keras.Model(inputs, [ends[3], ends[1], ends[0], first], name="face_resnet50")
    network.trainable = False
    return network


def read_weights(network: Any, path: Path) -> None:
    """Gives the network the weights of a file: arrays are read by name, nothing is unpickled or executed.

    Args:
        network: What `build_network` made.
        path: A `.h5` file of Keras 2 with a group for each layer, named as in the open `keras-vggface`.

    Raises:
        ValueError: It is no such file, or an array is missing or has another shape.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            arrays = [(variable, _array(file, *names)) for variable, names in _places(network)]
    except OSError as error:
        raise ValueError(f"{path} is no HDF5 file: {error}") from error
    for variable, array in arrays:
        if array.shape != tuple(variable.shape):
            raise ValueError(f"{path}: `{variable.path}` must be {list(variable.shape)}. Received: {list(array.shape)}")
    for variable, array in arrays:
        variable.assign(array)


def _places(network: Any) -> Iterator[tuple[Any, tuple[str, str]]]:
    """Each variable with the names of its layer and its array in the file."""
    for layer in network.layers:
        for variable in layer.weights:
            yield variable, (_in_file(layer.name), variable.name)


def _array(file: Any, layer: str, name: str) -> Any:
    """The array of a layer: the only one of its group that is called so, however deep it lies."""
    if layer not in file:
        raise ValueError(f"{file.filename} holds no layer `{layer}`")
    names: list[str] = []
    file[layer].visit(names.append)
    found = [
        inner
        for inner in names
        if inner.rpartition("/")[2] in (name, f"{name}:0") and hasattr(file[layer][inner], "shape")
    ]
    if len(found) != 1:
        raise ValueError(f"{file.filename} must hold one `{name}` of layer `{layer}`. Received: {len(found)}")
    return np.asarray(file[layer][found[0]], np.float32)


def _conv(x: Tensor, channels: int, kernel: int, strides: int, name: str, relu: bool = True) -> Tensor:
    conv = layers.Conv2D(
        channels,
        kernel,
        strides=strides,
        padding="same",
        use_bias=False,
        data_format="channels_last",
        name=_plain(name),
    )
    x = layers.BatchNormalization(name=_plain(f"{name}/bn"))(conv(x))
    return layers.ReLU(name=_plain(f"{name}/relu"))(x) if relu else x


def _block(x: Tensor, channels: int, strides: int, name: str, widen: bool) -> Tensor:
    """A bottleneck block; the first of a stage widens and halves, in its first convolution and beside the block."""
    inner = _conv(x, channels, 1, strides, f"{name}_1x1_reduce")
    inner = _conv(inner, channels, 3, 1, f"{name}_3x3")
    inner = _conv(inner, 4 * channels, 1, 1, f"{name}_1x1_increase", relu=False)
    beside = _conv(x, 4 * channels, 1, strides, f"{name}_1x1_proj", relu=False) if widen else x
    summed = layers.Add(name=f"{name}_add")([inner, beside])
    return layers.ReLU(name=f"{name}_relu")(summed)


def _plain(name: str) -> str:
    """A name that Keras 3 allows: slashes are not."""
    return name.replace("/", "__")


def _in_file(name: str) -> str:
    return name.replace("__", "/")


def _normalized(x: Tensor) -> Tensor:
    """Brings each channel of each face to mean 0 and variance 1."""
    mean, variance = ops.moments(ops.cast(x, "float32"), axes=(1, 2), keepdims=True)
    return (x - mean) * ops.rsqrt(variance + _EPSILON)
