"""Gives each channel of the swapped face the target's histogram."""

from __future__ import annotations

from dataclasses import replace

from ...core.contract import CropPatch
from ...core.hookspecs import hookimpl
from ...core.kinds import CropBlender
from ...lib.color_transport import transfer_histogram

FACESWAP_CONTRACT = 1


class HistogramBlender(CropBlender):
    """Matches the histograms of red, green and blue, measured inside the mask only."""

    def blend(self, patch: CropPatch) -> CropPatch:
        """Recolors the faces after the targets."""
        return replace(patch, faces=transfer_histogram(patch.faces, patch.targets, patch.masks))


@hookimpl
def faceswap_blender() -> type[HistogramBlender]:
    """Hands over the blender."""
    return HistogramBlender
