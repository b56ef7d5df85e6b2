"""Resampling by two with the filter [1, 3, 3, 1], as sums of shifted pictures: exact, differentiable at any order.

Convention:
    Pictures are `[batch height width channels]`, with zeros beyond their border. The filter is applied along both axes.

Reference:
    T. Karras et al., Analyzing and improving the image quality of StyleGAN, CVPR 2020 (arXiv:1912.04958), appendix B;
    R. Zhang, Making convolutional networks shift-invariant again, ICML 2019, for the filter.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

Tensor = Any

_TAPS = (1 / 8, 3 / 8, 3 / 8, 1 / 8)
_SHORT_TAPS = (1 / 4, 1 / 2, 1 / 4)


def upsample(x: Tensor) -> Tensor:
    """Doubles pictures: zeros between the pixels, then the filter, times four; `[b h w c]` becomes `[b 2h 2w c]`."""
    for axis in (1, 2):
        padded = _padded(x, 1, (axis,))
        before, here, after = (_cut(padded, axis, start, x.shape[axis]) for start in range(3))
        # Between zeros only two of the four taps meet a pixel.
        pair = ops.stack([(before + 3 * here) / 4, (3 * here + after) / 4], axis=axis + 1)
        x = ops.reshape(pair, (-1, *(side * (1 + (place == axis)) for place, side in _sides(x))))
    return x


def downsample(x: Tensor) -> Tensor:
    """Halves pictures: the filter, then every second pixel; `[b 2h 2w c]` becomes `[b h w c]`."""
    for axis in (1, 2):
        half = x.shape[axis] // 2
        first, second = _alternating(_padded(x, 1, (axis,)), axis)
        x = sum(
            tap * _cut(pixels, axis, start, half)
            for tap, pixels, start in zip(_TAPS, (first, second, first, second), (0, 0, 1, 1), strict=True)
        )
    return x


def smooth_doubled(x: Tensor) -> Tensor:
    """The filter after a transposed 3x3 convolution of stride 2 without padding: `[b 2h+1 2w+1 c]` to `[b 2h 2w c]`.

    Times four, since three quarters of what the convolution met were zeros.
    """
    return 4 * _filtered(_padded(x, 1))


def smooth_before_halving(x: Tensor) -> Tensor:
    """The filter before a 3x3 convolution of stride 2 without padding: `[b h w c]` to `[b h+1 w+1 c]`."""
    return _filtered(_padded(x, 2))


@keras.saving.register_keras_serializable(package="faceswap")
class Blur(layers.Layer):
    """The filter [1, 2, 1], which keeps the size."""

    def call(self, inputs: Tensor) -> Tensor:
        """Blurs pictures."""
        return _filtered(_padded(inputs, 1), taps=_SHORT_TAPS)


@keras.saving.register_keras_serializable(package="faceswap")
class Halve(layers.Layer):
    """`downsample` as a layer."""

    def call(self, inputs: Tensor) -> Tensor:
        """Halves pictures."""
        return downsample(inputs)


def _filtered(x: Tensor, taps: tuple[float, ...] = _TAPS) -> Tensor:
    """The filter where all of its taps lie inside."""
    for axis in (1, 2):
        length = x.shape[axis] - len(taps) + 1
        x = sum(tap * _cut(x, axis, start, length) for start, tap in enumerate(taps))
    return x


def _cut(x: Tensor, axis: int, start: int, length: int) -> Tensor:
    """`length` rows (axis 1) or columns (axis 2) from `start` on.

    Not by `x[...]`: the gradient of that, in TensorFlow, takes five times as long as that of `ops.slice`.
    """
    starts = [start if place == axis else 0 for place in range(4)]
    lengths = [length if place == axis else side for place, side in _sides(x)]
    return ops.slice(x, starts, [ops.shape(x)[0], *lengths])


def _alternating(x: Tensor, axis: int) -> list[Tensor]:
    """The rows (axis 1) or columns (axis 2) of even and of odd number."""
    sides = [part for place, side in _sides(x) for part in ((side // 2, 2) if place == axis else (side,))]
    pairs: list[Tensor] = ops.unstack(ops.reshape(x, (-1, *sides)), 2, axis=axis + 1)
    return pairs


def _padded(x: Tensor, margin: int, axes: tuple[int, ...] = (1, 2)) -> Tensor:
    return ops.pad(x, [(margin, margin) if axis in axes else (0, 0) for axis in range(4)])


def _sides(x: Tensor) -> list[tuple[int, int]]:
    """Axes and lengths without those of the batch."""
    return [(axis, x.shape[axis]) for axis in (1, 2, 3)]
