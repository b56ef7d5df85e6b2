"""Moves the swapped face's colors to the target's, averaged over many directions (sliced transport)."""

from __future__ import annotations

from pydantic import Field

from ...core.hookspecs import hookimpl
from ...lib.color import Floats
from ...lib.color_transport import transfer_sliced
from .color_blender import ColorBlender

FACESWAP_CONTRACT = 1


class SotBlender(ColorBlender):
    """Matches the whole distribution of colors in small, even steps; measured inside the mask only."""

    class Options(ColorBlender.Options):
        """How far the transport goes."""

        steps: int = Field(10, ge=1, le=100, description="How many steps to take; more come closer to the target.")

    options: Options

    def transfer(self, faces: Floats, targets: Floats, masks: Floats, target_masks: Floats | None = None) -> Floats:
        """Recolors faces; see the base class."""
        return transfer_sliced(faces, targets, masks, self.options.steps, target_masks)


@hookimpl
def faceswap_blender() -> type[SotBlender]:
    """Hands over the blender."""
    return SotBlender
