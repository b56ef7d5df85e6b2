"""Masks the convex hull of the 68 landmarks, raised above the brows or over the forehead."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ....core.contract import Crops, CropSpec, Landmarks, Masks
from ....core.hookspecs import hookimpl
from ....core.kinds import Masker
from ....lib.warp import convex_hull_mask

FACESWAP_CONTRACT = 1

_BROWS = slice(17, 27)
_NOSE_BASE = 33


class HullMasker(Masker):
    """The convex hull of the landmarks."""

    schemes = frozenset({"ibug68"})

    class Options(Masker.Options):
        """How far the mask reaches."""

        forehead: float = Field(
            0.3,
            ge=0,
            le=1.5,
            description="How far the hull is raised above the brows, as a share of the distance from brows to nose "
            "base: 0 is the bare hull, 0.3 takes the brows in whole, 1 reaches the hairline of an average face.",
        )
        size: int = Field(256, ge=16, le=1024, description="Side of the crop in which the mask is drawn, in pixels.")

    options: Options

    @property
    def crop(self) -> CropSpec:
        """The whole head, so that neither a turned head's jaw nor a raised forehead is cut off."""
        return CropSpec(self.options.size, "head")

    def mask(self, crops: Crops, crop_landmarks: Landmarks) -> Masks:
        """Draws the hull of each face's landmarks."""
        masks = np.zeros((*crops.shape[:3], 1), np.float32)
        for mask, points in zip(masks, crop_landmarks, strict=True):
            _draw_hull(mask, self._outline(points))
        return masks

    def _outline(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """The landmarks and, above the brows, the points of a raised arch."""
        if self.options.forehead == 0:
            return points
        brows = points[_BROWS]
        # By the rule of thirds the hairline is as far above the brows as the nose base is below them.
        third = brows.mean(axis=0) - points[_NOSE_BASE]
        # The forehead is round: the outer brow ends rise half as far as the middle.
        along = np.linspace(-1, 1, len(brows), dtype=np.float32)[:, None]
        raised = brows + np.float32(self.options.forehead) * (1 - along**2 / 2) * third
        return np.concatenate([points, raised.astype(np.float32)])


def _draw_hull(mask: NDArray[np.float32], points: NDArray[np.float32]) -> None:
    """Draws a hull into an empty mask `[size size 1]`; only the square around it, which is several times faster."""
    size = len(mask)
    low = np.clip(np.floor(points.min(axis=0)) - 1, 0, size - 1).astype(int)
    high = np.clip(np.ceil(points.max(axis=0)) + 2, low + 1, size).astype(int)
    side = int((high - low).max())
    width, height = (high - low).tolist()
    part = convex_hull_mask(points - low, side)
    mask[low[1] : high[1], low[0] : high[0]] = part[:height, :width]


@hookimpl
def faceswap_masker() -> type[HullMasker]:
    """Hands over the masker."""
    return HullMasker
