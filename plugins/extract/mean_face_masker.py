"""What maskers of the mean face have in common: an aligned crop shows it in one place, whatever the landmarks."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ...core.contract import Crops, CropSpec, Landmarks, Masks
from ...core.kinds import Masker
from ...lib.geometry import scale_of, transform_points, unit_matrix

# The ellipse that lies nearest to the mean face's jaw line, closed over the forehead; in its unit box. So from jaw to
# jaw and from the hairline to the chin.
_CENTER = (0.5, 0.40)
_RADII = (0.64, 0.89)


class MeanFaceMasker(Masker):
    """A figure where the mean face is; a masker draws it."""

    class Options(Masker.Options):
        """How large the figure is."""

        width: float = Field(1.0, gt=0, le=2, description="Width, as a share of the mean face's.")
        height: float = Field(1.0, gt=0, le=2, description="Height, as a share of the mean face's with its forehead.")
        size: int = Field(256, ge=16, le=1024, description="Side of the crop in which the mask is drawn, in pixels.")

    options: Options

    @property
    def crop(self) -> CropSpec:
        """The whole head, which holds the figure."""
        return CropSpec(self.options.size, "head")

    def load(self) -> None:
        """Draws the mask, which is the same in every aligned crop."""
        matrix = unit_matrix(self.crop.face_type, self.options.size)
        center = transform_points(matrix, np.array([_CENTER]))[0]
        radii = np.array(_RADII) * [self.options.width, self.options.height] * scale_of(matrix)
        self._mask = self.draw(center, radii).astype(np.float32)[..., None]

    def draw(self, center: NDArray[np.float64], radii: NDArray[np.float64]) -> NDArray[Any]:
        """Draws the figure, `[size size]`, 0..1.

        Args:
            center: `[2]`, on pixel centers.
            radii: Half its width and height in pixels, `[2]`.
        """
        raise NotImplementedError

    def mask(self, crops: Crops, crop_landmarks: Landmarks) -> Masks:
        """Gives every crop the figure."""
        return np.repeat(self._mask[None], len(crops), axis=0)
