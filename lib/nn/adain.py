"""Adaptive instance normalization: a style sets the mean and the deviation of each channel of a picture.

Convention:
    Pictures are `[batch height width channels]`; styles `[batch latent]`, one for each picture.

Reference:
    T. Karras et al., A style-based generator architecture for GANs, CVPR 2019 (arXiv:1812.04948), equation 1, figure 1
    and appendix C; X. Huang and S. Belongie, Arbitrary style transfer in real-time, ICCV 2017.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

from .equalized import EqualizedDense, activated

Tensor = Any

_EPSILON = 1e-8


@keras.saving.register_keras_serializable(package="faceswap")
class AdaIn(layers.Layer):
    """Gives each channel mean 0 and deviation 1, then the style's factor and shift, which begin around 1 and 0 (eq. 1).

    Each channel of each picture is taken for itself, in float32.
    """

    def build(self, input_shape: list[tuple[int | None, ...]]) -> None:
        """Makes the layer from a style to a factor less 1 and a shift for each channel."""
        pictures, styles = input_shape
        self.style = EqualizedDense(2 * int(pictures[-1] or 0), dtype=self.dtype_policy, name="style")
        self.style.build(styles)

    def call(self, inputs: list[Tensor]) -> Tensor:
        """From pictures and styles to pictures."""
        x, styles = inputs
        factor, shift = ops.split(self.style(styles)[:, None, None], 2, axis=-1)
        exact = ops.cast(x, "float32")
        centered = exact - ops.mean(exact, axis=(1, 2), keepdims=True)
        variance = ops.mean(ops.square(centered), axis=(1, 2), keepdims=True)
        return ops.cast(centered * ops.rsqrt(variance + _EPSILON), x.dtype) * (factor + 1) + shift

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """The shape of the pictures."""
        return tuple(input_shape[0])


@keras.saving.register_keras_serializable(package="faceswap")
class NoisyStyle(layers.Layer):
    """What follows each convolution of the synthesis network: noise, bias, activation, `AdaIn`."""

    def build(self, input_shape: list[tuple[int | None, ...]]) -> None:
        """Makes the bias and the strength of the noise, both one number for each channel, which begin at 0."""
        pictures, _, styles = input_shape
        channels = int(pictures[-1] or 0)
        self.bias = self.add_weight(shape=(channels,), initializer="zeros", name="bias")
        self.strength = self.add_weight(shape=(channels,), initializer="zeros", name="strength")
        self.adain = AdaIn(dtype=self.dtype_policy, name="adain")
        self.adain.build([pictures, styles])

    def call(self, inputs: list[Tensor]) -> Tensor:
        """From pictures, noise of their size, `[batch height width 1]`, and styles to pictures."""
        x, noise, styles = inputs
        return self.adain([activated(x + noise * self.strength + self.bias), styles])

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """The shape of the pictures."""
        return tuple(input_shape[0])
