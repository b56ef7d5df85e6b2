"""Grain: how much a picture has, and fresh grain of the same strength.

Convention:
    Pictures are float32 `[height width 3]`, 0..1; `inside` is bool `[height width]`. Grain is a covariance of the
    three channels, float64 `[3 3]`: film and sensors have more of it in some channels, and partly in common.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .geometry import compose, invert, transform_points
from .landmarks import FloatArray
from .masked_blur import Floats
from .warp import cut, paste

Covariance = NDArray[np.float64]

# The difference of two Laplacians: blind to flat areas, slopes and straight edges (Eq. 1); its weights' squares sum up
# to 36, by which it multiplies the variance of white noise.
_LAPLACIANS = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
_GAIN = 36.0
_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
_MEDIAN = 0.6745  # Of the absolute values of a normal distribution, in deviations.
_OUTLIER = 3.0  # In deviations: beyond it lies detail, not grain.
_FEWEST = 50  # Pixels of which a covariance is worth something.
_MOST_LOSS = 0.2
"""Grain of which less than this share of the variance comes through a paste is not made up for any further."""


def grain_covariance(picture: Floats, inside: NDArray[np.bool_]) -> Covariance:
    """Measures the grain inside; zero where too few pixels tell it.

    Detail is told from grain by its size: a pixel counts where it differs no more than grain does, which is judged
    by the median.

    Args:
        picture: `[height width 3]`.
        inside: Which pixels count.

    Reference:
        J. Immerkaer, Fast noise variance estimation, Computer Vision and Image Understanding 64(2), 1996.
    """
    rest = np.asarray(structureless(picture, surrounded(inside)), np.float64)
    if len(rest) < _FEWEST:
        return np.zeros((3, 3))
    kept = rest[_small(rest @ _LUMA.astype(np.float64))]
    return np.asarray(kept.T @ kept / len(kept) / _GAIN)


def grain_variance(rest: Floats) -> float:
    """Measures the grain of a single channel, as `grain_covariance` does, by what `structureless` left, `[pixels]`."""
    if len(rest) < _FEWEST:
        return 0.0
    return float(np.square(rest[_small(rest)], dtype=np.float64).mean()) / _GAIN


def surrounded(inside: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The pixels all of whose neighbors are inside, in which grain is measured: their numbers, row by row."""
    square = np.ones((3, 3), np.uint8)
    whole = cv2.erode(inside.astype(np.uint8), square, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.flatnonzero(whole)


def structureless(picture: Floats, pixels: NDArray[np.intp]) -> Floats:
    """What is left of some pixels, the `surrounded` ones, without structure: `[pixels channels]`, linear in them."""
    filtered = np.asarray(cv2.filter2D(picture, -1, _LAPLACIANS), np.float32)
    return np.take(filtered.reshape(-1, picture.shape[-1]), pixels, axis=0)


def _small(rest: NDArray[Any]) -> NDArray[np.bool_]:
    """Which of these, `[pixels]`, differ from zero no more than grain does."""
    size = np.abs(rest)
    return np.asarray(size <= _OUTLIER * np.median(size) / _MEDIAN)


def luma_of(picture: Floats) -> Floats:
    """The luma of ITU-R BT.709, `[height width 1]`."""
    return np.asarray((picture @ _LUMA)[..., None])


def grain_on_crop(matrix: FloatArray, size: int, seed: tuple[int, ...]) -> tuple[Floats, float]:
    """Draws white grain of variance 1 on the frame's own pixels and cuts it as a face is cut.

    Args:
        matrix: `[2 3]`, frame pixels to crop pixels.
        size: Side of the crop.
        seed: Whole numbers from 0 on; equal ones give equal grain.

    Returns:
        The grain on the crop, `[size size 3]`, and the share of the variance that is left of it once it is pasted
        back into the frame, whose pixels lie between those of the crop.
    """
    corners = np.array([[0, 0], [size - 1, 0], [0, size - 1], [size - 1, size - 1]], np.float64)
    there = transform_points(invert(np.asarray(matrix, np.float64)), corners)
    low = np.floor(there.min(axis=0)) - 2
    width, height = (np.ceil(there.max(axis=0)) + 3 - low).astype(int).tolist()
    drawn = np.random.default_rng(seed).standard_normal((height, width, 3), np.float32)
    from_box = compose(np.array([[1, 0, low[0]], [0, 1, low[1]]]), np.asarray(matrix, np.float64))
    on_crop = np.asarray(cut(drawn, from_box, size), np.float32)
    inner = np.linspace(0, size - 1, 3)[1] * np.ones(2)
    return on_crop, _left(on_crop, from_box, transform_points(invert(from_box), inner[None])[0], min(width, height) / 4)


def _left(on_crop: Floats, from_box: FloatArray, middle: FloatArray, reach: float) -> float:
    """The variance of the pasted grain, in a square around the middle of the face that lies inside the crop."""
    left, top = np.floor(middle - reach).astype(int).tolist()
    right, bottom = np.ceil(middle + reach).astype(int).tolist()
    return float(np.var(paste(on_crop, from_box, (left, top, right + 1, bottom + 1))))


def grain_like(wanted: Covariance, own: Covariance, unit: Floats, left: float) -> Floats:
    """The grain that a face lacks, `[size size 3]`.

    Args:
        wanted: What the target has, as its crop shows it.
        own: What the face has already.
        unit: Grain of variance 1 on the crop (`grain_on_crop`).
        left: What a paste leaves of it.
    """
    everywhere = np.ones(unit.shape[:2], bool)
    seen = np.trace(grain_covariance(unit, everywhere)) / 3
    lacking = (wanted - own) / max(float(seen), 1e-9) / max(left, _MOST_LOSS)
    variances, axes = np.linalg.eigh(lacking)
    root = (axes * np.sqrt(np.maximum(variances, 0))) @ axes.T
    return np.asarray(unit @ root.astype(np.float32), np.float32)
