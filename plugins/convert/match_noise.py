"""Gives the swapped face the grain that the target has and a model's answer lacks."""

from __future__ import annotations

from dataclasses import replace
from itertools import zip_longest

import numpy as np
from pydantic import Field

from ...core.contract import CropPatch
from ...core.hookspecs import hookimpl
from ...core.kinds import CropBlender
from ...lib.grain import grain_covariance, grain_like, grain_on_crop

FACESWAP_CONTRACT = 1


class MatchNoiseBlender(CropBlender):
    """Measures the grain of both faces inside the mask and adds what the swapped one lacks.

    The grain is drawn on the frame's own pixels, and differs from frame to frame and from track to track; the same
    frame gets the same grain in every run. Where a face is larger in the frame than the model's crop, the crop cannot
    hold grain as fine as the frame's, and it comes out coarser. After `match-sharpness` and every color blender.
    """

    class Options(CropBlender.Options):
        """How much, and which."""

        strength: float = Field(100.0, ge=0, le=300, description="How much of the lacking grain to add, in per cent.")
        seed: int = Field(0, ge=0, description="Another seed gives other grain of the same strength.")

    options: Options

    def blend(self, patch: CropPatch) -> CropPatch:
        """Adds grain to the faces; the masks stay as they are."""
        faces = np.array(patch.faces, np.float32)
        for index, (track, time) in enumerate(_whose(patch)):
            inside = patch.masks[index, ..., 0] > 0
            own, wanted = (grain_covariance(one, inside) for one in (faces[index], patch.targets[index]))
            if not inside.any() or np.trace(wanted) <= np.trace(own):
                continue
            seed = (self.options.seed, track + 1, round(time * 1e6) % 2**63)
            unit, left = grain_on_crop(patch.matrix[index], faces.shape[1], seed)
            grain = np.float32(self.options.strength / 100) * grain_like(wanted, own, unit, left)
            np.clip(faces[index] + grain, 0, 1, out=faces[index])
        return replace(patch, faces=faces)


def _whose(patch: CropPatch) -> list[tuple[int, float]]:
    """The track and time of each face; none and 0 where the patch does not tell them."""
    known = list(zip_longest(patch.track, patch.time, fillvalue=0))
    return [(int(track), float(time)) for track, time in known] or [(-1, 0.0)] * len(patch.faces)


@hookimpl
def faceswap_blender() -> type[MatchNoiseBlender]:
    """Hands over the blender."""
    return MatchNoiseBlender
