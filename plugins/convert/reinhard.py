"""Gives the swapped face the target's mean color and contrast, channel by channel in LAB (Reinhard)."""

from __future__ import annotations

from dataclasses import replace

from ...core.contract import CropPatch
from ...core.hookspecs import hookimpl
from ...core.kinds import CropBlender
from ...lib.color import transfer_reinhard

FACESWAP_CONTRACT = 1


class ReinhardBlender(CropBlender):
    """Matches mean and standard deviation of the colors, measured inside the mask only."""

    def blend(self, patch: CropPatch) -> CropPatch:
        """Recolors the faces after the targets."""
        return replace(patch, faces=transfer_reinhard(patch.faces, patch.targets, patch.masks))


@hookimpl
def faceswap_blender() -> type[ReinhardBlender]:
    """Hands over the blender."""
    return ReinhardBlender
