"""What the face-swapping autoencoders have in common: one shared encoder, a decoder for each person, one player."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ...core.contract import CropSpec
from ...core.kinds import TrainableModel
from ...core.training.step import IdentityBatch, Player, Step

if TYPE_CHECKING:
    from ...lib.nn.autoencoder import Plan


class SharedEncoderModel(TrainableModel):
    """An autoencoder of 64 pixels with the mean absolute error as its loss; a model says its plan, or more."""

    class Options(TrainableModel.Options):
        """How large the networks are and how fast they learn."""

        width: float = Field(1, gt=0, le=4, description="Factor on every layer's channels.")
        learning_rate: float = Field(5e-5, gt=0, le=1, description="Adam's learning rate.")

    options: Options

    @property
    def crop(self) -> CropSpec:
        """A small crop from the forehead's middle to just above the chin's tip."""
        return CropSpec(size=64, face_type="full")

    def plan(self) -> Plan:
        """The figures of the networks at full width."""
        raise NotImplementedError

    def build(self) -> dict[str, Any]:
        """Builds the encoder and one decoder for each person."""
        from ...lib.nn import autoencoder

        return autoencoder.build(self.plan().scaled(self.options.width), self.identities)

    def players(self) -> list[Player]:
        """One player, which moves all networks."""
        from ...lib.nn.autoencoder import adam

        return [Player("autoencoder", tuple(self.networks), adam(self.options.learning_rate))]

    def losses(self, player: str, batch: Mapping[str, IdentityBatch], step: Step) -> dict[str, Any]:
        """The mean absolute error of each person's reconstruction."""
        from ...lib.nn.losses import mae

        return {name: mae(batch[name].goal, face) for name, face in self.reconstructed(batch).items()}

    def reconstructed(self, batch: Mapping[str, IdentityBatch]) -> dict[str, Any]:
        """What each person's decoder makes of their faces."""
        from ...lib.nn.autoencoder import reconstruct

        return reconstruct(self.networks, {name: share.input for name, share in batch.items()})

    def swap_network(self, identity: str) -> Any:
        """The encoder and the decoder of `identity`."""
        from ...lib.nn.autoencoder import swap_path

        return swap_path(self.networks, identity)
