"""Makes the swapped face as sharp or as soft as the target's own face is: out of focus where that is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from pydantic import Field

from ...core.contract import CropPatch
from ...core.hookspecs import hookimpl
from ...core.kinds import CropBlender
from ...lib.sharpness import match_sharpness

FACESWAP_CONTRACT = 1


class MatchSharpnessBlender(CropBlender):
    """Measures how steep the edges of both faces are, inside the mask only, and blurs or sharpens the swapped one.

    Contrast and grain of the target do not count. Before `match-noise`, which would be blurred with the face.
    """

    class Options(CropBlender.Options):
        """How far it may go."""

        blur: float = Field(
            3.0,
            ge=0,
            le=10,
            description="The most that is blurred: the deviation of a Gaussian in per cent of the crop's side.",
        )
        sharpen: float = Field(100.0, ge=0, le=500, description="The most that is sharpened, as `sharpen` counts it.")

    options: Options

    def blend(self, patch: CropPatch) -> CropPatch:
        """Blurs or sharpens the faces; the masks stay as they are."""
        widest, most = self.options.blur / 100 * patch.faces.shape[1], self.options.sharpen / 100
        faces = np.array(patch.faces, np.float32)
        for face, target, mask in zip(faces, patch.targets, patch.masks, strict=True):
            np.clip(match_sharpness(face, target, mask[..., 0] > 0, widest, most), 0, 1, out=face)
        return replace(patch, faces=faces)


@hookimpl
def faceswap_blender() -> type[MatchSharpnessBlender]:
    """Hands over the blender."""
    return MatchSharpnessBlender
