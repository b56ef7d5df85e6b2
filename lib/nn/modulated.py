"""Convolutions that a style steers: each picture has a factor of its own on every input channel.

Convention:
    Pictures are `[batch height width channels]`; styles `[batch style]`, one for each picture.

Reference:
    T. Karras et al., Analyzing and improving the image quality of StyleGAN, CVPR 2020 (arXiv:1912.04958), equations 1
    and 3, figure 2d.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import layers, ops

from .equalized import EqualizedDense, activated
from .resampling import smooth_doubled, upsample

Tensor = Any

_EPSILON = 1e-8


@keras.saving.register_keras_serializable(package="faceswap")
class ModulatedConv(layers.Layer):
    """A convolution whose kernel is scaled by a style (eq. 1) and brought back to unit answers (eq. 3).

    What the paper does to the kernel of each picture is done here to what goes in and comes out: the factors on input
    channels before a convolution with one kernel for all, the demodulation, one factor for each output channel, after
    it. Both are linear, so that the answer is the same, and no backend needs a kernel for each picture.

    Args:
        units: Channels of the answer.
        kernel_size: Side of the kernel.
        doubling: Whether the picture is doubled: a transposed convolution, then the filter [1, 3, 3, 1].
        demodulate: Whether equation 3 is applied.
    """

    def __init__(
        self, units: int, kernel_size: int = 3, doubling: bool = False, demodulate: bool = True, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.units, self.kernel_size, self.doubling, self.demodulate = units, kernel_size, doubling, demodulate

    def build(self, input_shape: list[tuple[int | None, ...]]) -> None:
        """Makes the kernel and the layer from a style to factors, which begin around 1."""
        pictures, styles = input_shape
        channels = int(pictures[-1] or 0)
        shape = (self.kernel_size, self.kernel_size, channels, self.units)
        self.scale = 1 / math.sqrt(math.prod(shape[:-1]))
        self.kernel = self.add_weight(shape=shape, initializer=keras.initializers.RandomNormal(0, 1), name="kernel")
        self.style = EqualizedDense(channels, bias_start=1.0, dtype=self.dtype_policy, name="style")
        self.style.build(styles)

    def call(self, inputs: list[Tensor]) -> Tensor:
        """From pictures and styles to pictures of `units` channels."""
        x, styles = inputs
        factors, kernel = self.style(styles), ops.convert_to_tensor(self.kernel) * self.scale
        x = self._convolved(x * factors[:, None, None], kernel)
        return x * self._demodulation(factors, kernel)[:, None, None] if self.demodulate else x

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """The shape of the answer."""
        batch, *sides, _ = input_shape[0]
        return (batch, *(side and side * (2 if self.doubling else 1) for side in sides), self.units)

    def _convolved(self, x: Tensor, kernel: Tensor) -> Tensor:
        if not self.doubling:
            return ops.conv(x, kernel, padding="same", data_format="channels_last")
        flipped = ops.transpose(kernel, (0, 1, 3, 2))
        wide = ops.conv_transpose(x, flipped, strides=2, padding="valid", data_format="channels_last")
        return smooth_doubled(wide)

    def _demodulation(self, factors: Tensor, kernel: Tensor) -> Tensor:
        """Equation 3, `[batch units]`: one over the length of each output channel's modulated kernel."""
        squares = ops.sum(ops.square(ops.cast(kernel, "float32")), axis=(0, 1))
        lengths = ops.matmul(ops.square(ops.cast(factors, "float32")), squares)
        return ops.cast(ops.rsqrt(lengths + _EPSILON), self.compute_dtype)

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs to make an equal layer."""
        own = {
            "units": self.units,
            "kernel_size": self.kernel_size,
            "doubling": self.doubling,
            "demodulate": self.demodulate,
        }
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="faceswap")
class StyledConv(layers.Layer):
    """A layer of the synthesis network: modulated convolution, noise, bias, activation.

    Args:
        units: Channels of the answer.
        doubling: Whether the picture is doubled.
    """

    def __init__(self, units: int, doubling: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units, self.doubling = units, doubling

    def build(self, input_shape: list[tuple[int | None, ...]]) -> None:
        """Makes the convolution, the bias and the strength of the noise, which begins at 0."""
        self.conv = ModulatedConv(self.units, doubling=self.doubling, dtype=self.dtype_policy, name="conv")
        self.conv.build(list(input_shape[:2]))
        self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")
        self.strength = self.add_weight(shape=(), initializer="zeros", name="strength")

    def call(self, inputs: list[Tensor]) -> Tensor:
        """From pictures, styles and noise, `[batch height width 1]` of the answer's size, to pictures."""
        x, styles, noise = inputs
        return activated(self.conv([x, styles]) + noise * self.strength + self.bias)

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """The shape of the answer."""
        return (*input_shape[2][:3], self.units)

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs to make an equal layer."""
        return {**super().get_config(), "units": self.units, "doubling": self.doubling}


@keras.saving.register_keras_serializable(package="faceswap")
class StyledPicture(layers.Layer):
    """A picture of the maps of one side, added to the doubled picture of the side before, if there is one."""

    def build(self, input_shape: list[tuple[int | None, ...]]) -> None:
        """Makes the convolution to red, green and blue, which is not demodulated, and the bias."""
        self.conv = ModulatedConv(3, 1, demodulate=False, dtype=self.dtype_policy, name="conv")
        self.conv.build(list(input_shape[:2]))
        self.bias = self.add_weight(shape=(3,), initializer="zeros", name="bias")

    def call(self, inputs: list[Tensor]) -> Tensor:
        """From maps, styles and perhaps a picture of half the side to a picture."""
        x, styles, *smaller = inputs
        picture = self.conv([x, styles]) + self.bias
        return upsample(smaller[0]) + picture if smaller else picture

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """The shape of the answer."""
        return (*input_shape[0][:3], 3)
