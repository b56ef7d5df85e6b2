"""Multi-band blending: fine detail changes over at the mask's edge, broad color over a wide way inside of it.

Convention:
    As in `lib/blending.py`. Bands are taken of the difference face - frame, so that a frame laid onto itself
    stays as it is; they are measured on the mask's support only, and every band's weight is 0 outside of it.
"""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from .poisson import Floats

_SMALLEST = 2  # Side of a grid that is not halved any more.


def multiband_blend(frame: Floats, face: Floats, mask: Floats, bands: int = 5, fade: float = 0.15) -> Floats:
    """Lays a face over a frame, each band of detail with a transition of its own width.

    The classical way blurs the mask for each band and so reaches beyond it; here the transition goes inward from
    the edge of the mask's support, half as far for each finer band.

    Args:
        frame: The box of the frame.
        face: The face over that box.
        mask: Where the face goes.
        bands: How many bands of detail to part from the broad color; each spans twice the scale of the one before.
        fade: How far the broad color fades in, as a share of the side of a square of the support's area.

    Returns:
        The blended box, float32 like `frame`, 0..1; the frame bit for bit where the mask is 0.

    Reference:
        P. Burt, E. Adelson, A multiresolution spline with application to image mosaics, ACM Transactions on
        Graphics 2(4), 1983.
    """
    support = (mask[..., 0] > 0).astype(np.uint8)
    if not support.any():
        return frame.copy()
    parts = _split(face - frame, support.astype(np.float32)[..., None], bands)
    distance = cv2.distanceTransform(support, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[..., None]
    width = fade * np.sqrt(float(support.sum()))
    change = np.zeros_like(frame)
    for finer, part in enumerate(reversed(parts)):
        change += _ramp(distance, width / 2**finer) * part
    return np.clip(frame + mask * change, 0, 1)


def _split(picture: Floats, inside: Floats, bands: int) -> list[Floats]:
    """Parts a picture into bands, fine to broad, that add up to it; each float32 like `picture`."""
    means, weights, shapes = [picture], inside, []
    for _ in range(bands):
        height, width = means[-1].shape[:2]
        if min(height, width) <= _SMALLEST:
            break
        shapes.append((width, height))
        sums = cv2.pyrDown(np.concatenate([means[-1] * weights, weights], axis=-1))
        weights = sums[..., 3:]
        means.append(sums[..., :3] / np.maximum(weights, np.float32(1e-6)))
    levels = [_enlarged(mean, shapes[:count]) for count, mean in enumerate(means)]
    return [*(fine - broad for fine, broad in pairwise(levels)), levels[-1]]


def _enlarged(mean: Floats, shapes: list[tuple[int, int]]) -> Floats:
    """Brings a grid back to the first one's size, step by step."""
    for shape in reversed(shapes):
        mean = np.asarray(cv2.pyrUp(mean, dstsize=shape), np.float32)
    return mean


def _ramp(distance: Floats, width: float) -> Floats:
    """0 at no distance, 1 from `width` on, without a kink; 1 from the first pixel on where the width is below one."""
    share = np.minimum(distance / np.float32(max(width, 1)), 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)
