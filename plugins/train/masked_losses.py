"""What the models that learn a face's mask lose: a loss of the face, looked at inside the mask, and one of the mask."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ...core.training.step import IdentityBatch, Step
from .shared_encoder import SharedEncoderModel

Tensor = Any
Loss = Callable[[Tensor, Tensor], Tensor]


def face_and_mask_losses(
    batch: Mapping[str, IdentityBatch],
    answers: Mapping[str, Any],
    face_loss: Callable[[IdentityBatch, Tensor], Tensor],
    mask_loss: Loss,
) -> dict[str, Tensor]:
    """Gives each person's losses.

    Args:
        batch: What each person's network should give.
        answers: What it gives, by person: faces, or a list of faces and masks.
        face_loss: From a person's share of the batch and the faces to a scalar.
        mask_loss: From the masks that should have come and those that came to a scalar.

    Returns:
        The faces' losses by person, and the masks', where there are masks, as `<person>_mask`.
    """
    losses: dict[str, Tensor] = {}
    for name, share in batch.items():
        face, *masks = answers[name] if isinstance(answers[name], (list, tuple)) else [answers[name]]
        losses[name] = face_loss(share, face)
        losses |= {f"{name}_mask": mask_loss(share.mask, mask) for mask in masks}
    return losses


class MaskedStructureModel(SharedEncoderModel):
    """A model of faces and masks that loses the structural dissimilarity inside the mask and the mask's error."""

    def losses(self, player: str, batch: Mapping[str, IdentityBatch], step: Step) -> dict[str, Any]:
        """The dissimilarity inside the mask and the mask's mean squared error, for each person."""
        from ...lib.nn.losses import masked_dssim, mse

        def structure(share: IdentityBatch, face: Tensor) -> Tensor:
            return masked_dssim(share.goal, face, share.mask)

        return face_and_mask_losses(batch, self.reconstructed(batch), structure, mse)
