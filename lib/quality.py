"""How near a picture comes to the true one inside a region: PSNR, SSIM, and whether it changes as that one does.

Convention:
    Pictures are RGB, uint8 `[height width 3]`, 0..255; masks are float or bool `[height width]`, 0..1, 1 = counts.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_PEAK = 255.0


def masked_psnr(picture: NDArray[np.uint8], truth: NDArray[np.uint8], mask: NDArray[Any]) -> float:
    """Peak signal-to-noise ratio in dB over the pixels that count; infinite for equal pictures.

    Raises:
        ValueError: No pixel counts.
    """
    weights = _weights(mask)
    error = picture.astype(np.float64) - truth.astype(np.float64)
    mean_square = float((np.square(error).mean(axis=2) * weights).sum())
    return float("inf") if mean_square == 0 else float(10 * np.log10(_PEAK**2 / mean_square))


def masked_ssim(picture: NDArray[np.uint8], truth: NDArray[np.uint8], mask: NDArray[Any]) -> float:
    """Structural similarity, 1 for equal pictures, averaged over the pixels that count.

    Gaussian window of sigma 1.5 as in the paper.

    Raises:
        ValueError: No pixel counts.

    Reference:
        Wang et al., Image quality assessment: from error visibility to structural similarity, 2004.
    """
    from skimage.metrics import structural_similarity

    _, similarity = structural_similarity(
        truth,
        picture,
        channel_axis=2,
        data_range=_PEAK,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
        full=True,
    )
    return float((similarity.mean(axis=2) * _weights(mask)).sum())


def unlike_change(
    pair: tuple[NDArray[np.uint8], NDArray[np.uint8]],
    truth: tuple[NDArray[np.uint8], NDArray[np.uint8]],
    mask: NDArray[Any],
) -> float:
    """How unlike the truth's two pictures of one place in consecutive frames change: flicker.

    Args:
        pair: The place before and now.
        truth: The same of the truth.
        mask: What counts.

    Returns:
        The mean absolute difference of the changes in gray levels.
    """
    changes = [now.astype(np.float64) - before.astype(np.float64) for before, now in (pair, truth)]
    return float(np.average(np.abs(changes[0] - changes[1]).mean(axis=2), weights=mask))


def _weights(mask: NDArray[Any]) -> NDArray[np.float64]:
    """The mask as weights that sum to one."""
    weights: NDArray[np.float64] = np.asarray(mask, np.float64)
    total = weights.sum()
    if total <= 0:
        raise ValueError("`mask` must have a pixel above 0. Received: an empty mask")
    return np.asarray(weights / total, np.float64)
