"""The full-face autoencoder of 128 pixels with learned masks: 138 million weights, for a GPU.

The networks are those of `h128`, the crop reaches from the chin to the forehead. The two losses are added as they are;
their figures name no weights.

Reference:
    I. Perov et al., DeepFaceLab: Integrated, flexible and extensible face-swapping framework, arXiv:2005.05535, 2020,
    which names the structure DF; figures of its first version (2018).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ....core.contract import CropSpec
from ....core.hookspecs import hookimpl
from ....core.training.step import IdentityBatch, Step
from ..masked_losses import structure_and_mask_losses
from ..shared_encoder import SharedEncoderModel

if TYPE_CHECKING:
    from ....lib.nn.autoencoder import Plan

FACESWAP_CONTRACT = 1


class DfModel(SharedEncoderModel):
    """An autoencoder of full faces with a shared encoder, a decoder for each person, and learned masks."""

    @property
    def crop(self) -> CropSpec:
        """The face from the chin to the forehead."""
        return CropSpec(size=128, face_type="full")

    def plan(self) -> Plan:
        """The figures of the networks at full width: 138,400,520 weights."""
        from ....lib.nn.autoencoder import Plan

        return Plan(
            size=128,
            encoder=(128, 256, 512, 1024),
            bottleneck=512,
            grid=8,
            grid_channels=512,
            code=512,
            picture=(512, 256, 128),
            mask=(512, 256, 128),
        )

    def losses(self, player: str, batch: Mapping[str, IdentityBatch], step: Step) -> dict[str, Any]:
        """The dissimilarity inside the mask and the mask's mean squared error, for each person."""
        return structure_and_mask_losses(batch, self.reconstructed(batch))


@hookimpl
def faceswap_model() -> type[DfModel]:
    """Hands over the model."""
    return DfModel
