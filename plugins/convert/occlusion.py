"""Keeps what lies before the face, such as a hand or a microphone, by a stored mask that leaves it out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from pydantic import Field

from ...core.contract import CropPatch, Masks
from ...core.errors import FaceswapError
from ...core.hookspecs import hookimpl
from ...core.kinds import CropBlender
from ...lib.mask_edges import Mask, blur_mask, erode_mask
from .patch_masks import HULL, face_sides, landmark_hull, named_mask

FACESWAP_CONTRACT = 1

_ALL = "auto"


class OcclusionBlender(CropBlender):
    """Takes out of the mask what a masker of pixels (`onnx`, `grabcut`) left out of the face within the hull.

    Unlike the product of both masks it leaves the face's outline alone: what such a masker misses along the rim is
    narrow, and only what is wide counts as lying before the face. Color blenders after it measure the face without
    the hand. Distances are in per cent of the face's side (that of the face type `full`).
    """

    class Options(CropBlender.Options):
        """Which mask is looked at, and what counts."""

        mask: str = Field(
            _ALL, description="Masker of the faceset whose mask leaves occlusions out; `auto`: what all of them hold."
        )
        least: float = Field(
            5.0, ge=0, le=50, description="What is narrower than this, in per cent of the face's side, stays face."
        )
        grow: float = Field(1.0, ge=0, le=25, description="How far around it the frame is kept as well.")
        blur: float = Field(1.5, ge=0, le=25, description="How far its edge fades to either side.")

    options: Options

    def blend(self, patch: CropPatch) -> CropPatch:
        """Takes occlusions out of the masks; the faces stay as they are."""
        hidden = (1 - self._visible(patch)) * landmark_hull(patch)
        masks = np.array(patch.masks, np.float32)
        for mask, before, side in zip(masks, hidden, face_sides(patch), strict=True):
            mask[..., 0] *= 1 - self._occluder(np.ascontiguousarray(before[..., 0]), side / 100)
        return replace(patch, masks=masks)

    def _visible(self, patch: CropPatch) -> Masks:
        """What the chosen masks hold together."""
        if patch.scheme != "ibug68":
            raise FaceswapError(f"occlusions are looked for among 68 landmarks (ibug68), these are of {patch.scheme}")
        if self.options.mask != _ALL:
            return named_mask(patch, self.options.mask)
        stored = [mask for name, mask in patch.stored_masks.items() if name != HULL]
        if not stored:
            raise FaceswapError(
                "the faceset has no mask that leaves occlusions out; extract into another one with --masker onnx or "
                "grabcut"
            )
        return np.asarray(np.prod(stored, axis=0), np.float32)

    def _occluder(self, before: Mask, pixels: float) -> Mask:
        """What is wide enough, with room around it; a per cent of the face's side is so many `pixels`."""
        options = self.options
        core = erode_mask(before, options.least / 2 * pixels)
        grown = erode_mask(core, -(options.least / 2 + options.grow) * pixels)
        return blur_mask(grown, options.blur * pixels)


@hookimpl
def faceswap_blender() -> type[OcclusionBlender]:
    """Hands over the blender."""
    return OcclusionBlender
