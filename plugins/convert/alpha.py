"""Lays the face over the frame with the mask as its opacity."""

from __future__ import annotations

from ...core.contract import BoxPixels, FramePatch
from ...core.hookspecs import hookimpl
from ...core.kinds import FrameBlender
from ...lib.blending import alpha_blend

FACESWAP_CONTRACT = 1


class AlphaBlender(FrameBlender):
    """Mixes face and frame in the proportion of the mask."""

    def composite(self, patch: FramePatch) -> BoxPixels:
        """Mixes the box; exact where the mask is 0 or 1."""
        return alpha_blend(patch.frame, patch.face, patch.mask)


@hookimpl
def faceswap_blender() -> type[AlphaBlender]:
    """Hands over the blender."""
    return AlphaBlender
