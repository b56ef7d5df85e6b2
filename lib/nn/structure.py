"""Losses of structure, and the Gaussian means that they are made of; each gives one scalar, in float32.

Convention:
    Pictures are `[batch height width channels]`, 0..1. A loss is the mean over all their values.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

Tensor = Any


_LEAST_SIMILARITY = 1e-6

_SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""How much each scale counts in multi-scale SSIM, from the finest on (the paper's table 1)."""


def dssim(goal: Tensor, output: Tensor, window: int = 11, sigma: float = 1.5) -> Tensor:
    """Structural dissimilarity, (1 - SSIM) / 2, where the whole window lies in the picture.

    Args:
        goal: What should have come, 0..1; its side is at least `window`.
        output: What came.
        window: Side of the Gaussian window in pixels.
        sigma: Its standard deviation in pixels.

    Reference:
        Z. Wang et al., Image quality assessment: from error visibility to structural similarity, IEEE TIP 13(4), 2004.
    """
    luminance, contrast = _similarity(goal, output, window, sigma)
    return ops.mean((1 - luminance * contrast) / 2)


def ms_dssim(goal: Tensor, output: Tensor, window: int = 11, sigma: float = 1.5) -> Tensor:
    """Multi-scale structural dissimilarity, (1 - MS-SSIM) / 2, of each face and channel, then the mean.

    The pictures are halved by averaging four pixels. Five scales need a side of 16 windows; of smaller pictures the
    first scales are taken as far as the window fits in, their weights brought to the sum that all five have.

    Args:
        goal: What should have come, 0..1; its side is at least `window`.
        output: What came.
        window: Side of the Gaussian window in pixels.
        sigma: Its standard deviation in pixels.

    Reference:
        Z. Wang, E. P. Simoncelli, A. C. Bovik, Multi-scale structural similarity for image quality assessment, Asilomar
        2003, eq. 7.
    """
    x, y = ops.cast(goal, "float32"), ops.cast(output, "float32")
    weights = scale_weights(min(x.shape[1:3]), window)
    similar = 1.0
    for scale, weight in enumerate(weights):
        luminance, contrast = _similarity(x, y, window, sigma)
        last = scale == len(weights) - 1
        value = ops.mean(luminance * contrast if last else contrast, axis=(1, 2))
        # Below zero a root is not defined, and at zero its slope is not finite.
        similar *= ops.power(ops.maximum(value, _LEAST_SIMILARITY), weight)
        x, y = (picture if last else ops.average_pool(picture, 2, 2, data_format="channels_last") for picture in (x, y))
    return ops.mean((1 - similar) / 2)


def scale_weights(side: int, window: int = 11) -> tuple[float, ...]:
    """The weights of the scales that a picture of `side` pixels has; one that is too small for any has the first."""
    fitting = [weight for scale, weight in enumerate(_SCALE_WEIGHTS) if side >> scale >= window] or _SCALE_WEIGHTS[:1]
    whole = sum(_SCALE_WEIGHTS) / sum(fitting)
    return tuple(whole * weight for weight in fitting)


def masked_dssim(goal: Tensor, output: Tensor, mask: Tensor) -> Tensor:
    """Structural dissimilarity of two batches of pictures that are black outside a mask.

    The mean is over the whole picture, as `dssim` takes it: where both are black they are alike, so that a small mask
    means a small loss.

    Args:
        goal: What should have come, 0..1.
        output: What came.
        mask: `[batch height width 1]`, 0..1.
    """
    mask = ops.cast(mask, "float32")
    return dssim(ops.cast(goal, "float32") * mask, ops.cast(output, "float32") * mask)


def blur(pictures: Tensor, sigma: float) -> Tensor:
    """Blurs pictures by a Gaussian; beyond their border lies zero.

    Args:
        pictures: `[batch height width channels]`.
        sigma: Standard deviation in pixels.
    """
    reach = int(np.ceil(3 * sigma))
    padded = ops.pad(ops.cast(pictures, "float32"), ((0, 0), (reach, reach), (reach, reach), (0, 0)))
    return _smooth(padded, _gaussian(2 * reach + 1, sigma))


def _similarity(goal: Tensor, output: Tensor, window: int, sigma: float) -> tuple[Tensor, Tensor]:
    """The luminance term of SSIM and that of contrast and structure, of each window."""
    x, y = ops.cast(goal, "float32"), ops.cast(output, "float32")
    if min(x.shape[1:3]) < window:
        raise ValueError(f"A picture's side must be at least the window, {window}. Received: {min(x.shape[1:3])}")
    # SSIM needs five local means; they are taken in one go, stacked along the batch.
    means = _smooth(ops.concatenate([x, y, x * x, y * y, x * y], axis=0), _gaussian(window, sigma))
    mean_x, mean_y, mean_xx, mean_yy, mean_xy = ops.split(means, 5, axis=0)

    # Eq. 13 with K1 = 0.01, K2 = 0.03 and a data range of 1.
    c1, c2 = 0.01**2, 0.03**2
    variance = mean_xx - mean_x * mean_x + mean_yy - mean_y * mean_y
    covariance = mean_xy - mean_x * mean_y
    luminance = (2 * mean_x * mean_y + c1) / (mean_x * mean_x + mean_y * mean_y + c1)
    return luminance, (2 * covariance + c2) / (variance + c2)


def _smooth(pictures: Tensor, weights: NDArray[np.float64]) -> Tensor:
    """Takes weighted means along rows and columns where the whole window lies in the picture.

    Written as sums of shifted pictures, not as matrix products or convolutions, which accelerators compute with numbers
    of 11 bits unless told otherwise: the variances of SSIM are small differences of such means and fell below zero.
    """
    for axis in (1, 2):
        side = pictures.shape[axis] - len(weights) + 1
        pictures = sum(
            float(weight) * (pictures[:, first : first + side] if axis == 1 else pictures[:, :, first : first + side])
            for first, weight in enumerate(weights)
        )
    return pictures


def _gaussian(window: int, sigma: float) -> NDArray[np.float64]:
    """The weights of a Gaussian window of so many pixels, which sum to one."""
    offsets = np.arange(window) - (window - 1) / 2
    weights = np.exp(-(offsets**2) / (2 * sigma**2))
    return np.asarray(weights / weights.sum(), np.float64)
