"""Lips and eyelids: edges that slide over what lies behind them, which no smooth bending can show.

A slit is worked on in the portrait's coordinates, column by column, between two lines that stay where they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .mouth import LOWER_EDGE, UPPER_EDGE
from .spline import Array

_LASHES = 2.0  # how much of an upper lid moves without being stretched, in pixels of the photograph
_CREASE = 0.5  # where the moving lid begins, on the way from its edge to the brow
_POUCH = 5.0  # how far below the lower lid the skin moves with it, in pixels of the photograph
_NEVER_FLAT = 0.2


@dataclass(frozen=True, eq=False)
class Curve:
    """A line y(x): a polynomial, held constant beyond its ends.

    Attributes:
        powers: Coefficients, the highest power first.
        left: Where it begins.
        right: Where it ends.
    """

    powers: Array
    left: float
    right: float

    @classmethod
    def through(cls, points: Array) -> Curve:
        """Lays a curve of degree 4 or less through points `[points 2]`, near them where they are more than five."""
        left, right = float(points[:, 0].min()), float(points[:, 0].max())
        return cls(np.polyfit(points[:, 0] - left, points[:, 1], min(len(points) - 1, 4)), left, right)

    def __call__(self, x: Array) -> Array:
        """Returns y at each x."""
        return np.asarray(np.polyval(self.powers, np.clip(x, self.left, self.right) - self.left))


@dataclass(frozen=True, eq=False)
class Slit:
    """An opening in the skin, as the portrait shows it, in the photograph's coordinates.

    Attributes:
        upper_points: Which landmarks lie along the upper edge, from the left to the right.
        lower_points: Which landmarks lie along the lower edge.
        upper: The upper edge.
        lower: The lower edge.
        above: From this line on upwards the skin stays.
        below: From this line on downwards the skin stays.
        rim: How far from the upper edge the skin is not stretched.
    """

    upper_points: list[int]
    lower_points: list[int]
    upper: Curve
    lower: Curve
    above: Curve
    below: Curve
    rim: float = 0.0

    def sources(self, points: Array, upper: Array, lower: Array) -> Array:
        """Tells which point of the portrait is seen where, once the edges have moved.

        Args:
            points: `[... 2]`.
            upper: Where the upper edge's points lie now, `[points 2]`.
            lower: Where the lower edge's points lie now, `[points 2]`.

        Returns:
            float64 `[... 2]`. Between the edges these are the points themselves.
        """
        x, y = points[..., 0], points[..., 1]
        was_upper, was_lower, above, below = self.upper(x), self.lower(x), self.above(x), self.below(x)
        is_upper, is_lower = Curve.through(upper)(x), Curve.through(lower)(x)
        # The skin over the slit is stretched down to the rim; the rim goes with the edge as it is.
        stretch = (was_upper - self.rim - above) / np.maximum(is_upper - self.rim - above, _NEVER_FLAT)
        over = np.where(y > is_upper - self.rim, y + was_upper - is_upper, above + (y - above) * stretch)
        under = below - (below - y) * (below - was_lower) / np.maximum(below - is_lower, _NEVER_FLAT)
        seen = np.where(y <= is_upper, over, np.where(y >= is_lower, under, y))
        inside = (x > self.upper.left) & (x < self.upper.right) & (y > above) & (y < below)
        return np.stack([x, np.where(inside, seen, y)], axis=-1)


def mouth_slit(landmarks: Array) -> Slit:
    """Makes the slit between the lips of a portrait's landmarks, `[68 2]`: the lips stay at their outer edges."""
    upper, lower, above, below = (
        Curve.through(landmarks[line])
        for line in (UPPER_EDGE, LOWER_EDGE, list(range(48, 55)), [48, 59, 58, 57, 56, 55, 54])
    )
    return Slit(UPPER_EDGE, LOWER_EDGE, upper, lower, above, below)


def eye_slits(landmarks: Array) -> list[Slit]:
    """Makes the slits between the eyelids of a portrait's landmarks, `[68 2]`."""
    slits = []
    for first, brow in ((36, landmarks[17:22]), (42, landmarks[22:27])):
        upper, lower = list(range(first, first + 4)), [first, first + 5, first + 4, first + 3]
        x, y = landmarks[upper].T
        crease = np.stack([x, y + _CREASE * (Curve.through(brow)(x) - y)], axis=1)
        pouch = landmarks[lower] + np.array([0, _POUCH])
        lines = [Curve.through(line) for line in (landmarks[upper], landmarks[lower], crease, pouch)]
        slits.append(Slit(upper, lower, lines[0], lines[1], lines[2], lines[3], _LASHES))
    return slits
