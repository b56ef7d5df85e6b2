"""A small autoencoder for CPUs and tests: 64 pixels, 8.6 million weights, a recognizable swap within minutes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from ....core.contract import CropSpec
from ....core.hookspecs import hookimpl
from ....core.kinds import TrainableModel
from ....core.training.step import IdentityBatch, Player, Step

FACESWAP_CONTRACT = 1


class MiniModel(TrainableModel):
    """The original autoencoder with a quarter of the channels, learning four times as fast."""

    class Options(TrainableModel.Options):
        """How large the networks are and how fast they learn."""

        width: float = Field(1, gt=0, le=4, description="Factor on every layer's channels.")
        learning_rate: float = Field(2e-4, gt=0, le=1, description="Adam's learning rate.")

    options: Options

    @property
    def crop(self) -> CropSpec:
        """A small crop from the chin to the forehead."""
        return CropSpec(size=64, face_type="full")

    def build(self) -> dict[str, Any]:
        """Builds the encoder and one decoder for each person."""
        from ....lib.nn import autoencoder

        plan = autoencoder.Plan(
            size=64,
            encoder=(32, 64, 128, 256),
            bottleneck=256,
            grid_channels=256,
            code=256,
            picture=(128, 64, 32),
        )
        return autoencoder.build(plan.scaled(self.options.width), self.identities)

    def players(self) -> list[Player]:
        """One player, which moves all networks."""
        from ....lib.nn.autoencoder import adam

        return [Player("autoencoder", tuple(self.networks), adam(self.options.learning_rate))]

    def losses(self, player: str, batch: Mapping[str, IdentityBatch], step: Step) -> dict[str, Any]:
        """The mean absolute error of each person's reconstruction."""
        from ....lib.nn.autoencoder import reconstruct
        from ....lib.nn.losses import mae

        faces = reconstruct(self.networks, {name: share.input for name, share in batch.items()})
        return {name: mae(batch[name].goal, face) for name, face in faces.items()}

    def swap_network(self, identity: str) -> Any:
        """The encoder and the decoder of `identity`."""
        from ....lib.nn.autoencoder import swap_path

        return swap_path(self.networks, identity)


@hookimpl
def faceswap_model() -> type[MiniModel]:
    """Hands over the model."""
    return MiniModel
