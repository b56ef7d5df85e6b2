"""Blurs the swapped face along its way through the frame, as an open shutter does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ...core.contract import CropPatch, Neighbors
from ...core.hookspecs import hookimpl
from ...core.kinds import CropBlender
from ...lib.geometry import invert, transform_points
from ...lib.masked_blur import line_kernel, smear_inside

FACESWAP_CONTRACT = 1

_STILL = 0.1  # Pixels of the crop below which nothing is blurred.


class MotionBlurBlender(CropBlender):
    """Measures how far the face moves from frame to frame, by its landmarks, and blurs it over a share of that way.

    One straight movement of the whole face, inside the mask only: neither turns nor the parts of the face. A face
    without neighbors, such as one without a track, stays as it is.
    """

    class Options(CropBlender.Options):
        """How long the shutter is open."""

        shutter: float = Field(
            180.0, ge=0, le=360, description="The shutter's angle: 360 is open from frame to frame, 180 half of it."
        )

    options: Options

    @property
    def context(self) -> int:
        """The frame before and the one after."""
        return 1 if self.options.shutter else 0

    def blend(self, patch: CropPatch) -> CropPatch:
        """Blurs the faces; the masks stay as they are."""
        faces = np.array(patch.faces, np.float32)
        for index, neighbors in enumerate(patch.neighbors):
            across, down = self.options.shutter / 360 * _way(patch, index, neighbors)
            inside = patch.masks[index, ..., 0] > 0
            if np.hypot(across, down) >= _STILL and inside.any():
                blurred = smear_inside(faces[index], inside, line_kernel(across, down))
                faces[index][inside] = np.clip(blurred, 0, 1)[inside]
        return replace(patch, faces=faces)


def _way(patch: CropPatch, index: int, neighbors: Neighbors) -> NDArray[np.float64]:
    """How far a face moves in one frame, in crop pixels: `[2]`; 0 where nothing is known."""
    matrix = patch.matrix[index].astype(np.float64)
    here = transform_points(invert(matrix), patch.crop_landmarks[index]).mean(axis=0)
    places = {0: here}
    places.update(zip(neighbors.offsets, neighbors.landmarks.astype(np.float64).mean(axis=1), strict=True))
    first, last = min(places), max(places)
    if first == last:
        return np.zeros(2)
    return np.asarray(matrix[:, :2] @ (places[last] - places[first]) / (last - first))


@hookimpl
def faceswap_blender() -> type[MotionBlurBlender]:
    """Hands over the blender."""
    return MotionBlurBlender
