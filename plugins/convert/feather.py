"""Moves the mask's edge in or out and fades it, so that the face has no seam."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ...core.contract import CropPatch
from ...core.hookspecs import hookimpl
from ...core.kinds import CropBlender

FACESWAP_CONTRACT = 1

Mask = NDArray[np.float32]


class FeatherBlender(CropBlender):
    """Erodes the mask by a disc, then blurs it; both in per cent of the crop's side, whatever its resolution.

    What lies beyond the crop counts as no face, and the result is zero on the crop's outermost pixels: a mask that
    the crop cuts off fades out before the crop ends.
    """

    class Options(CropBlender.Options):
        """How far the mask's edge moves and fades."""

        erode: float = Field(
            1.0,
            ge=-25,
            le=25,
            description="How far the mask's edge moves inward, in per cent of the crop's side; negative: outward.",
        )
        blur: float = Field(
            3.0,
            ge=0,
            le=25,
            description="How far the mask's edge fades to either side, in per cent of the crop's side.",
        )

    options: Options

    def blend(self, patch: CropPatch) -> CropPatch:
        """Feathers the masks; the faces stay as they are."""
        masks = np.empty(patch.masks.shape, np.float32)
        for index, mask in enumerate(patch.masks):
            masks[index, ..., 0] = self._feathered(np.ascontiguousarray(mask[..., 0]))
        return replace(patch, masks=masks)

    def _feathered(self, mask: Mask) -> Mask:
        pixels = mask.shape[0] / 100
        moved = _eroded(mask, self.options.erode * pixels)
        return np.clip(_blurred(moved, self.options.blur * pixels), 0, 1)


def _eroded(mask: Mask, distance: float) -> Mask:
    """Moves the mask's edge inward by a distance in pixels, outward where it is negative.

    Between two whole radii the results are mixed, so that small crops get the same edge as large ones.
    """
    radius, share = int(abs(distance)), abs(distance) % 1
    near = _moved_whole(mask, radius, outward=distance < 0)
    if share == 0:
        return near
    far = _moved_whole(mask, radius + 1, outward=distance < 0)
    return near + np.float32(share) * (far - near)


def _moved_whole(mask: Mask, radius: int, outward: bool) -> Mask:
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    move = cv2.dilate if outward else cv2.erode
    return np.asarray(move(mask, disc, borderType=cv2.BORDER_CONSTANT, borderValue=0), np.float32)


def _blurred(mask: Mask, distance: float) -> Mask:
    """Fades the mask's edge over a distance in pixels to either side: a Gaussian cut off at two deviations."""
    if distance == 0:
        return mask
    radius = int(np.ceil(distance))
    inner = slice(radius + 1, mask.shape[0] - radius - 1)
    kept = np.zeros_like(mask)
    kept[inner, inner] = mask[inner, inner]
    size = (2 * radius + 1, 2 * radius + 1)
    return np.asarray(cv2.GaussianBlur(kept, size, distance / 2, borderType=cv2.BORDER_CONSTANT), np.float32)


@hookimpl
def faceswap_blender() -> type[FeatherBlender]:
    """Hands over the blender."""
    return FeatherBlender
