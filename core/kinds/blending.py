"""What puts a swapped face into its frame."""

from __future__ import annotations

from .. import contract as c
from .plugin import Plugin


class Blender(Plugin):
    """Brings swapped faces back; either a `CropBlender` or a `FrameBlender`."""

    kind = "blender"


class CropBlender(Blender):
    """Changes the patch in the aligned crop: its color, mask or finish."""

    @property
    def context(self) -> int:
        """How many frames before and after it needs to know of, as `patch.neighbors`; may depend on its options."""
        return 0

    def blend(self, patch: c.CropPatch) -> c.CropPatch:
        """Returns the changed patch; keeps no state."""
        raise NotImplementedError


class FrameBlender(Blender):
    """Composites one face's box into the frame; a chain has exactly one."""

    def composite(self, patch: c.FramePatch) -> c.BoxPixels:
        """Returns the box with the face in it, float32 `[height width 3]`, 0..1.

        Nothing outside the mask's support may change.
        """
        raise NotImplementedError
