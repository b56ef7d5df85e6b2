"""What `df`, `liae` and `sae` lose: the structure of the face inside its mask, and the mask."""

from __future__ import annotations

from typing import Any

from ...core.training.step import IdentityBatch
from .shared_encoder import SharedEncoderModel


class MaskedStructureModel(SharedEncoderModel):
    """A model of faces and masks that loses the structural dissimilarity inside the mask and the mask's error."""

    def face_loss(self, share: IdentityBatch, face: Any) -> Any:
        """The dissimilarity inside the mask."""
        from ...lib.nn.structure import masked_dssim

        return masked_dssim(share.goal, face, share.mask)
