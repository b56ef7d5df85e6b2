"""Color: sRGB and CIE LAB, and the transfer of one picture's colors to another.

Convention:
    Pictures are RGB (sRGB, gamma-encoded), float32 `[... height width 3]`, 0..1. LAB is CIE L*a*b* for the
    white of D65: L 0..100, a and b about -110..110. A mask `[... height width 1]`, 0..1, weights the
    statistics only: a transfer changes the whole picture, since feathering may widen the mask later. Inputs
    are never modified.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .landmarks import FloatArray

Floats = NDArray[np.float32]

# Linear RGB with the primaries of ITU-R BT.709 to CIE XYZ. The white is that of the matrix itself, so that
# gray # is exactly a = b = 0.
_TO_XYZ = np.array(
    [
        [0.412453, 0.357580, 0.180423],
        [0.212671, 0.715160, 0.072169],
        [0.019334, 0.119193, 0.950227],
    ]
)
TO_WHITE_XYZ = (_TO_XYZ / _TO_XYZ.sum(axis=1, keepdims=True)).astype(np.float32)
FROM_WHITE_XYZ = np.linalg.inv(_TO_XYZ / _TO_XYZ.sum(axis=1, keepdims=True)).astype(np.float32)

# f(X), f(Y), f(Z) to L*, a*, b* (CIE 15:2004): L* = 116 f(Y) - 16, a* = 500 (f(X) - f(Y)), b* = 200 (f(Y) -
# f(Z)).
TO_LAB = np.array([[0, 116, 0], [500, -500, 0], [0, 200, -200]], np.float32)
FROM_LAB = np.linalg.inv(TO_LAB.astype(np.float64)).astype(np.float32)
LAB_OFFSET = np.float32(16)

_DARK = np.float32(0.04045)  # Where the curve of sRGB goes over into a straight line,
_LINEAR_DARK = np.float32(0.0031308)  # and the same in linear light.
KNEE = 6 / 29  # Where CIE's cube root goes over into a straight line.
_FLAT = 1e-3  # A smaller spread (in units of LAB) is rounding, not texture, and is not blown up.


def rgb_to_lab(image: Floats) -> Floats:
    """Converts sRGB, float32 `[... 3]`, 0..1, to CIE LAB, float32 `[... 3]`."""
    return np.ascontiguousarray(np.moveaxis(_to_lab(np.moveaxis(image, -1, 0)), 0, -1))


def lab_to_rgb(lab: Floats) -> Floats:
    """Converts CIE LAB, float32 `[... 3]`, to sRGB, float32 `[... 3]`, cut off at 0 and 1."""
    return np.ascontiguousarray(np.moveaxis(_to_rgb(np.moveaxis(lab, -1, 0)), 0, -1))


def _to_lab(planes: Floats) -> Floats:
    """`rgb_to_lab` with the colors in planes, `[3 ...]`: NumPy is slow where an operation's last dimension is 3."""
    linear = np.maximum(planes, _DARK)
    linear += np.float32(0.055)
    linear *= np.float32(1 / 1.055)
    np.power(linear, np.float32(2.4), out=linear)
    _replace(linear, planes <= _DARK, lambda dark: planes[dark] / np.float32(12.92))
    xyz = mix_channels(linear, TO_WHITE_XYZ)
    root = np.cbrt(xyz)
    _replace(root, xyz <= KNEE**3, lambda dark: xyz[dark] / np.float32(3 * KNEE**2) + np.float32(4 / 29))
    lab = mix_channels(root, TO_LAB)
    lab[0] -= LAB_OFFSET
    return lab


def _to_rgb(planes: Floats) -> Floats:
    """`lab_to_rgb` with the colors in planes, `[3 ...]`."""
    lightness, green_red, blue_yellow = planes
    root = mix_channels(np.stack([lightness + LAB_OFFSET, green_red, blue_yellow]), FROM_LAB)
    xyz = root * root * root
    _replace(xyz, root <= KNEE, lambda dark: np.float32(3 * KNEE**2) * (root[dark] - np.float32(4 / 29)))
    linear = mix_channels(xyz, FROM_WHITE_XYZ)
    rgb = np.maximum(linear, _LINEAR_DARK)
    np.power(rgb, np.float32(1 / 2.4), out=rgb)
    rgb *= np.float32(1.055)
    rgb -= np.float32(0.055)
    _replace(rgb, linear <= _LINEAR_DARK, lambda dark: linear[dark] * np.float32(12.92))
    return np.clip(rgb, 0, 1, out=rgb)


