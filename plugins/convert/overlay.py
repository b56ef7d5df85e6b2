"""Lays the face over the frame wherever the mask is more than zero: no blending, the hardest edge."""

from __future__ import annotations

import numpy as np

from ...core.contract import BoxPixels, FramePatch
from ...core.hookspecs import hookimpl
from ...core.kinds import FrameBlender

FACESWAP_CONTRACT = 1


class OverlayBlender(FrameBlender):
    """Replaces every pixel of the mask's support."""

    def composite(self, patch: FramePatch) -> BoxPixels:
        """Takes the face inside the mask's support, the frame outside."""
        return np.where(patch.mask > 0, patch.face, patch.frame)


@hookimpl
def faceswap_blender() -> type[OverlayBlender]:
    """Hands over the blender."""
    return OverlayBlender
