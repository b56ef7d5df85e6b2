"""Blurs a picture inside a mask: what the mask leaves out is not read, so that nothing comes in from there.

Convention:
    Pictures are float32 `[height width channels]`; `inside` is bool `[height width]`. Distances are in pixels. The
    mean of the pixels inside, weighted by the kernel; meaningless outside.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Kernel = NDArray[np.float64]


def box_kernel(radius: float) -> Kernel:
    """A mean over `radius` pixels to either side, the outermost ones by their share; sums up to 1."""
    reach = int(np.ceil(radius))
    weights = np.clip(radius + 1 - np.abs(np.arange(-reach, reach + 1)), 0, 1)
    return np.asarray(weights / weights.sum())


def gaussian_kernel(deviation: float) -> Kernel:
    """A Gaussian, cut off at three deviations; sums up to 1."""
    reach = int(np.ceil(3 * deviation))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / deviation) ** 2)
    return np.asarray(weights / weights.sum())


def line_kernel(across: float, down: float) -> Kernel:
    """The mean along a straight way of that length and direction, whose middle is the pixel: `[side side]`.

    The way is walked in steps of at most a quarter of a pixel, each shared among the four pixels around it.
    """
    reach = int(np.ceil(max(abs(across), abs(down)) / 2)) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1))
    steps = int(np.ceil(4 * np.hypot(across, down))) + 1
    for share in (np.arange(steps) + 0.5) / steps - 0.5:
        x, y = reach + share * across, reach + share * down
        left, top = int(np.floor(x)), int(np.floor(y))
        columns, rows = np.array([left + 1 - x, x - left]), np.array([top + 1 - y, y - top])
        kernel[top : top + 2, left : left + 2] += np.outer(rows, columns)
    return np.asarray(kernel / kernel.sum())


class InsideBlur:
    """A blur inside one mask, for one or more pictures: what the mask alone decides is computed once.

    Args:
        inside: What is read.
        blur: Weights what surrounds each pixel, zero beyond the border, with each channel for itself.
    """

    def __init__(self, inside: NDArray[np.bool_], blur: Callable[[Floats], cv2.typing.MatLike]) -> None:
        self._weights, self._blur = inside.astype(np.float32)[..., None], blur
        self._sums = np.maximum(self._blurred(self._weights), np.float32(1e-6))

    @classmethod
    def along_axes(cls, inside: NDArray[np.bool_], kernel: Kernel) -> Self:
        """By a kernel of odd length along either axis."""
        return cls(inside, lambda layers: cv2.sepFilter2D(layers, -1, kernel, kernel, borderType=cv2.BORDER_CONSTANT))

    @classmethod
    def in_plane(cls, inside: NDArray[np.bool_], kernel: Kernel) -> Self:
        """By a symmetric kernel of the plane, of odd sides."""
        return cls(inside, lambda layers: cv2.filter2D(layers, -1, kernel, borderType=cv2.BORDER_CONSTANT))

    def __call__(self, picture: Floats) -> Floats:
        """The blurred picture."""
        return np.asarray(self._blurred(picture * self._weights) / self._sums, np.float32)

    def _blurred(self, layers: Floats) -> Floats:
        return np.asarray(self._blur(layers), np.float32).reshape(layers.shape)


def blur_inside(picture: Floats, inside: NDArray[np.bool_], kernel: Kernel) -> Floats:
    """Blurs along either axis by a kernel of odd length."""
    return InsideBlur.along_axes(inside, kernel)(picture)


def smear_inside(picture: Floats, inside: NDArray[np.bool_], kernel: Kernel) -> Floats:
    """Blurs by a symmetric kernel of the plane, of odd sides."""
    return InsideBlur.in_plane(inside, kernel)(picture)
