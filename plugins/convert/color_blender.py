"""What the blenders of color that measure the target have in common: inside the mask, and along the track."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from pydantic import Field

from ...core.contract import CropPatch, Faces
from ...core.kinds import CropBlender
from ...lib.color import Floats


class ColorBlender(CropBlender):
    """Gives the face the colors that the target has around the same moment.

    The target's colors are those of this frame and, with `temporal`, of the frames around it along the track, the
    nearer ones with more weight: so the wanted color does not jump from frame to frame, and lags neither. All crops
    of a track show the face in one place, so this frame's mask is laid over each. The face's own colors are always
    measured in its own frame.
    """

    class Options(CropBlender.Options):
        """Over which time the target is measured."""

        temporal: int = Field(
            0,
            ge=0,
            le=12,
            description="How many frames before and after count as well, so that color does not flicker; 0: none.",
        )

    options: Options

    @property
    def context(self) -> int:
        """The frames whose targets are measured."""
        return self.options.temporal

    def transfer(self, faces: Floats, targets: Floats, masks: Floats, target_masks: Floats | None = None) -> Floats:
        """Recolors faces.

        Args:
            faces: float32 `[... size size 3]`, 0..1.
            targets: What the colors are taken from, float32 `[... height width 3]`, 0..1.
            masks: What counts, `[... size size 1]`.
            target_masks: The same of the targets, `[... height width 1]`; None: `masks`.

        Returns:
            The faces, float32 `[... size size 3]`, 0..1.
        """
        raise NotImplementedError

    def blend(self, patch: CropPatch) -> CropPatch:
        """Recolors the faces after the targets; the masks stay as they are."""
        if not any(neighbors.offsets for neighbors in patch.neighbors):
            return replace(patch, faces=self.transfer(patch.faces, patch.targets, patch.masks))
        faces = np.empty(patch.faces.shape, np.float32)
        for index, (face, mask) in enumerate(zip(patch.faces, patch.masks, strict=True)):
            faces[index] = self.transfer(face, *self._around(patch, index, mask))
        return replace(patch, faces=faces)

    def _around(self, patch: CropPatch, index: int, mask: Floats) -> tuple[Faces, Floats, Floats]:
        """The targets around a face, one below the other as a single picture, its mask, and what counts of them."""
        neighbors = patch.neighbors[index]
        targets = np.concatenate([patch.targets[index][None], neighbors.targets])
        offsets = np.abs(np.array([0, *neighbors.offsets], np.float32))
        shares = np.float32(1) - offsets / np.float32(self.options.temporal + 1)
        counts = np.asarray(shares[:, None, None, None] * mask, np.float32)
        return targets.reshape(-1, *targets.shape[2:]), mask, counts.reshape(-1, *counts.shape[2:])
