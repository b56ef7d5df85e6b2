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
        eyes: float = Field(0, ge=0, le=1000, description="Extra weight of the eyes' absolute error; 30 is much.")
        mouth: float = Field(0, ge=0, le=1000, description="Extra weight of the mouth's absolute error.")

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

    def reconstructed(self, batch: Mapping[str, IdentityBatch]) -> dict[str, Any]:
        """What each person's decoder makes of their faces."""
        from ...lib.nn.autoencoder import reconstruct

        return reconstruct(self.networks, {name: share.input for name, share in batch.items()})

    def reconstruction_losses(
        self, batch: Mapping[str, IdentityBatch], answers: Mapping[str, Any], step: Step
    ) -> dict[str, Any]:
        """The face's loss by person, the mask's as `<person>_mask` where there are masks, and those of weighted parts.

        Args:
            batch: What each person's network should give.
            answers: What it gives, by person: faces, or a list of faces and masks.
            step: Not looked at.
        """
        losses: dict[str, Any] = {}
        for name, share in batch.items():
            face, *masks = answers[name] if isinstance(answers[name], (list, tuple)) else [answers[name]]
            losses[name] = self.face_loss(share, face)
            losses |= {f"{name}_mask": self.mask_loss(share.mask, mask) for mask in masks}
            losses |= {f"{name}_{part}": loss for part, loss in self._part_losses(share, face).items()}
        return losses

    def face_loss(self, share: IdentityBatch, face: Any) -> Any:
        """The mean absolute error; a model may look at faces otherwise."""
        from ...lib.nn.losses import mae

        return mae(share.goal, face)

    def mask_loss(self, goal: Any, mask: Any) -> Any:
        """The mean squared error, in models that learn masks."""
        from ...lib.nn.losses import mse

        return mse(goal, mask)

    def _part_losses(self, share: IdentityBatch, face: Any) -> dict[str, Any]:
        """The mean absolute error inside the eyes and the mouth, of those that are to count more."""
        from ...lib.nn.losses import mae

        parts = {"eyes": (self.options.eyes, share.eyes), "mouth": (self.options.mouth, share.mouth)}
        return {part: weight * mae(share.goal, face, region) for part, (weight, region) in parts.items() if weight}

    def swap_network(self, identity: str) -> Any:
        """The encoder and the decoder of `identity`."""
        from ...lib.nn.autoencoder import swap_path

        return swap_path(self.networks, identity)
