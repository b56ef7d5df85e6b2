"""Masks a rectangle around the mean face, which an aligned crop shows in one place; for any landmark scheme."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ....core.contract import Crops, CropSpec, Landmarks, Masks
from ....core.hookspecs import hookimpl
from ....core.kinds import Masker
from ....lib.geometry import scale_of, transform_points, unit_matrix

FACESWAP_CONTRACT = 1

# From jaw to jaw and from the hairline to the chin of the mean face; in its unit box.
_CENTER = (0.5, 0.40)
_HALF_SIDES = (0.64, 0.89)


class BoxMasker(Masker):
    """A rectangle where the mean face is."""

    class Options(Masker.Options):
        """How large the rectangle is."""

        width: float = Field(1.0, gt=0, le=2, description="Width, as a share of the mean face's.")
        height: float = Field(1.0, gt=0, le=2, description="Height, as a share of the mean face's with its forehead.")
        size: int = Field(256, ge=16, le=1024, description="Side of the crop in which the mask is drawn, in pixels.")

    options: Options

    @property
    def crop(self) -> CropSpec:
        """The whole head, which holds the rectangle."""
        return CropSpec(self.options.size, "head")

    def load(self) -> None:
        """Draws the mask, which is the same in every aligned crop."""
        size = self.options.size
        matrix = unit_matrix(self.crop.face_type, size)
        center = transform_points(matrix, np.array([_CENTER]))[0] + 0.5
        half = np.array(_HALF_SIDES) * [self.options.width, self.options.height] * scale_of(matrix)
        across, down = (_covered(center[axis] - half[axis], center[axis] + half[axis], size) for axis in (0, 1))
        self._mask = np.outer(down, across).astype(np.float32)[..., None]

    def mask(self, crops: Crops, crop_landmarks: Landmarks) -> Masks:
        """Gives every crop the rectangle."""
        return np.repeat(self._mask[None], len(crops), axis=0)


def _covered(low: float, high: float, size: int) -> NDArray[np.float64]:
    """The share of each pixel along an axis, `[size]`, that lies between two edges."""
    edges = np.clip(np.arange(size + 1), low, high)
    return np.diff(edges)


@hookimpl
def faceswap_masker() -> type[BoxMasker]:
    """Hands over the masker."""
    return BoxMasker
