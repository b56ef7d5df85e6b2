"""The full-face autoencoder of 128 pixels with learned masks: 138 million weights, for a GPU.

The networks are those of `h128`, the crop is wider, from the forehead to the chin. The two losses are added as they
are; their figures name no weights.

Reference:
    I. Perov et al., DeepFaceLab: Integrated, flexible and extensible face-swapping framework, arXiv:2005.05535, 2020,
    which names the structure DF; figures of its first version (2018).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....core.contract import CropSpec
from ....core.hookspecs import hookimpl
from ..masked_losses import MaskedStructureModel

if TYPE_CHECKING:
    from ....lib.nn.autoencoder import Plan

FACESWAP_CONTRACT = 1


class DfModel(MaskedStructureModel):
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


@hookimpl
def faceswap_model() -> type[DfModel]:
    """Hands over the model."""
    return DfModel
