"""Gives the swapped face the target's mean color and color covariance by whitening and coloring."""

from __future__ import annotations

from ...core.hookspecs import hookimpl
from ...lib.color import Floats
from ...lib.color_transfer import transfer_linear
from .color_blender import ColorBlender

FACESWAP_CONTRACT = 1


class LctBlender(ColorBlender):
    """Matches how the channels vary together (LCT), not only each by itself; measured inside the mask only.

    It may turn hues (lips that come out as skin) where face and target differ by a strong cast; `mkl` reaches the
    same covariance by the shortest way and keeps them better.
    """

    def transfer(self, faces: Floats, targets: Floats, masks: Floats, target_masks: Floats | None = None) -> Floats:
        """Recolors faces; see the base class."""
        return transfer_linear(faces, targets, masks, target_masks)


@hookimpl
def faceswap_blender() -> type[LctBlender]:
    """Hands over the blender."""
    return LctBlender
