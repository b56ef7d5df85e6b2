"""Layers whose weights all begin alike, at deviation 1, and are scaled when they are used: the equalized learning rate.

Adam moves every weight by about its learning rate; so each layer learns equally fast, whatever its size.

Reference:
    T. Karras et al., Progressive growing of GANs, ICLR 2018, section 4.1; the multiplier of the mapping network:
    T. Karras et al., A style-based generator architecture for GANs, CVPR 2019, appendix C.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import layers, ops

from .resampling import smooth_before_halving

Tensor = Any

GAIN = math.sqrt(2)
"""By which activations are multiplied, so that they keep the variance of what they are given."""


def activated(x: Tensor) -> Tensor:
    """The leaky rectifier of slope 0.2, times the square root of 2."""
    return ops.leaky_relu(x, negative_slope=0.2) * GAIN


class _Equalized(layers.Layer):
    """What equalized layers have in common: kernel, bias, activation.

    Args:
        units: Channels of the answer.
        bias: Whether there is a bias.
        bias_start: What it begins with.
        active: Whether the answer goes through `activated`.
        multiplier: How fast kernel and bias learn beside others.
    """

    def __init__(
        self,
        units: int,
        bias: bool = True,
        bias_start: float = 0.0,
        active: bool = False,
        multiplier: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units, self.active, self.multiplier = units, active, multiplier
        self.use_bias, self.bias_start = bias, bias_start

    def make_weights(self, shape: tuple[int, ...]) -> None:
        """Makes a kernel `[... inputs units]` and the bias."""
        drawn = keras.initializers.RandomNormal(0, 1 / self.multiplier)
        start = keras.initializers.Constant(self.bias_start / self.multiplier)
        self.scale = self.multiplier / math.sqrt(math.prod(shape[:-1]))
        self.kernel = self.add_weight(shape=shape, initializer=drawn, name="kernel")
        self.bias = self.add_weight(shape=(self.units,), initializer=start, name="bias") if self.use_bias else None

    def finished(self, x: Tensor) -> Tensor:
        """Adds the bias and activates."""
        if self.bias is not None:
            x = x + ops.convert_to_tensor(self.bias) * self.multiplier
        return activated(x) if self.active else x

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs to make an equal layer."""
        own = {
            "units": self.units,
            "bias": self.use_bias,
            "bias_start": self.bias_start,
            "active": self.active,
            "multiplier": self.multiplier,
        }
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="faceswap")
class EqualizedDense(_Equalized):
    """A dense layer with an equalized learning rate; arguments as `_Equalized`."""

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the weights."""
        self.make_weights((int(input_shape[-1] or 0), self.units))

    def call(self, inputs: Tensor) -> Tensor:
        """From `[batch inputs]` to `[batch units]`."""
        return self.finished(ops.matmul(inputs, ops.convert_to_tensor(self.kernel) * self.scale))


@keras.saving.register_keras_serializable(package="faceswap")
class EqualizedConv(_Equalized):
    """A convolution with an equalized learning rate, which may halve the picture after the filter [1, 3, 3, 1].

    Args:
        units: Channels of the answer.
        kernel_size: Side of the kernel.
        halving: Whether it has stride 2; for kernels of 3 only.
        **kwargs: As `_Equalized`.
    """

    def __init__(self, units: int, kernel_size: int = 3, halving: bool = False, **kwargs: Any) -> None:
        super().__init__(units, **kwargs)
        self.kernel_size, self.halving = kernel_size, halving

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the weights."""
        self.make_weights((self.kernel_size, self.kernel_size, int(input_shape[-1] or 0), self.units))

    def call(self, inputs: Tensor) -> Tensor:
        """From `[batch h w inputs]` to `[batch h w units]`, or half of h and w."""
        kernel = ops.convert_to_tensor(self.kernel) * self.scale
        x = smooth_before_halving(inputs) if self.halving else inputs
        strides, padding = (2, "valid") if self.halving else (1, "same")
        return self.finished(ops.conv(x, kernel, strides=strides, padding=padding, data_format="channels_last"))

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs to make an equal layer."""
        return {**super().get_config(), "kernel_size": self.kernel_size, "halving": self.halving}
