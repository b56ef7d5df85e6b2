"""Sharpness: how fast a picture's edges rise, and the blur or sharpening that gives another picture the same.

Convention:
    As in `lib/masked_blur.py`, pictures with three channels, 0..1. Sharpness is the energy of fine detail over that of
    coarse detail, both of the luma: neither contrast nor the number of edges changes it, only how steep they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .grain import grain_variance, luma_of, structureless, surrounded
from .masked_blur import Floats, InsideBlur, blur_inside, gaussian_kernel

Inside = NDArray[np.bool_]

_FINE, _COARSE = 1.0, 2.5  # Deviations of the blurs that part the bands, in pixels.
_ACROSS = 1.0  # Deviation of the blur that sharpening adds the difference to.
_MOST_TRIALS = 8
_NEAR = 0.02  # Of the way to the wanted sharpness: what is left of it cannot be seen.
_LEAST = 1e-7  # Energy of coarse detail below which nothing can be told: a hundredth of an 8-bit level.


class Bands(NamedTuple):
    """What tells the sharpness of a picture: float32 `[pixels]` each, linear in the picture."""

    fine: Floats
    coarse: Floats
    rest: Floats
    """What has no structure, of which grain is judged."""


class SharpnessGauge:
    """Measures sharpness inside a mask; what the mask alone decides is computed once.

    Args:
        inside: Which pixels count, bool `[height width]`; one at least.
    """

    def __init__(self, inside: Inside) -> None:
        self._inside, self._surrounded = np.flatnonzero(inside), surrounded(inside)
        kernels = [gaussian_kernel(deviation) for deviation in (_FINE, _COARSE)]
        self._softer, self._softest = (InsideBlur.along_axes(inside, kernel) for kernel in kernels)
        self._gains = _band_gains(*kernels)

    def bands(self, luma: Floats) -> Bands:
        """Takes apart a luma, float32 `[height width 1]`."""
        softer = self._softer(luma)
        fine, coarse = (np.take(band, self._inside) for band in (luma - softer, softer - self._softest(luma)))
        return Bands(fine, coarse, structureless(luma, self._surrounded)[:, 0])

    def sharpness(self, bands: Bands) -> float:
        """The ratio of the energies of detail, 0 or more; that of grain does not count.

        Returns:
            NaN where there is no detail to tell it from.
        """
        grain = grain_variance(bands.rest)
        fine, coarse = (
            float(np.square(band).mean()) - grain * gain for band, gain in zip(bands[:2], self._gains, strict=True)
        )
        return max(fine, 0.0) / coarse if coarse > _LEAST else math.nan


def _band_gains(fine: NDArray[np.float64], coarse: NDArray[np.float64]) -> tuple[float, float]:
    """By how much both bands multiply the variance of white grain: the squared weights of their kernels."""
    reach = len(coarse) // 2
    narrow = np.pad(np.outer(fine, fine), reach - len(fine) // 2)
    wide, point = np.outer(coarse, coarse), np.zeros((len(coarse),) * 2)
    point[reach, reach] = 1
    return float(np.square(point - narrow).sum()), float(np.square(narrow - wide).sum())


def match_sharpness(face: Floats, target: Floats, inside: Inside, widest: float, most: float) -> Floats:
    """Blurs or sharpens a face until it is as sharp as another picture, or until a bound is reached.

    Args:
        face: float32 `[height width 3]`.
        target: The other picture, of the same shape; one without detail changes nothing.
        inside: What is measured, read and changed.
        widest: The most that it is blurred: the deviation of a Gaussian.
        most: The most that it is sharpened: the share of the difference to its blur that is added.

    Returns:
        The changed face, not cut off at 0 and 1.
    """
    if not inside.any():
        return face
    box = _around(inside)
    inside, part = inside[box], face[box]
    gauge, luma = SharpnessGauge(inside), luma_of(part)
    bands = gauge.bands(luma)
    own, wanted = gauge.sharpness(bands), gauge.sharpness(gauge.bands(luma_of(target[box])))
    if math.isnan(wanted) or math.isnan(own):
        return face
    if own > wanted:
        amount = _solve(
            lambda tried: own - gauge.sharpness(gauge.bands(_blurred(luma, inside, tried))), own - wanted, widest
        )
        part = _blurred(part, inside, amount)
    else:
        detail = gauge.bands(_detail(luma, inside))
        amount = _solve(lambda tried: gauge.sharpness(_sum(bands, tried, detail)) - own, wanted - own, most)
        part = part + np.float32(amount) * _detail(part, inside)
    changed = face.copy()
    changed[box][inside] = part[inside]
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


def _around(inside: Inside) -> tuple[slice, slice]:
    """The rows and columns that hold all that is inside."""
    rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _blurred(picture: Floats, inside: Inside, deviation: float) -> Floats:
    return blur_inside(picture, inside, gaussian_kernel(deviation)) if deviation > 0.05 else picture


def _detail(picture: Floats, inside: Inside) -> Floats:
    """What sharpening adds a share of."""
    return picture - blur_inside(picture, inside, gaussian_kernel(_ACROSS))


def _sum(bands: Bands, amount: float, more: Bands) -> Bands:
    """The bands of a picture to which so much of another one is added."""
    return Bands(*(band + np.float32(amount) * extra for band, extra in zip(bands, more, strict=True)))
