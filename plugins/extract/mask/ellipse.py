"""Masks an ellipse around the mean face, which an aligned crop shows in one place; for any landmark scheme."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ....core.hookspecs import hookimpl
from ..mean_face_masker import MeanFaceMasker

FACESWAP_CONTRACT = 1


class EllipseMasker(MeanFaceMasker):
    """An ellipse where the mean face is."""

    def draw(self, center: NDArray[np.float64], radii: NDArray[np.float64]) -> NDArray[Any]:
        """Draws the ellipse; its edge is a pixel wide."""
        y, x = np.mgrid[: self.options.size, : self.options.size]
        across, down = (x - center[0]) / radii[0], (y - center[1]) / radii[1]
        level = np.hypot(across, down)
        # Distance from the edge in pixels, to first order: (level - 1) / |gradient of level|.
        slope = np.hypot(across / radii[0], down / radii[1]) / np.maximum(level, 1e-6)
        distance = (level - 1) / np.maximum(slope, 1e-6)
        return np.asarray(np.clip(0.5 - distance, 0, 1))


@hookimpl
def faceswap_masker() -> type[EllipseMasker]:
    """Hands over the masker."""
    return EllipseMasker
