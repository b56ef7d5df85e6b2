"""Linear color transfer: gives a picture the mean color and the color covariance of another.

Convention:
    As in `lib/color.py`: sRGB, float32 `[... height width 3]`, 0..1; a mask `[... height width 1]`, 0..1, weights
    the statistics of both pictures, and the transfer then changes the whole picture. Every picture of a batch is
    computed by itself, so that a batch equals its single pictures bit for bit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .color import Floats, mix_channels

Doubles = NDArray[np.float64]

FLAT = 1e-3
"""A smaller spread, in units of the picture, is the rounding of 8 bits, not texture, and is not blown up."""


@dataclass(frozen=True, eq=False)
class Measured:
    """What a transfer may see of one pair of pictures.

    Attributes:
        inside: Which pixels the mask holds, `[pixels]`.
        weights: The mask there, float64 `[samples]`, above 0.
        wanted: The reference's colors there, float32 `[3 wanted]`.
        wanted_weights: Their weights, float64 `[wanted]`, above 0.
    """

    inside: NDArray[np.bool_]
    weights: Doubles
    wanted: Floats
    wanted_weights: Doubles


def transfer_each(
    transfer: Callable[[Floats, Measured], Floats],
    image: Floats,
    reference: Floats,
    mask: Floats,
    reference_mask: Floats | None = None,
) -> Floats:
    """Applies a transfer to each picture of a batch.

    Args:
        transfer: Takes all colors of a picture, float32 `[3 pixels]`, and what the mask holds; gives new colors.
        image: Pictures to change, float32 `[... height width 3]`, 0..1.
        reference: Pictures whose colors are wanted, like `image`.
        mask: Weights of the pixels, `[... height width 1]`.
        reference_mask: Weights of the reference's pixels, which may then be of another size; None: `mask`.

    Returns:
        The changed pictures, like `image`, cut off at 0 and 1; unchanged where a mask is empty.
    """
    changed = np.array(image, np.float32)
    counts = mask if reference_mask is None else reference_mask
    for index in np.ndindex(image.shape[:-3]):
        weights, wanted_weights = mask[index].reshape(-1), counts[index].reshape(-1)
        inside, wanted_inside = weights > 0, wanted_weights > 0
        if not inside.any() or not wanted_inside.any():
            continue
        seen = Measured(
            inside,
            weights[inside].astype(np.float64),
            _planes(reference[index])[:, wanted_inside],
            wanted_weights[wanted_inside].astype(np.float64),
        )
        colors = transfer(_planes(image[index]), seen)
        changed[index] = np.clip(colors, 0, 1).T.reshape(image.shape[-3:])
    return changed


def _planes(picture: Floats) -> Floats:
    """The colors of `[height width 3]` as planes, `[3 pixels]`."""
    return np.ascontiguousarray(picture.reshape(-1, 3).T)


def transfer_linear(image: Floats, reference: Floats, mask: Floats, reference_mask: Floats | None = None) -> Floats:
    """Gives a picture the reference's mean and covariance of color: whitens by one, colors by the other (LCT).

    With C the covariances, A = C_reference^(1/2) C_image^(-1/2); roots are symmetric.

    Args:
        image: Picture to change, float32 `[... height width 3]`, 0..1.
        reference: Picture whose colors are wanted, like `image`.
        mask: Weights of the pixels, `[... height width 1]`.
        reference_mask: Weights of the reference's pixels, which may then be of another size; None: `mask`.

    Returns:
        The changed picture, like `image`; unchanged where the mask is empty. A direction of color without any
        spread is only shifted.

    Reference:
        A. Hertzmann, Algorithms for rendering in artistic styles, PhD thesis, New York University, 2001.
    """
    return transfer_each(_affine_by(_whiten_and_color), image, reference, mask, reference_mask)


def transfer_monge_kantorovich(
    image: Floats, reference: Floats, mask: Floats, reference_mask: Floats | None = None
) -> Floats:
    """Gives a picture the reference's mean and covariance of color while the colors move as little as possible.

    With C the covariances and R = C_image^(1/2), A = R^-1 (R C_reference R)^(1/2) R^-1: of all matrices that
    reach the reference's covariance the one of the least mean squared displacement.

    Args:
        image: Picture to change, float32 `[... height width 3]`, 0..1.
        reference: Picture whose colors are wanted, like `image`.
        mask: Weights of the pixels, `[... height width 1]`.
        reference_mask: Weights of the reference's pixels, which may then be of another size; None: `mask`.

    Returns:
        The changed picture, like `image`; unchanged where the mask is empty. A direction of color without any
        spread is only shifted.

    Reference:
        F. Pitie, A. Kokaram, The linear Monge-Kantorovitch linear colour mapping for example-based colour
        transfer, CVMP 2007.
    """
    return transfer_each(_affine_by(_move_least), image, reference, mask, reference_mask)


def _affine_by(find_matrix: Callable[[Doubles, Doubles], Doubles]) -> Callable[[Floats, Measured], Floats]:
    """The transfer that maps colors by wanted_mean + A (color - mean)."""

    def transfer(colors: Floats, seen: Measured) -> Floats:
        mean, covariance = _moments(colors[:, seen.inside], seen.weights)
        wanted_mean, wanted_covariance = _moments(seen.wanted, seen.wanted_weights)
        matrix = find_matrix(covariance, wanted_covariance).astype(np.float32)
        centered = colors - mean.astype(np.float32)
        return mix_channels(centered, matrix) + wanted_mean.astype(np.float32)

    return transfer


def _moments(samples: Floats, weights: Doubles) -> tuple[Doubles, Doubles]:
    """Mean `[3 1]` and covariance `[3 3]` of samples `[3 samples]`."""
    share = weights / weights.sum()
    mean = (samples * share).sum(axis=1, keepdims=True)
    centered = samples - mean
    return mean, np.einsum("in,jn->ij", centered * share, centered)


def _whiten_and_color(covariance: Doubles, wanted: Doubles) -> Doubles:
    root, _ = _roots(wanted, 0)
    _, inverse = _roots(covariance, FLAT)
    return root @ inverse


def _move_least(covariance: Doubles, wanted: Doubles) -> Doubles:
    root, inverse = _roots(covariance, FLAT)
    middle, _ = _roots(root @ wanted @ root, 0)
    return inverse @ middle @ inverse


def _roots(covariance: Doubles, least: float) -> tuple[Doubles, Doubles]:
    """The symmetric square root of a covariance and its inverse, no standard deviation below `least`."""
    variances, axes = np.linalg.eigh(covariance)
    spreads = np.maximum(np.sqrt(np.maximum(variances, 0)), least)
    inverses = np.divide(1, spreads, out=np.zeros(3), where=spreads > 0)
    return (axes * spreads) @ axes.T, (axes * inverses) @ axes.T
