"""Masks a rectangle around the mean face, which an aligned crop shows in one place; for any landmark scheme."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....core.hookspecs import hookimpl
from ..mean_face_masker import MeanFaceMasker

FACESWAP_CONTRACT = 1


class BoxMasker(MeanFaceMasker):
    """A rectangle where the mean face is."""

    def draw(self, center: NDArray[np.float64], radii: NDArray[np.float64]) -> NDArray[Any]:
        """Draws the rectangle; its edges cover pixels in part."""
        middle = center + 0.5  # On pixel edges.
        across, down = (self._covered(middle[axis] - radii[axis], middle[axis] + radii[axis]) for axis in (0, 1))
        return np.outer(down, across)

    def _covered(self, low: float, high: float) -> NDArray[np.float64]:
        """The share of each pixel along an axis, `[size]`, that lies between two edges."""
        return np.diff(np.clip(np.arange(self.options.size + 1), low, high))


@hookimpl
def faceswap_masker() -> type[BoxMasker]:
    """Hands over the masker."""
    return BoxMasker
