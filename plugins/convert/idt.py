"""Moves the swapped face's colors to the target's, one rotation of color space after the other."""

from __future__ import annotations

from pydantic import Field

from ...core.hookspecs import hookimpl
from ...lib.color import Floats
from ...lib.color_transport import transfer_iterative
from .color_blender import ColorBlender

FACESWAP_CONTRACT = 1


class IdtBlender(ColorBlender):
    """Matches the whole distribution of colors (iterative distribution transfer); measured inside the mask only."""

    class Options(ColorBlender.Options):
        """How far the transport goes."""

        steps: int = Field(10, ge=1, le=100, description="How many rotations to match; more come closer to the target.")

    options: Options

    def transfer(self, faces: Floats, targets: Floats, masks: Floats, target_masks: Floats | None = None) -> Floats:
        """Recolors faces; see the base class."""
        return transfer_iterative(faces, targets, masks, self.options.steps, target_masks)


@hookimpl
def faceswap_blender() -> type[IdtBlender]:
    """Hands over the blender."""
    return IdtBlender
