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
    it, an `erode` of 4 or more. What is of quite another color there, such as a hand that `occlusion` left out of the
    mask, hair or the background, does not bleed in; it takes some times as long where there is such.
    """

    class Options(FrameBlender.Options):
        """What becomes of the frame's own detail, and of the colors at the mask's edge."""

        mixed: bool = Field(False, description="Keep the frame's detail where it is stronger than the face's.")
        tolerance: float = Field(
            8.0,
            ge=1,
            le=100,
            description="How far frame and face may differ at the mask's edge from how they mostly do, in per cent of "
            "the range, before the frame's color there counts less; at twice as much it does not count.",
        )

    options: Options

    def composite(self, patch: FramePatch) -> BoxPixels:
        """Solves the Poisson equation on the mask's support and lays the answer over the box by the mask."""
        options = self.options
        return poisson_blend(patch.frame, patch.face, patch.mask, options.mixed, options.tolerance / 100)


@hookimpl
def faceswap_blender() -> type[PoissonBlender]:
    """Hands over the blender."""
    return PoissonBlender
