"""Shifts the swapped face's colors so that their mean is the target's; contrast stays as the model made it."""

from __future__ import annotations

from ...core.hookspecs import hookimpl
from ...lib.color import Floats, transfer_mean
from .color_blender import ColorBlender

FACESWAP_CONTRACT = 1


class MeanColorBlender(ColorBlender):
    """Matches the mean color, measured inside the mask only."""

    def transfer(self, faces: Floats, targets: Floats, masks: Floats, target_masks: Floats | None = None) -> Floats:
        """Recolors faces; see the base class."""
        return transfer_mean(faces, targets, masks, target_masks)


@hookimpl
def faceswap_blender() -> type[MeanColorBlender]:
    """Hands over the blender."""
    return MeanColorBlender
