"""What the blenders of masks have in common: how large a face is in its crop, and the masks that go by a name."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...core.contract import CropPatch, Masks
from ...core.errors import FaceswapError
from ...lib.geometry import crop_matrix, scale_of
from ...lib.warp import convex_hull_mask
from ..extract.face_hull import BROWS_IN, raised_outline

HULL = "hull"
"""The hull of the landmarks; drawn where the faceset has no mask of that name."""


def face_sides(patch: CropPatch) -> list[float]:
    """Side of each face in crop pixels: that of the face type `full`.

    It follows from the landmarks, to a hundredth of a pixel, so that rounding does not matter; a face whose landmarks
    are all one place counts as large as the crop.
    """
    if not len(patch.crop_landmarks):
        return []
    scales = [scale_of(matrix) for matrix in crop_matrix(patch.crop_landmarks, patch.scheme, "full", 1)]
    return [round(1 / scale, 2) if np.isfinite(scale) else float(patch.masks.shape[1]) for scale in scales]


def named_mask(patch: CropPatch, name: str) -> Masks:
    """The masks of a name: those of a masker as the faceset has them, or `hull`.

    Raises:
        FaceswapError: The faceset has none of that name.
    """
    if name in patch.stored_masks:
        return patch.stored_masks[name]
    if name == HULL and patch.scheme == "ibug68":
        return landmark_hull(patch)
    known = ", ".join(sorted({*patch.stored_masks, HULL}))
    raise FaceswapError(
        f"there is no mask '{name}', only {known}; extract into another faceset with --masker {name} to have it"
    )


def landmark_hull(patch: CropPatch) -> NDArray[np.float32]:
    """The hull of each face's 68 landmarks with the brows in it, `[faces size size 1]`."""
    masks = np.zeros(patch.masks.shape, np.float32)
    for mask, points in zip(masks, patch.crop_landmarks, strict=True):
        mask[:] = convex_hull_mask(raised_outline(points, BROWS_IN), len(mask))
    return masks
