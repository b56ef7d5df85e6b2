"""The networks of the deep convolutional GAN.

Convention:
    Tensors are `[batch height width channels]`; pictures are RGB, -1..1.

Reference:
    A. Radford et al., Unsupervised representation learning with deep convolutional generative adversarial networks,
    ICLR 2016, section 3 and figure 1.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from . import blocks

Tensor = Any

_SMALLEST = 4
"""Side of the map that noise becomes, in pixels."""
_KERNEL = 4
_SLOPE = 0.2
_DEVIATION = 0.02
"""Standard deviation of the first weights."""
_MOMENTUM = 0.9
_EPSILON = 1e-5


def build_generator(size: int, noise: int, channels: int, activation: str) -> Any:
    """Builds the network from noise `[batch noise]` to pictures `[batch size size 3]`.

    Args:
        size: Side of the pictures, a power of two from 8 on.
        noise: Length of the noise.
        channels: Those of the finest map between noise and picture; each coarser one has twice as many.
        activation: `leaky-relu` or `relu`.
    """
    latent = keras.Input((noise,), name="noise")
    x = layers.Reshape((1, 1, noise), name="point")(latent)
    widest = channels * size // (2 * _SMALLEST)
    x = _grow(x, widest, activation, f"up{_SMALLEST}", strides=1, padding="valid")  # [batch, 4, 4, widest]
    while (side := 2 * x.shape[1]) < size:
        x = _grow(x, x.shape[-1] // 2, activation, f"up{side}")
    x = _transposed(3, "rgb", strides=2, padding="same")(x)
    return keras.Model(latent, blocks.in_float32(x, "rgb", "tanh"), name="generator")


def build_discriminator(size: int, channels: int) -> Any:
    """Builds the network from pictures `[batch size size 3]` to verdicts `[batch 1]`, high for real ones.

    Args:
        size: Side of the pictures, a power of two from 8 on.
        channels: Those of the finest map; each coarser one has twice as many.
    """
    picture = x = keras.Input((size, size, 3), name="picture")
    while (side := x.shape[1] // 2) >= _SMALLEST:
        x = _convolution(channels, f"down{side}", strides=2, padding="same")(x)
        x = layers.LeakyReLU(negative_slope=_SLOPE, name=f"down{side}_act")(x)
        channels *= 2
    x = layers.Flatten(data_format="channels_last", name="flat")(_convolution(1, "verdict", 1, "valid")(x))
    return keras.Model(picture, blocks.in_float32(x, "verdict"), name="discriminator")


def _grow(x: Tensor, channels: int, activation: str, name: str, strides: int = 2, padding: str = "same") -> Tensor:
    """A transposed convolution, batch normalization, and an activation."""
    x = _transposed(channels, f"{name}_conv", strides, padding)(x)
    x = layers.BatchNormalization(momentum=_MOMENTUM, epsilon=_EPSILON, name=f"{name}_norm")(x)
    if activation == "relu":
        return layers.ReLU(name=f"{name}_act")(x)
    return layers.LeakyReLU(negative_slope=_SLOPE, name=f"{name}_act")(x)


def _transposed(channels: int, name: str, strides: int, padding: str) -> Any:
    """A transposed convolution without bias: normalization, or the picture's own mean, needs none."""
    return layers.Conv2DTranspose(
        channels,
        _KERNEL,
        strides=strides,
        padding=padding,
        use_bias=False,
        kernel_initializer=keras.initializers.RandomNormal(0, _DEVIATION),
        data_format="channels_last",
        name=name,
    )


def _convolution(channels: int, name: str, strides: int, padding: str) -> Any:
    return layers.Conv2D(
        channels,
        _KERNEL,
        strides=strides,
        padding=padding,
        kernel_initializer=keras.initializers.RandomNormal(0, _DEVIATION),
        data_format="channels_last",
        name=name,
    )
