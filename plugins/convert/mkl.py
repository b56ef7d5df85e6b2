"""Gives the swapped face the target's mean color and color covariance while its colors move least."""

from __future__ import annotations

from ...core.hookspecs import hookimpl
from ...lib.color import Floats
from ...lib.color_transfer import transfer_monge_kantorovich
from .color_blender import ColorBlender

FACESWAP_CONTRACT = 1


class MklBlender(ColorBlender):
    """Matches how the channels vary together (Monge-Kantorovich); measured inside the mask only."""

    def transfer(self, faces: Floats, targets: Floats, masks: Floats, target_masks: Floats | None = None) -> Floats:
        """Recolors faces; see the base class."""
        return transfer_monge_kantorovich(faces, targets, masks, target_masks)


@hookimpl
def faceswap_blender() -> type[MklBlender]:
    """Hands over the blender."""
    return MklBlender
