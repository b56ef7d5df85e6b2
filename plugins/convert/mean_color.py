"""Shifts the swapped face's colors so that their mean is the target's; contrast stays as the model made it."""

from __future__ import annotations

from dataclasses import replace

from ...core.contract import CropPatch
from ...core.hookspecs import hookimpl
from ...core.kinds import CropBlender
from ...lib.color import transfer_mean

FACESWAP_CONTRACT = 1


class MeanColorBlender(CropBlender):
    """Matches the mean color, measured inside the mask only."""

    def blend(self, patch: CropPatch) -> CropPatch:
        """Recolors the faces after the targets."""
        return replace(patch, faces=transfer_mean(patch.faces, patch.targets, patch.masks))


@hookimpl
def faceswap_blender() -> type[MeanColorBlender]:
    """Hands over the blender."""
    return MeanColorBlender
