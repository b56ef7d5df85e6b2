"""Fades the face's broad color over a wide way and its detail over a short one (Laplacian multi-band blending)."""

from __future__ import annotations

from pydantic import Field

from ...core.contract import BoxPixels, FramePatch
from ...core.hookspecs import hookimpl
from ...core.kinds import FrameBlender
from ...lib.multiband import multiband_blend

FACESWAP_CONTRACT = 1


class LaplacianBlender(FrameBlender):
    """Hides a seam of color and keeps detail crisp; unlike `poisson`, it takes no color from around the mask.

    The way inward needs room: with `feather` before it, a small `erode` and `blur` are enough.
    """

    class Options(FrameBlender.Options):
        """How many bands there are and how wide they fade."""

        bands: int = Field(5, ge=1, le=10, description="How many bands of detail to part from the broad color.")
        fade: float = Field(
            15.0,
            ge=0,
            le=50,
            description="How far inside the mask's edge the broad color fades in, in per cent of the mask's size.",
        )

    options: Options

    def composite(self, patch: FramePatch) -> BoxPixels:
        """Blends each band with a transition of its own width."""
        options = self.options
        return multiband_blend(patch.frame, patch.face, patch.mask, options.bands, options.fade / 100)


@hookimpl
def faceswap_blender() -> type[LaplacianBlender]:
    """Hands over the blender."""
    return LaplacianBlender
