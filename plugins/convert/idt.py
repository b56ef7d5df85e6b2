"""Moves the swapped face's colors to the target's, one rotation of color space after the other."""

from __future__ import annotations

from dataclasses import replace

from pydantic import Field

from ...core.contract import CropPatch
from ...core.hookspecs import hookimpl
from ...core.kinds import CropBlender
from ...lib.color_transport import transfer_iterative

FACESWAP_CONTRACT = 1


class IdtBlender(CropBlender):
    """Matches the whole distribution of colors (iterative distribution transfer); measured inside the mask only."""

    class Options(CropBlender.Options):
        """How far the transport goes."""

        steps: int = Field(10, ge=1, le=100, description="How many rotations to match; more come closer to the target.")

    options: Options

    def blend(self, patch: CropPatch) -> CropPatch:
        """Recolors the faces after the targets."""
        return replace(patch, faces=transfer_iterative(patch.faces, patch.targets, patch.masks, self.options.steps))


@hookimpl
def faceswap_blender() -> type[IdtBlender]:
    """Hands over the blender."""
    return IdtBlender
