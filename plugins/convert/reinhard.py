"""Gives the swapped face the target's mean color and contrast, channel by channel in LAB (Reinhard)."""

from __future__ import annotations

from ...core.hookspecs import hookimpl
from ...lib.color import Floats, transfer_reinhard
from .color_blender import ColorBlender

FACESWAP_CONTRACT = 1


class ReinhardBlender(ColorBlender):
    """Matches mean and standard deviation of the colors, measured inside the mask only."""

    def transfer(self, faces: Floats, targets: Floats, masks: Floats, target_masks: Floats | None = None) -> Floats:
        """Recolors faces; see the base class."""
        return transfer_reinhard(faces, targets, masks, target_masks)


@hookimpl
def faceswap_blender() -> type[ReinhardBlender]:
    """Hands over the blender."""
    return ReinhardBlender
