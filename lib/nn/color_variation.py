"""The colors of training faces: matched to those of another face of the batch, and changed at random; on the device.

A face and its goal change alike, so that a network learns to follow the light of what it is shown.

Convention:
    Pictures are `[batch height width 3]`, RGB (sRGB), 0..1; LAB as in `lib.color`. Every change is a factor and an
    offset for each channel of LAB.

Reference:
    E. Reinhard, M. Ashikhmin, B. Gooch and P. Shirley, Color Transfer between Images, IEEE CG&A 21(5), 2001: the match.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from ..color import FROM_LAB, FROM_WHITE_XYZ, KNEE, LAB_OFFSET, TO_LAB, TO_WHITE_XYZ
from .keys import RandomKey

Tensor = Any

LIGHTNESS = 0.10
"""Largest change of the lightness at strength 1, as a share of it."""
CHROMA = 0.20
"""Largest change of the chroma (how colorful it is) at strength 1, as a share of it."""
CAST = 5.0
"""Largest shift along a and b, the color of the light, at strength 1."""

_LEAST_GAIN, _MOST_GAIN = 0.5, 2.0
"""Bounds of a match's factor: beyond, flat faces would show their noise."""
_OUTSIDE = 1e-3
"""What a pixel outside the mask counts, so that a face without a mask has statistics too."""


def vary_colors(
    inputs: Tensor, goals: Tensor, masks: Tensor, key: RandomKey, match: float, jitter: float
) -> tuple[Tensor, Tensor]:
    """Changes the colors of faces, of each and its goal alike.

    Args:
        inputs: The warped faces.
        goals: What they should become; their colors inside the masks are the face's.
        masks: Where the face is in `goals`, `[batch height width 1]`, 0..1.
        key: Where the random numbers come from.
        match: Share of the faces that get mean and standard deviation of another face of the batch.
        jitter: Strength of the random change of lightness, chroma and cast; 0 for none.

    Returns:
        The changed inputs and goals.
    """
    batch, rows = ops.shape(inputs)[0], inputs.shape[1]
    lab = to_lab(ops.concatenate([inputs, goals], axis=1))  # One below the other, so that one change fits both.
    draws = keras.random.uniform((batch, 5), -1.0, 1.0, seed=key)
    mean, std = statistics(lab[:, rows:], masks)
    wanted_mean, wanted_std = (ops.roll(value, 1, axis=0) for value in (mean, std))  # Faces come in random order.
    matched = ops.reshape(draws[:, 0] < 2.0 * match - 1.0, (-1, 1, 1, 1))
    gain = ops.where(matched, ops.clip(wanted_std / ops.maximum(std, 1e-3), _LEAST_GAIN, _MOST_GAIN), 1.0)
    lab = (lab - mean) * gain + ops.where(matched, wanted_mean, mean)

    factor, offset = jitter_of(draws[:, 1:], jitter)
    changed = to_rgb(lab * factor + offset)
    return changed[:, :rows], changed[:, rows:]


def statistics(lab: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation of each channel inside the masks, `[batch 1 1 3]` each."""
    weights = masks + _OUTSIDE
    weights = weights / ops.sum(weights, axis=(1, 2), keepdims=True)
    mean = ops.sum(weights * lab, axis=(1, 2), keepdims=True)
    return mean, ops.sqrt(ops.sum(weights * ops.square(lab - mean), axis=(1, 2), keepdims=True))


def jitter_of(draws: Tensor, strength: float) -> tuple[Tensor, Tensor]:
    """The factor and the offset of LAB, `[batch 1 1 3]` each, of draws `[batch 4]` between -1 and 1."""
    lightness, chroma, a, b = (draws[:, place] for place in range(4))
    lightness, chroma = 1.0 + strength * LIGHTNESS * lightness, 1.0 + strength * CHROMA * chroma
    factor = ops.stack([lightness, chroma, chroma], axis=-1)
    offset = ops.stack([ops.zeros_like(a), strength * CAST * a, strength * CAST * b], axis=-1)
    return factor[:, None, None], offset[:, None, None]


def to_lab(pictures: Tensor) -> Tensor:
    """Converts sRGB, `[... 3]`, 0..1, to CIE LAB, `[... 3]`."""
    xyz = _mixed(_planes(_linear(pictures)), TO_WHITE_XYZ)
    lightness, green_red, blue_yellow = _mixed([_root(plane) for plane in xyz], TO_LAB)
    return ops.stack([lightness - float(LAB_OFFSET), green_red, blue_yellow], axis=-1)


def to_rgb(lab: Tensor) -> Tensor:
    """Converts CIE LAB, `[... 3]`, to sRGB, `[... 3]`, cut off at 0 and 1."""
    lightness, green_red, blue_yellow = _planes(lab)
    root = _mixed([lightness + float(LAB_OFFSET), green_red, blue_yellow], FROM_LAB)
    linear = ops.stack(_mixed([_cube(plane) for plane in root], FROM_WHITE_XYZ), axis=-1)
    curved = 1.055 * ops.power(ops.maximum(linear, 0.0031308), 1 / 2.4) - 0.055
    return ops.clip(ops.where(linear <= 0.0031308, linear * 12.92, curved), 0.0, 1.0)


def _linear(pictures: Tensor) -> Tensor:
    """Undoes the curve of sRGB."""
    curved = ops.power((ops.maximum(pictures, 0.04045) + 0.055) / 1.055, 2.4)
    return ops.where(pictures <= 0.04045, pictures / 12.92, curved)


def _root(xyz: Tensor) -> Tensor:
    """CIE's cube root, which is a straight line near black."""
    root = ops.power(ops.maximum(xyz, KNEE**3), 1 / 3)
    return ops.where(xyz <= KNEE**3, xyz / (3 * KNEE**2) + 4 / 29, root)


def _cube(root: Tensor) -> Tensor:
    """The inverse of `_root`."""
    return ops.where(root <= KNEE, 3 * KNEE**2 * (root - 4 / 29), root * root * root)


def _planes(pictures: Tensor) -> list[Tensor]:
    return [pictures[..., channel] for channel in range(3)]


def _mixed(planes: Sequence[Tensor], matrix: NDArray[np.float32]) -> list[Tensor]:
    """Multiplies each pixel's three values by a matrix `[3 3]`; a matrix product would be coarser on some GPUs."""
    return [sum(float(weight) * plane for weight, plane in zip(row, planes, strict=True)) for row in matrix]
