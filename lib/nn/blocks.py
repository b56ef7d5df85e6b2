"""The building blocks of the autoencoders: halve, double, and the last layers that make pictures and masks.

Convention:
    Tensors are `[batch height width channels]`. Layers carry explicit names, so that a network's variable paths do not
    depend on what was built before it in the process.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

Tensor = Any

_SLOPE = 0.1
"""Of the leaky rectifiers, for negative values."""

_RESIDUAL_SLOPE = 0.2
"""Of those in residual blocks. TensorFlow fuses convolution, sum and leaky rectifier in graphs on the CPU and then
computes with 0.2 whatever the slope (seen in 2.21); with this one, graphs answer what the layers say."""


@keras.saving.register_keras_serializable(package="faceswap")
class PixelShuffle(layers.Layer):
    """Spreads channels over space: `[b h w f*f*c]` becomes `[b f*h f*w c]`.

    Args:
        factor: How many times larger the picture becomes on each side.

    Raises:
        ValueError: The channels of the input are not a multiple of `factor` squared.

    Reference:
        W. Shi et al., Real-time single image and video super-resolution using an efficient sub-pixel convolutional
        neural network, CVPR 2016.
    """

    def __init__(self, factor: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = factor

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Checks the channels."""
        channels = input_shape[-1]
        if channels is None or channels % self.factor**2:
            raise ValueError(
                f"The input of PixelShuffle must have a multiple of {self.factor**2} channels. Received: {channels}"
            )

    def call(self, inputs: Tensor) -> Tensor:
        """Spreads the channels: output pixel (f*y + i, f*x + j) takes the channels from (i*f + j)*c on."""
        return ops.depth_to_space(inputs, self.factor, data_format="channels_last")

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the output for that of an input."""
        batch, height, width, channels = input_shape
        sides = [None if side is None else side * self.factor for side in (height, width)]
        return (batch, *sides, None if channels is None else channels // self.factor**2)

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs to make an equal layer."""
        return {**super().get_config(), "factor": self.factor}


def widened(channels: int, width: float) -> int:
    """Returns a layer's channels times a factor, at least 1."""
    return max(1, round(channels * width))


def downscale(x: Tensor, channels: int, name: str) -> Tensor:
    """Halves a picture: a 5x5 convolution of stride 2 and a leaky rectifier."""
    x = layers.Conv2D(channels, 5, strides=2, padding="same", data_format="channels_last", name=f"{name}_conv")(x)
    return layers.LeakyReLU(negative_slope=_SLOPE, name=f"{name}_act")(x)


def upscale(x: Tensor, channels: int, name: str) -> Tensor:
    """Doubles a picture: a 3x3 convolution to four times the channels, a leaky rectifier and a pixel shuffle."""
    x = layers.Conv2D(4 * channels, 3, padding="same", data_format="channels_last", name=f"{name}_conv")(x)
    x = layers.LeakyReLU(negative_slope=_SLOPE, name=f"{name}_act")(x)
    return PixelShuffle(2, name=f"{name}_shuffle")(x)


def residual(x: Tensor, name: str) -> Tensor:
    """Refines a picture: two 3x3 convolutions, added to what they were given, with a leaky rectifier after each.

    Reference:
        K. He et al., Deep residual learning for image recognition, CVPR 2016, figure 2.
    """

    def conv(picture: Tensor, part: str) -> Tensor:
        layer = layers.Conv2D(x.shape[-1], 3, padding="same", data_format="channels_last", name=f"{name}_{part}_conv")
        return layer(picture)

    inner = layers.LeakyReLU(negative_slope=_RESIDUAL_SLOPE, name=f"{name}_first_act")(conv(x, "first"))
    summed = layers.Add(name=f"{name}_add")([x, conv(inner, "second")])
    return layers.LeakyReLU(negative_slope=_RESIDUAL_SLOPE, name=f"{name}_act")(summed)


def rgb_head(x: Tensor, name: str = "rgb") -> Tensor:
    """The last layer of a picture branch: `[batch size size 3]`, 0..1, float32 whatever the precision policy."""
    return head(x, 3, "sigmoid", name)


def mask_head(x: Tensor, name: str = "mask") -> Tensor:
    """The last layer of a mask branch: `[batch size size 1]`, 0..1, float32 whatever the precision policy."""
    return head(x, 1, "sigmoid", name)


def head(x: Tensor, channels: int, activation: str, name: str) -> Tensor:
    """The last layer of a network: a 5x5 convolution and an activation that answers in float32.

    Only the activation is always float32: a float32 convolution at full size took half of a bfloat16 step.
    """
    x = layers.Conv2D(channels, 5, padding="same", data_format="channels_last", name=name)(x)
    return in_float32(x, name, activation)


def in_float32(x: Tensor, name: str, activation: str = "linear") -> Tensor:
    """Activates a network's answer in float32, whatever precision it was computed in."""
    return layers.Activation(activation, dtype="float32", name=f"{name}_{activation}")(x)
