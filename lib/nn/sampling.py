"""Sampling pictures at points between their pixels, for a whole batch at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

Tensor = Any
Point = tuple[Tensor, Tensor]
"""x and y of many points, in two tensors of one shape."""


def bilinear(pictures: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Samples pictures between their pixels; beyond the border lies the outermost pixel.

    Args:
        pictures: `[batch height width channels]`, any number type.
        x: Where to sample, `[batch rows columns]`, on pixel centers.
        y: The same, downwards.

    Returns:
        float32 `[batch rows columns channels]`.
    """
    batch = ops.shape(pictures)[0]
    _, height, width, channels = pictures.shape
    x, y = ops.clip(x, 0.0, width - 1.0), ops.clip(y, 0.0, height - 1.0)
    left, top = ops.floor(x), ops.floor(y)
    part_x, part_y = ops.expand_dims(x - left, -1), ops.expand_dims(y - top, -1)
    left, top = ops.cast(left, "int32"), ops.cast(top, "int32")
    right, bottom = ops.minimum(left + 1, width - 1), ops.minimum(top + 1, height - 1)

    # One flat list of pixels, so that a gather needs a single index.
    pixels = ops.reshape(pictures, (-1, channels))
    first = ops.reshape(ops.arange(batch) * (height * width), (-1, 1, 1))

    def at(row: Tensor, column: Tensor) -> Tensor:
        return ops.cast(ops.take(pixels, first + row * width + column, axis=0), "float32")

    above = at(top, left) * (1.0 - part_x) + at(top, right) * part_x
    below = at(bottom, left) * (1.0 - part_x) + at(bottom, right) * part_x
    return above * (1.0 - part_y) + below * part_y


def mesh(line: NDArray[np.float64]) -> Point:
    """All points whose coordinates lie on a line, as tensors: PyTorch's do not mix with arrays."""
    x, y = np.meshgrid(line.astype(np.float32), line.astype(np.float32))
    return ops.convert_to_tensor(x), ops.convert_to_tensor(y)
