"""Sharpening: adds to a picture what a blur of it takes away.

Convention:
    Pictures are float32 `[... height width 3]`, 0..1; a mask `[... height width 1]` tells where they hold
    something (above 0) and where not. What it leaves out is neither read nor changed, so that no halo comes in
    from there. Distances are in pixels.
"""

from __future__ import annotations

import numpy as np

from .masked_blur import Floats, Kernel, blur_inside


def sharpen(image: Floats, mask: Floats, kernel: Kernel, amount: float, threshold: float = 0.0) -> Floats:
    """Adds `amount` times the difference between a picture and its blur.

    Args:
        image: Picture to change, float32 `[... height width 3]`, 0..1.
        mask: Where it may be read and changed, `[... height width 1]`.
        kernel: The blur along either axis, of odd length.
        amount: How much of the difference to add; 0 changes nothing.
        threshold: By how much each difference is first brought nearer to 0, in units of the picture: what is
            smaller, such as grain, stays. It fades in, so that nothing flips from frame to frame.

    Returns:
        The changed picture, like `image`, cut off at 0 and 1.
    """
    changed = np.array(image, np.float32)
    for index in np.ndindex(image.shape[:-3]):
        inside = mask[index][..., 0] > 0
        detail = image[index] - blur_inside(image[index], inside, kernel)
        shrunk = np.sign(detail) * np.maximum(np.abs(detail) - np.float32(threshold), 0)
        sharp = np.clip(image[index] + np.float32(amount) * shrunk, 0, 1)
        changed[index][inside] = sharp[inside]
    return changed
