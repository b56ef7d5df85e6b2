"""Gives the swapped face the target's mean color and color covariance while its colors move least."""

from __future__ import annotations

from dataclasses import replace

from ...core.contract import CropPatch
from ...core.hookspecs import hookimpl
from ...core.kinds import CropBlender
from ...lib.color_transfer import transfer_monge_kantorovich

FACESWAP_CONTRACT = 1


class MklBlender(CropBlender):
    """Matches how the channels vary together (Monge-Kantorovich); measured inside the mask only."""

    def blend(self, patch: CropPatch) -> CropPatch:
        """Recolors the faces after the targets."""
        return replace(patch, faces=transfer_monge_kantorovich(patch.faces, patch.targets, patch.masks))


@hookimpl
def faceswap_blender() -> type[MklBlender]:
    """Hands over the blender."""
    return MklBlender
