"""The autoencoder with fewer weights: 64 pixels, one halving less, 51 million weights in less memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....core.hookspecs import hookimpl
from ..shared_encoder import SharedEncoderModel

if TYPE_CHECKING:
    from ....lib.nn.autoencoder import Plan

FACESWAP_CONTRACT = 1


class LightweightModel(SharedEncoderModel):
    """The original autoencoder with a narrower bottleneck; light in weights, not in work: its decoders are wider."""

    def plan(self) -> Plan:
        """The figures of the networks at full width."""
        from ....lib.nn.autoencoder import Plan

        return Plan(
            size=64,
            encoder=(128, 256, 512),
            bottleneck=512,
            grid_channels=512,
            code=256,
            picture=(512, 256, 128),
        )


@hookimpl
def faceswap_model() -> type[LightweightModel]:
    """Hands over the model."""
    return LightweightModel
