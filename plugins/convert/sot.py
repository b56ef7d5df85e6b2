"""Moves the swapped face's colors to the target's, averaged over many directions (sliced transport)."""

from __future__ import annotations

from dataclasses import replace

from pydantic import Field

from ...core.contract import CropPatch
from ...core.hookspecs import hookimpl
from ...core.kinds import CropBlender
from ...lib.color_transport import transfer_sliced

FACESWAP_CONTRACT = 1


class SotBlender(CropBlender):
    """Matches the whole distribution of colors in small, even steps; measured inside the mask only."""

    class Options(CropBlender.Options):
        """How far the transport goes."""

        steps: int = Field(10, ge=1, le=100, description="How many steps to take; more come closer to the target.")

    options: Options

    def blend(self, patch: CropPatch) -> CropPatch:
        """Recolors the faces after the targets."""
        return replace(patch, faces=transfer_sliced(patch.faces, patch.targets, patch.masks, self.options.steps))


@hookimpl
def faceswap_blender() -> type[SotBlender]:
    """Hands over the blender."""
    return SotBlender
