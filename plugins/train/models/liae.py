"""The full-face autoencoder that keeps more of the target's light: 128 pixels, 136 million weights, for a GPU.

Two intermediates stand between the shared encoder and the one decoder. Both people pass AB; where the target's code has
B first, the source's has AB a second time. To swap, the target's crop is decoded from AB twice. The two losses are
added as they are; their figures name no weights.

Reference:
    I. Perov et al., DeepFaceLab: Integrated, flexible and extensible face-swapping framework, arXiv:2005.05535, 2020,
    which names the structure LIAE; figures of its first version (2018).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....core.contract import CropSpec
from ....core.hookspecs import hookimpl
from ..masked_losses import MaskedStructureModel
from ..shared_decoder import SharedDecoderModel

if TYPE_CHECKING:
    from ....lib.nn.autoencoder import Plan

FACESWAP_CONTRACT = 1


class LiaeModel(MaskedStructureModel, SharedDecoderModel):
    """An autoencoder of full faces with two intermediates, one decoder for both people, and learned masks."""

    @property
    def crop(self) -> CropSpec:
        """The face from the chin to the forehead."""
        return CropSpec(size=128, face_type="full")

    def plan(self) -> Plan:
        """The figures of the networks at full width: 136,056,068 weights."""
        from ....lib.nn.autoencoder import Plan

        return Plan(
            size=128,
            encoder=(128, 256, 512, 1024),
            bottleneck=256,
            grid=8,
            grid_channels=512,
            code=512,
            picture=(512, 256, 128),
            mask=(512, 256, 128),
        )

    def mixtures(self) -> dict[str, tuple[str, ...]]:
        """AB twice for the source, B and AB for the target."""
        return {"source": ("inter_ab", "inter_ab"), "target": ("inter_b", "inter_ab")}


@hookimpl
def faceswap_model() -> type[LiaeModel]:
    """Hands over the model."""
    return LiaeModel
