"""A small autoencoder for CPUs and tests: 64 pixels, 8.6 million weights, a recognizable swap within minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from ....core.hookspecs import hookimpl
from ..shared_encoder import SharedEncoderModel

if TYPE_CHECKING:
    from ....lib.nn.autoencoder import Plan

FACESWAP_CONTRACT = 1


class MiniModel(SharedEncoderModel):
    """The original autoencoder with a quarter of the channels, learning four times as fast."""

    class Options(SharedEncoderModel.Options):
        """How large the networks are and how fast they learn."""

        learning_rate: float = Field(2e-4, gt=0, le=1, description="Adam's learning rate.")

    options: Options

    def plan(self) -> Plan:
        """The figures of the networks at full width."""
        from ....lib.nn.autoencoder import Plan

        return Plan(
            size=64,
            encoder=(32, 64, 128, 256),
            bottleneck=256,
            grid_channels=256,
            code=256,
            picture=(128, 64, 32),
        )


@hookimpl
def faceswap_model() -> type[MiniModel]:
    """Hands over the model."""
    return MiniModel
