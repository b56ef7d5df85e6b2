"""Color: sRGB and CIE LAB, and the transfer of one picture's colors to another.

Convention:
    Pictures are RGB (sRGB, gamma-encoded), float32 `[... height width 3]`, 0..1. LAB is CIE L*a*b* for the
    white of D65: L 0..100, a and b about -110..110. A mask `[... height width 1]`, 0..1, weights the
    statistics only: a transfer changes the whole picture, since feathering may widen the mask later. Inputs
    are never modified.
"""

from __future__ import annotations

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
_TO_WHITE_XYZ = (_TO_XYZ / _TO_XYZ.sum(axis=1, keepdims=True)).astype(np.float32)
_FROM_WHITE_XYZ = np.linalg.inv(_TO_XYZ / _TO_XYZ.sum(axis=1, keepdims=True)).astype(np.float32)

# f(X), f(Y), f(Z) to L*, a*, b* (CIE 15:2004): L* = 116 f(Y) - 16, a* = 500 (f(X) - f(Y)), b* = 200 (f(Y) -
# f(Z)).
_TO_LAB = np.array([[0, 116, 0], [500, -500, 0], [0, 200, -200]], np.float32)
_FROM_LAB = np.linalg.inv(_TO_LAB.astype(np.float64)).astype(np.float32)
_LAB_OFFSET = np.array([16, 0, 0], np.float32)

_KNEE = 6 / 29  # Where CIE's cube root goes over into a straight line.
_FLAT = 1e-3  # A smaller spread (in units of LAB) is rounding, not texture, and is not blown up.


def rgb_to_lab(image: Floats) -> Floats:
    """Converts sRGB, float32 `[... 3]`, 0..1, to CIE LAB, float32 `[... 3]`."""
    curve = ((np.maximum(image, 0.04045) + np.float32(0.055)) / np.float32(1.055)) ** np.float32(2.4)
    linear = np.where(image <= 0.04045, image / np.float32(12.92), curve)
    xyz = linear @ _TO_WHITE_XYZ.T
    line = xyz / np.float32(3 * _KNEE**2) + np.float32(4 / 29)
    root = np.where(xyz > _KNEE**3, np.cbrt(xyz), line)
    return np.asarray(root @ _TO_LAB.T - _LAB_OFFSET, np.float32)


def lab_to_rgb(lab: Floats) -> Floats:
    """Converts CIE LAB, float32 `[... 3]`, to sRGB, float32 `[... 3]`, cut off at 0 and 1."""
    root = (lab + _LAB_OFFSET) @ _FROM_LAB.T
    line = np.float32(3 * _KNEE**2) * (root - np.float32(4 / 29))
    xyz = np.where(root > _KNEE, root**3, line)
    linear = xyz @ _FROM_WHITE_XYZ.T
    curve = np.float32(1.055) * np.maximum(linear, 0.0031308) ** np.float32(1 / 2.4) - np.float32(0.055)
    return np.asarray(np.clip(np.where(linear <= 0.0031308, linear * np.float32(12.92), curve), 0, 1), np.float32)


def masked_mean_std(image: FloatArray, mask: FloatArray) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Measures the mean and the standard deviation of each channel, weighted by a mask.

    Args:
        image: `[... height width channels]`.
        mask: Weights, `[... height width 1]`.

    Returns:
        Mean and standard deviation, each float64 `[... 1 1 channels]`; NaN where the mask is empty.
    """
    *leading, height, width, channels = image.shape
    pixels = np.asarray(image, np.float64).reshape(*leading, height * width, channels)
    weights = np.asarray(mask, np.float64).reshape(*leading, 1, height * width)
    total = weights.sum(axis=-1, keepdims=True)
    total = np.where(total > 0, total, np.nan)
    mean = weights @ pixels / total  # [..., 1, channels]
    variance = weights @ (pixels - mean) ** 2 / total
    return mean[..., None, :, :], np.sqrt(variance)[..., None, :, :]


def transfer_mean(image: Floats, reference: Floats, mask: Floats) -> Floats:
    """Shifts a picture's colors so that their mean in the mask becomes the reference's.

    Args:
        image: Picture to change, float32 `[... height width 3]`, 0..1.
        reference: Picture whose colors are wanted, like `image`.
        mask: Weights of both pictures' pixels, `[... height width 1]`.

    Returns:
        The changed picture, like `image`; unchanged where the mask is empty.
    """
    mean, _ = masked_mean_std(image, mask)
    wanted_mean, _ = masked_mean_std(reference, mask)
    shift = np.nan_to_num(wanted_mean - mean).astype(np.float32)
    return np.asarray(np.clip(image + shift, 0, 1))


def transfer_reinhard(image: Floats, reference: Floats, mask: Floats) -> Floats:
    """Gives a picture the reference's mean and standard deviation in each channel of LAB.

    The paper works in the decorrelated space l-alpha-beta; CIE LAB is what face swapping tools use in its
    place.

    Args:
        image: Picture to change, float32 `[... height width 3]`, 0..1.
        reference: Picture whose colors are wanted, like `image`.
        mask: Weights of both pictures' pixels, `[... height width 1]`.

    Returns:
        The changed picture, like `image`; unchanged where the mask is empty. A channel without any spread is
        only shifted.

    Reference:
        E. Reinhard et al., Color transfer between images, IEEE Computer Graphics and Applications 21(5),
        2001.
    """
    lab = rgb_to_lab(image)
    mean, std = masked_mean_std(lab, mask)
    wanted_mean, wanted_std = masked_mean_std(rgb_to_lab(reference), mask)
    gain = wanted_std / np.maximum(std, _FLAT)
    matched = (lab - mean) * gain + wanted_mean  # Eq. 10, 11.
    return np.where(np.isnan(mean), image, lab_to_rgb(matched.astype(np.float32)))
