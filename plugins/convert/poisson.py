"""Keeps the face's detail and takes the frame's colors from around it (Poisson blending): no color seam."""

from __future__ import annotations

from pydantic import Field

from ...core.contract import BoxPixels, FramePatch
from ...core.hookspecs import hookimpl
from ...core.kinds import FrameBlender
from ...lib.blending import poisson_blend

FACESWAP_CONTRACT = 1


class PoissonBlender(FrameBlender):
    """Clones the face's gradients into the frame, pixel on pixel: nothing is centered, so nothing shifts.

    The frame's colors at the mask's edge spread over the face, so the edge should lie on skin: with `feather` before
    it, an `erode` of 4 or more keeps hair and background from bleeding in.
    """

    class Options(FrameBlender.Options):
        """What becomes of the frame's own detail."""

        mixed: bool = Field(False, description="Keep the frame's detail where it is stronger than the face's.")

    options: Options

    def composite(self, patch: FramePatch) -> BoxPixels:
        """Solves the Poisson equation on the mask's support and lays the answer over the box by the mask."""
        return poisson_blend(patch.frame, patch.face, patch.mask, mixed=self.options.mixed)


@hookimpl
def faceswap_blender() -> type[PoissonBlender]:
    """Hands over the blender."""
    return PoissonBlender
