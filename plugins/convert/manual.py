"""Changes the swapped face's brightness, contrast and color balance by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from pydantic import Field

from ...core.contract import CropPatch
from ...core.hookspecs import hookimpl
from ...core.kinds import CropBlender

FACESWAP_CONTRACT = 1


class ManualBlender(CropBlender):
    """Sets contrast about middle gray, then brightness and balance; nothing is measured.

    So a color gets the same answer in every frame, and a chain may have it after a color transfer to correct that.
    """

    class Options(CropBlender.Options):
        """What to change; all 0 changes nothing, bit for bit."""

        brightness: float = Field(
            0.0, ge=-100, le=100, description="Added to all channels, in per cent of the way from black to white."
        )
        contrast: float = Field(
            0.0, ge=-100, le=100, description="Contrast added, in per cent; -100 leaves middle gray, 100 doubles it."
        )
        red: float = Field(0.0, ge=-100, le=100, description="Added to red, in per cent of its range.")
        green: float = Field(0.0, ge=-100, le=100, description="Added to green, in per cent of its range.")
        blue: float = Field(0.0, ge=-100, le=100, description="Added to blue, in per cent of its range.")

    options: Options

    def blend(self, patch: CropPatch) -> CropPatch:
        """Recolors the faces; neither targets nor masks matter."""
        options = self.options
        gain = 1 + options.contrast / 100
        balance = np.array([options.red, options.green, options.blue])
        offset = (1 - gain) / 2 + (options.brightness + balance) / 100
        faces = patch.faces * np.float32(gain) + offset.astype(np.float32)
        return replace(patch, faces=np.clip(faces, 0, 1, out=faces))


@hookimpl
def faceswap_blender() -> type[ManualBlender]:
    """Hands over the blender."""
    return ManualBlender
