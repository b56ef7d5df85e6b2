"""Color transfer that matches whole distributions: histograms along channels or along turned directions of color.

Convention:
    As in `lib/color_transfer.py`. Whatever is measured in the mask is a function of color, which then maps every
    pixel of the picture; colors beyond those in the mask move as the nearest of them does.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .color import Floats, mix_channels
from .color_transfer import FLAT, Doubles, Measured, transfer_each

_KNOTS = 256  # Points of a turned direction's distribution, as 8 bits have levels.
_SHARES = np.concatenate([[0], (np.arange(_KNOTS) + 0.5) / _KNOTS, [1]])
_CELLS = 4096  # Steps of the table that pixels are looked up in, far finer than those of 8 bits.
_TURNS = 3  # Rotations over which a step of sliced transport averages.


def transfer_histogram(image: Floats, reference: Floats, mask: Floats, reference_mask: Floats | None = None) -> Floats:
    """Gives each channel of a picture the reference's histogram.

    Pixels of equal value share the mean of the values that their part of the histogram is given.

    Args:
        image: Picture to change, float32 `[... height width 3]`, 0..1.
        reference: Picture whose colors are wanted, like `image`.
        mask: Weights of the pixels, `[... height width 1]`.
        reference_mask: Weights of the reference's pixels, which may then be of another size; None: `mask`.

    Returns:
        The changed picture, like `image`; unchanged where the mask is empty. A channel without any spread is only
        shifted.

    Reference:
        R. Gonzalez, R. Woods, Digital image processing, 4th ed., 2018, section 3.3.
    """
    return transfer_each(_match_channels, image, reference, mask, reference_mask)


def transfer_sliced(
    image: Floats, reference: Floats, mask: Floats, steps: int = 10, reference_mask: Floats | None = None
) -> Floats:
    """Moves a picture's colors to the reference's by sliced optimal transport.

    Every step matches the histograms along the axes of several fixed rotations of color space and goes the mean
    of their ways: stochastic descent on the sliced Wasserstein distance, smoother than `transfer_iterative`.

    Args:
        image: Picture to change, float32 `[... height width 3]`, 0..1.
        reference: Picture whose colors are wanted, like `image`.
        mask: Weights of the pixels, `[... height width 1]`.
        steps: How many steps to take.
        reference_mask: Weights of the reference's pixels, which may then be of another size; None: `mask`.

    Returns:
        The changed picture, like `image`; unchanged where the mask is empty.

    Reference:
        J. Rabin et al., Wasserstein barycenter and its application to texture mixing, SSVM 2011.
    """
    rotations = _rotations(steps * _TURNS)
    plan = [rotations[start : start + _TURNS] for start in range(0, len(rotations), _TURNS)]
    return transfer_each(lambda colors, seen: _transport(colors, seen, plan), image, reference, mask, reference_mask)


def transfer_iterative(
    image: Floats, reference: Floats, mask: Floats, steps: int = 10, reference_mask: Floats | None = None
) -> Floats:
    """Moves a picture's colors to the reference's by iterative distribution transfer.

    Every step matches the histograms along the axes of one fixed rotation of color space; the last ones are the
    channels themselves.

    Args:
        image: Picture to change, float32 `[... height width 3]`, 0..1.
        reference: Picture whose colors are wanted, like `image`.
        mask: Weights of the pixels, `[... height width 1]`.
        steps: How many rotations to take, the channels included.
        reference_mask: Weights of the reference's pixels, which may then be of another size; None: `mask`.

    Returns:
        The changed picture, like `image`; unchanged where the mask is empty.

    Reference:
        F. Pitie, A. Kokaram, R. Dahyot, Automated colour grading using colour distribution transfer, Computer
        Vision and Image Understanding 107, 2007.
    """
    plan = [[rotation] for rotation in [*_rotations(steps - 1), np.eye(3, dtype=np.float32)]]
    return transfer_each(lambda colors, seen: _transport(colors, seen, plan), image, reference, mask, reference_mask)


def _rotations(count: int) -> list[Floats]:
    """Evenly distributed orthonormal bases `[3 3]`, one per row's direction; always the same ones."""
    draw = np.random.default_rng(0)
    bases = (np.linalg.qr(draw.standard_normal((3, 3)))[0] for _ in range(count))
    return [basis.astype(np.float32) for basis in bases]


def _match_channels(colors: Floats, seen: Measured) -> Floats:
    return np.stack([_match(line, goal, seen) for line, goal in zip(colors, seen.wanted, strict=True)])


def _transport(colors: Floats, seen: Measured, plan: Sequence[Sequence[Floats]]) -> Floats:
    """Moves colors `[3 pixels]` step by step, each time by the mean of the ways along several rotations' axes."""
    for rotations in plan:
        way = np.zeros_like(colors)
        for rotation in rotations:
            along, goals = mix_channels(colors, rotation), mix_channels(seen.wanted, rotation)
            matched = [_match(line, goal, seen, _SHARES) for line, goal in zip(along, goals, strict=True)]
            way += mix_channels(np.stack(matched) - along, rotation.T)
        colors = colors + way / np.float32(len(rotations))
    return colors


def _match(line: Floats, wanted: Floats, seen: Measured, shares: Doubles | None = None) -> Floats:
    """Maps values so that those in the mask get the distribution of `wanted`.

    Args:
        line: The values to map, `[pixels]`.
        wanted: The values whose distribution is wanted, `[wanted]`.
        seen: Which of `line` are in the mask, and the weights of both.
        shares: Where to sample both distributions, 0..1, evenly; None takes every single value.
    """
    levels, at, mass = _distribution(line[seen.inside], seen.weights)
    wanted_levels, wanted_at, _ = _distribution(wanted, seen.wanted_weights)
    if shares is not None:
        levels, at, mass = np.interp(shares, at, levels), shares, np.full(len(shares), 1 / len(shares))
    goals = np.interp(at, wanted_at, wanted_levels)
    mean, goal = (levels * mass).sum(), (goals * mass).sum()
    if ((levels - mean) ** 2 * mass).sum() < FLAT**2:
        return line + np.float32(goal - mean)
    # Equal levels get one goal, the mean of theirs.
    levels, place = np.unique(levels, return_inverse=True)
    goals = np.bincount(place, goals * mass) / np.bincount(place, mass)
    ways = goals - levels
    return line + (np.interp(line, levels, ways).astype(np.float32) if shares is None else _read(line, levels, ways))


def _read(line: Floats, levels: Doubles, ways: Doubles) -> Floats:
    """Interpolates as `np.interp` does, to a part of 8192 of the levels' range and some ten times as fast."""
    table = np.interp(np.linspace(levels[0], levels[-1], _CELLS), levels, ways).astype(np.float32)
    place = (line - np.float32(levels[0])) * np.float32((_CELLS - 1) / (levels[-1] - levels[0]))
    return np.asarray(table[np.clip(place + np.float32(0.5), 0, _CELLS - 1).astype(np.int32)])


def _distribution(values: Floats, weights: Doubles) -> tuple[Doubles, Doubles, Doubles]:
    """Sorts values: themselves, the share of the weight below the middle of each, and the share of each."""
    order = np.argsort(values)
    mass = weights[order] / weights.sum()
    return values[order].astype(np.float64), np.cumsum(mass) - mass / 2, mass
