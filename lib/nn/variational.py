"""The variational autoencoder: its networks, the draw that gradients pass through, and the divergence.

Convention:
    Tensors are `[batch height width channels]`; pictures are RGB, -1..1.

Reference:
    D. P. Kingma and M. Welling, Auto-encoding variational Bayes, ICLR 2014, section 2.4 and appendix B.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from . import blocks

Tensor = Any

_SMALLEST = 4
"""Side of the smallest map, in pixels."""
_KERNEL = 4
_SLOPE = 0.2
_WIDEST = 8
"""Channels of the widest map, in those of the finest."""


def build_encoder(size: int, dim: int, channels: int) -> Any:
    """Builds the network from pictures to a list: means and log-variances of their latents, both `[batch dim]`.

    Args:
        size: Side of the pictures, a power of two from 8 on.
        dim: Length of a latent.
        channels: Those of the finest map; each coarser one has twice as many, up to eight times.
    """
    picture = x = keras.Input((size, size, 3), name="picture")
    for side in _sides(size):
        conv = layers.Conv2D(
            _channels(side, size, channels),
            _KERNEL,
            strides=2,
            padding="same",
            data_format="channels_last",
            name=f"down{side}",
        )
        x = layers.LeakyReLU(negative_slope=_SLOPE, name=f"down{side}_act")(conv(x))
    x = layers.Flatten(data_format="channels_last", name="flat")(x)
    parts = [blocks.in_float32(layers.Dense(dim, name=name)(x), name) for name in ("mean", "log_variance")]
    return keras.Model(picture, parts, name="encoder")


def build_decoder(size: int, dim: int, channels: int) -> Any:
    """Builds the network from latents `[batch dim]` to pictures `[batch size size 3]`; arguments as in the encoder."""
    latent = keras.Input((dim,), name="latent")
    *finer, side = _sides(size)
    widest = _channels(side, size, channels)
    x = layers.Dense(side * side * widest, name="open")(latent)
    x = layers.Reshape((side, side, widest), name="grid")(x)
    x = layers.LeakyReLU(negative_slope=_SLOPE, name="grid_act")(x)
    for side in reversed(finer):
        x = _doubled(x, _channels(side, size, channels), f"up{side}")
        x = layers.LeakyReLU(negative_slope=_SLOPE, name=f"up{side}_act")(x)
    return keras.Model(latent, blocks.in_float32(_doubled(x, 3, "rgb"), "rgb", "tanh"), name="decoder")


def drawn(mean: Tensor, log_variance: Tensor, key: Any) -> Tensor:
    """Draws latents of the normal distributions that the encoder names, so that gradients reach both parts."""
    noise = keras.random.normal(ops.shape(mean), seed=key)
    return mean + ops.exp(0.5 * log_variance) * noise


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """The Kullback-Leibler divergence from the standard normal distribution: summed over latents, mean of the batch."""
    each = 0.5 * (ops.exp(log_variance) + ops.square(mean) - 1 - log_variance)
    return ops.mean(ops.sum(each, axis=-1))


def _sides(size: int) -> list[int]:
    """The sides of the maps between picture and latent, from the finest to the smallest."""
    sides = []
    while size > _SMALLEST:
        size //= 2
        sides.append(size)
    return sides


def _channels(side: int, size: int, finest: int) -> int:
    return finest * min(_WIDEST, size // (2 * side))


def _doubled(x: Tensor, channels: int, name: str) -> Tensor:
    return layers.Conv2DTranspose(channels, _KERNEL, strides=2, padding="same", data_format="channels_last", name=name)(
        x
    )
