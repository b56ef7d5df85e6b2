"""The first open face-swapping autoencoder: 64 pixels, a shared encoder, 82 million weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....core.hookspecs import hookimpl
from ..shared_encoder import SharedEncoderModel

if TYPE_CHECKING:
    from ....lib.nn.autoencoder import Plan

FACESWAP_CONTRACT = 1


class OriginalModel(SharedEncoderModel):
    """The first open face-swapping autoencoder, with the mean absolute error as its loss."""

    def plan(self) -> Plan:
        """The figures of the networks at full width."""
        from ....lib.nn.autoencoder import Plan

        return Plan(
            size=64,
            encoder=(128, 256, 512, 1024),
            bottleneck=1024,
            grid_channels=1024,
            code=512,
            picture=(256, 128, 64),
        )


@hookimpl
def faceswap_model() -> type[OriginalModel]:
    """Hands over the model."""
    return OriginalModel
