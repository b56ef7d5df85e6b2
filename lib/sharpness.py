"""Sharpness: how fast a picture's edges rise, and the blur or sharpening that gives another picture the same.

Convention:
    As in `lib/masked_blur.py`, pictures with three channels, 0..1. Sharpness is the energy of fine detail over that of
    coarse detail, both of the luma: neither contrast nor the number of edges changes it, only how steep they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .grain import grain_variance, luma_of
from .masked_blur import Floats, blur_inside, gaussian_kernel

Inside = NDArray[np.bool_]

_FINE, _COARSE = 1.0, 2.5  # Deviations of the blurs that part the bands, in pixels.
_ACROSS = 1.0  # Deviation of the blur that sharpening adds the difference to.
_MOST_TRIALS = 8
_NEAR = 0.02  # Of the way to the wanted sharpness: what is left of it cannot be seen.
_LEAST = 1e-7  # Energy of coarse detail below which nothing can be told: a hundredth of an 8-bit level.


def sharpness(luma: Floats, inside: Inside) -> float:
    """Measures the sharpness inside; the energy of grain does not count as detail.

    Args:
        luma: float32 `[height width 1]`.
        inside: Which pixels count.

    Returns:
        The ratio of energies, 0 or more; NaN where there is no detail to tell it from.
    """
    fine, coarse = (gaussian_kernel(deviation) for deviation in (_FINE, _COARSE))
    softer = blur_inside(luma, inside, fine)
    softest = blur_inside(luma, inside, coarse)
    grain = grain_variance(luma, inside)
    bands = ((luma - softer)[inside], (softer - softest)[inside])
    gains = _band_gains(fine, coarse)
    energies = [float(np.square(band).mean()) - grain * gain for band, gain in zip(bands, gains, strict=True)]
    return max(energies[0], 0.0) / energies[1] if energies[1] > _LEAST else math.nan


def _band_gains(fine: NDArray[np.float64], coarse: NDArray[np.float64]) -> tuple[float, float]:
    """By how much both bands multiply the variance of white grain: the squared weights of their kernels."""
    reach = len(coarse) // 2
    narrow = np.pad(np.outer(fine, fine), reach - len(fine) // 2)
    wide, point = np.outer(coarse, coarse), np.zeros((len(coarse),) * 2)
    point[reach, reach] = 1
    return float(np.square(point - narrow).sum()), float(np.square(narrow - wide).sum())


def match_sharpness(face: Floats, inside: Inside, wanted: float, widest: float, most: float) -> Floats:
    """Blurs or sharpens a face until it is as sharp as is wanted, or until a bound is reached.

    Args:
        face: float32 `[height width 3]`.
        inside: What is measured, read and changed.
        wanted: The target's sharpness; NaN changes nothing.
        widest: The most that it is blurred: the deviation of a Gaussian.
        most: The most that it is sharpened: the share of the difference to its blur that is added.

    Returns:
        The changed face, not cut off at 0 and 1.
    """
    luma = luma_of(face)
    own = sharpness(luma, inside)
    if math.isnan(wanted) or math.isnan(own):
        return face
    change: Callable[[Floats, float], Floats]
    if own > wanted:
        change, end = (lambda picture, amount: _blurred(picture, inside, amount)), widest
    else:
        change, end = (lambda picture, amount: _sharpened(picture, inside, amount)), most
    amount = _solve(lambda tried: abs(sharpness(change(luma, tried), inside) - own), abs(wanted - own), end)
    changed = face.copy()
    changed[inside] = change(face, amount)[inside]
    return changed


def _solve(reached: Callable[[float], float], distance: float, end: float) -> float:
    """The amount, 0 to `end`, at which a measure that grows with it from 0 reaches a distance: regula falsi."""
    low, high, below, above = 0.0, end, -distance, reached(end) - distance if end > 0 else 0.0
    if above <= 0:
        return end
    amount = 0.0
    for _ in range(_MOST_TRIALS):
        amount = low - below * (high - low) / (above - below)
        gap = reached(amount) - distance
        if abs(gap) <= _NEAR * distance:
            break
        if gap < 0:
            low, below, above = amount, gap, above / 2
        else:
            high, above, below = amount, gap, below / 2
    return amount


def _blurred(picture: Floats, inside: Inside, deviation: float) -> Floats:
    return blur_inside(picture, inside, gaussian_kernel(deviation)) if deviation > 0.05 else picture


def _sharpened(picture: Floats, inside: Inside, amount: float) -> Floats:
    detail = picture - blur_inside(picture, inside, gaussian_kernel(_ACROSS))
    return picture + np.float32(amount) * detail
