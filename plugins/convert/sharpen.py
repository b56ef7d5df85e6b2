"""Sharpens the swapped face, which a model makes softer than the footage."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from pydantic import Field

from ...core.contract import CropPatch
from ...core.hookspecs import hookimpl
from ...core.kinds import CropBlender
from ...lib.masked_blur import box_kernel, gaussian_kernel
from ...lib.sharpen import sharpen

FACESWAP_CONTRACT = 1


class SharpenBlender(CropBlender):
    """Adds to the face what a blur of it takes away, inside the mask only; alike at every resolution of the crop."""

    class Options(CropBlender.Options):
        """How, how wide and how much."""

        method: Literal["box", "gaussian", "unsharp"] = Field(
            "gaussian",
            description="The blur: box is harder; unsharp is gaussian and spares differences below threshold.",
        )
        radius: float = Field(
            1.0,
            ge=0.05,
            le=10,
            description="How far the blur reaches (deviation of a Gaussian), in per cent of the crop's side.",
        )
        amount: float = Field(50.0, ge=0, le=500, description="How much of the difference to add, in per cent.")
        threshold: float = Field(
            2.0,
            ge=0,
            le=100,
            description="For unsharp: smaller differences, such as grain, stay; in per cent of the range.",
        )

    options: Options

    def blend(self, patch: CropPatch) -> CropPatch:
        """Sharpens the faces; the masks stay as they are."""
        options = self.options
        radius = options.radius / 100 * patch.faces.shape[1]
        kernel = box_kernel(radius) if options.method == "box" else gaussian_kernel(radius)
        threshold = options.threshold / 100 if options.method == "unsharp" else 0
        return replace(patch, faces=sharpen(patch.faces, patch.masks, kernel, options.amount / 100, threshold))


@hookimpl
def faceswap_blender() -> type[SharpenBlender]:
    """Hands over the blender."""
    return SharpenBlender
