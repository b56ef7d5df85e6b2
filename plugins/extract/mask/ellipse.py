"""Masks an ellipse around the mean face, which an aligned crop shows in one place; for any landmark scheme."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from ....core.contract import Crops, CropSpec, Landmarks, Masks
from ....core.hookspecs import hookimpl
from ....core.kinds import Masker
from ....lib.geometry import scale_of, transform_points, unit_matrix

FACESWAP_CONTRACT = 1

# The ellipse that lies nearest to the mean face's jaw line, closed over the forehead; in its unit box.
_CENTER = (0.5, 0.40)
_RADII = (0.64, 0.89)


class EllipseMasker(Masker):
    """An ellipse where the mean face is."""

    class Options(Masker.Options):
        """How large the ellipse is."""

        width: float = Field(1.0, gt=0, le=2, description="Width, as a share of the mean face's.")
        height: float = Field(1.0, gt=0, le=2, description="Height, as a share of the mean face's with its forehead.")
        size: int = Field(256, ge=16, le=1024, description="Side of the crop in which the mask is drawn, in pixels.")

    options: Options

    @property
    def crop(self) -> CropSpec:
        """The whole head, which holds the ellipse."""
        return CropSpec(self.options.size, "head")

    def load(self) -> None:
        """Draws the mask, which is the same in every aligned crop."""
        size = self.options.size
        matrix = unit_matrix(self.crop.face_type, size)
        center = transform_points(matrix, np.array([_CENTER]))[0]
        radii = np.array(_RADII) * [self.options.width, self.options.height] * scale_of(matrix)
        y, x = np.mgrid[:size, :size]
        across, down = (x - center[0]) / radii[0], (y - center[1]) / radii[1]
        level = np.hypot(across, down)
        # Distance from the edge in pixels, to first order: (level - 1) / |gradient of level|.
        slope = np.hypot(across / radii[0], down / radii[1]) / np.maximum(level, 1e-6)
        distance = (level - 1) / np.maximum(slope, 1e-6)
        self._mask = np.clip(0.5 - distance, 0, 1).astype(np.float32)[..., None]

    def mask(self, crops: Crops, crop_landmarks: Landmarks) -> Masks:
        """Gives every crop the ellipse."""
        return np.repeat(self._mask[None], len(crops), axis=0)


@hookimpl
def faceswap_masker() -> type[EllipseMasker]:
    """Hands over the masker."""
    return EllipseMasker
