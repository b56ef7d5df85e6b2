"""Gives each channel of the swapped face the target's histogram."""

from __future__ import annotations

from ...core.hookspecs import hookimpl
from ...lib.color import Floats
from ...lib.color_transport import transfer_histogram
from .color_blender import ColorBlender

FACESWAP_CONTRACT = 1


class HistogramBlender(ColorBlender):
    """Matches the histograms of red, green and blue, measured inside the mask only."""

    def transfer(self, faces: Floats, targets: Floats, masks: Floats, target_masks: Floats | None = None) -> Floats:
        """Recolors faces; see the base class."""
        return transfer_histogram(faces, targets, masks, target_masks)


@hookimpl
def faceswap_blender() -> type[HistogramBlender]:
    """Hands over the blender."""
    return HistogramBlender
