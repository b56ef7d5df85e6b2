"""Gives the swapped face the target's mean color and color covariance by whitening and coloring."""

from __future__ import annotations

from dataclasses import replace

from ...core.contract import CropPatch
from ...core.hookspecs import hookimpl
from ...core.kinds import CropBlender
from ...lib.color_transfer import transfer_linear

FACESWAP_CONTRACT = 1


class LctBlender(CropBlender):
    """Matches how the channels vary together (LCT), not only each by itself; measured inside the mask only.

    It may turn hues (lips that come out as skin) where face and target differ by a strong cast; `mkl` reaches the
    same covariance by the shortest way and keeps them better.
    """

    def blend(self, patch: CropPatch) -> CropPatch:
        """Recolors the faces after the targets."""
        return replace(patch, faces=transfer_linear(patch.faces, patch.targets, patch.masks))


@hookimpl
def faceswap_blender() -> type[LctBlender]:
    """Hands over the blender."""
    return LctBlender
