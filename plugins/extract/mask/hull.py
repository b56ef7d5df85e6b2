"""Masks the convex hull of the 68 landmarks, raised above the brows or over the forehead."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from ....core.contract import Crops, CropSpec, Landmarks, Masks
from ....core.hookspecs import hookimpl
from ....core.kinds import Masker
from ....lib.warp import convex_hull_mask
from ..face_hull import FOREHEAD, raised_outline

FACESWAP_CONTRACT = 1


class HullMasker(Masker):
    """The convex hull of the landmarks."""

    schemes = frozenset({"ibug68"})

    class Options(Masker.Options):
        """How far the mask reaches."""

        forehead: float = FOREHEAD
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
            mask[:] = convex_hull_mask(raised_outline(points, self.options.forehead), len(mask))
        return masks


@hookimpl
def faceswap_masker() -> type[HullMasker]:
    """Hands over the masker."""
    return HullMasker