def mix_channels(planes: Floats, matrix: Floats) -> Floats:
    """Multiplies colors in planes `[3 ...]` by a matrix `[3 3]`, each by itself: equal ones stay equal bit for bit."""
    x, y, z = planes
    return np.stack([row[0] * x + row[1] * y + row[2] * z for row in matrix])


def _replace(values: Floats, where: NDArray[np.bool_], compute: Callable[[NDArray[np.bool_]], Floats]) -> None:
    """Puts in what is computed for a few places only: the straight, dark end of a curve."""
    if where.any():
        values[where] = compute(where)


def masked_mean_std(image: FloatArray, mask: FloatArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Measures the mean and the standard deviation of each channel, weighted by a mask.

    Args:
        image: `[... height width channels]`.
        mask: Weights, `[... height width 1]`.

    Returns:
        Mean and standard deviation, each float64 `[... 1 1 channels]`; NaN where the mask is empty.
    """
    planes = np.ascontiguousarray(np.moveaxis(image, -1, 0))
    mean, std = _plane_mean_std(planes, np.asarray(mask[..., 0], np.float64))
    return np.moveaxis(mean, 0, -1), np.moveaxis(std, 0, -1)


def _plane_mean_std(
    planes: FloatArray, weights: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of planes `[channels ... height width]`, each `[channels ... 1 1]`."""
    total = weights.sum(axis=(-2, -1), keepdims=True)
    total = np.where(total > 0, total, np.nan)
    mean = (planes * weights).sum(axis=(-2, -1), keepdims=True) / total
    variance = ((planes - mean) ** 2 * weights).sum(axis=(-2, -1), keepdims=True) / total
    return mean, np.sqrt(variance)


def transfer_mean(image: Floats, reference: Floats, mask: Floats, reference_mask: Floats | None = None) -> Floats:
    """Shifts a picture's colors so that their mean in the mask becomes the reference's.

    Args:
        image: Picture to change, float32 `[... height width 3]`, 0..1.
        reference: Picture whose colors are wanted, like `image`.
        mask: Weights of the pixels, `[... height width 1]`.
        reference_mask: Weights of the reference's pixels, which may then be of another size; None: `mask`.

    Returns:
        The changed picture, like `image`; unchanged where the mask is empty.
    """
    mean, _ = masked_mean_std(image, mask)
    wanted_mean, _ = masked_mean_std(reference, mask if reference_mask is None else reference_mask)
    shift = np.nan_to_num(wanted_mean - mean).astype(np.float32)
    return np.asarray(np.clip(image + shift, 0, 1))


def transfer_reinhard(image: Floats, reference: Floats, mask: Floats, reference_mask: Floats | None = None) -> Floats:
    """Gives a picture the reference's mean and standard deviation in each channel of LAB.

    The paper works in the decorrelated space l-alpha-beta; CIE LAB is what face swapping tools use in its
    place.

    Args:
        image: Picture to change, float32 `[... height width 3]`, 0..1.
        reference: Picture whose colors are wanted, like `image`.
        mask: Weights of the pixels, `[... height width 1]`.
        reference_mask: Weights of the reference's pixels, which may then be of another size; None: `mask`.

    Returns:
        The changed picture, like `image`; unchanged where the mask is empty. A channel without any spread is
        only shifted.

    Reference:
        E. Reinhard et al., Color transfer between images, IEEE Computer Graphics and Applications 21(5),
        2001.
    """
    lab, wanted = (_to_lab(np.ascontiguousarray(np.moveaxis(picture, -1, 0))) for picture in (image, reference))
    counts = mask if reference_mask is None else reference_mask
    mean, std = _plane_mean_std(lab, np.asarray(mask[..., 0], np.float64))
    wanted_mean, wanted_std = _plane_mean_std(wanted, np.asarray(counts[..., 0], np.float64))
    gain = wanted_std / np.maximum(std, _FLAT)
    lab -= mean.astype(np.float32)  # Eq. 10.
    lab *= gain.astype(np.float32)  # Eq. 11.
    lab += wanted_mean.astype(np.float32)
    matched = np.moveaxis(_to_rgb(lab), 0, -1)
    empty = np.isnan(mean[0])[..., None]
    return np.where(empty, image, matched) if empty.any() else np.ascontiguousarray(matched)
