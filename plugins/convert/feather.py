"""Moves the mask's edge in or out and fades it, so that the face has no seam."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from pydantic import Field

from ...core.contract import CropPatch
from ...core.hookspecs import hookimpl
from ...core.kinds import CropBlender
from ...lib.mask_edges import SIDES, Mask, blur_mask, erode_mask, erode_side
from .patch_masks import face_sides

FACESWAP_CONTRACT = 1


class FeatherBlender(CropBlender):
    """Erodes the mask by a disc, then side by side, then blurs it; all in per cent of the face's side.

    That side is the one of the face type `full`, which such a model's crop has: so a setting means the same for every
    model, and at every resolution. What lies beyond the crop counts as no face, and the result is zero on the crop's
    outermost pixels: a mask that the crop cuts off fades out before the crop ends.
    """

    class Options(CropBlender.Options):
        """How far the mask's edge moves and fades."""

        erode: float = Field(
            1.0,
            ge=-25,
            le=25,
            description="How far the mask's edge moves inward, in per cent of the face's side; negative: outward.",
        )
        top: float = Field(0.0, ge=-50, le=50, description="How much farther the edge of the forehead moves inward.")
        bottom: float = Field(0.0, ge=-50, le=50, description="How much farther the edge of the chin moves inward.")
        left: float = Field(
            0.0, ge=-50, le=50, description="How much farther the edge on the picture's left moves inward."
        )
        right: float = Field(
            0.0, ge=-50, le=50, description="How much farther the edge on the picture's right moves inward."
        )
        blur: float = Field(
            3.0,
            ge=0,
            le=25,
            description="How far the mask's edge fades to either side, in per cent of the face's side.",
        )

    options: Options

    def blend(self, patch: CropPatch) -> CropPatch:
        """Feathers the masks; the faces stay as they are."""
        masks = np.empty(patch.masks.shape, np.float32)
        for index, (mask, side) in enumerate(zip(patch.masks, face_sides(patch), strict=True)):
            masks[index, ..., 0] = self._feathered(np.ascontiguousarray(mask[..., 0]), side / 100)
        return replace(patch, masks=masks)

    def _feathered(self, mask: Mask, pixels: float) -> Mask:
        """Feathers one mask; a per cent of the face's side is so many `pixels`."""
        moved = erode_mask(mask, self.options.erode * pixels)
        for side in SIDES:
            distance = getattr(self.options, side) * pixels
            moved = erode_side(moved, side, distance) if distance else moved
        return np.clip(blur_mask(moved, self.options.blur * pixels), 0, 1)


@hookimpl
def faceswap_blender() -> type[FeatherBlender]:
    """Hands over the blender."""
    return FeatherBlender
