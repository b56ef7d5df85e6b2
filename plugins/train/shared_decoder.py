"""What the autoencoders with one decoder for all have in common: people differ by the intermediates they pass."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...core.training.step import IdentityBatch
from .shared_encoder import SharedEncoderModel


class SharedDecoderModel(SharedEncoderModel):
    """An autoencoder whose encoder and decoder are both shared; a model says its plan and its mixtures."""

    def mixtures(self) -> dict[str, tuple[str, ...]]:
        """The names of the intermediates whose codes each person's faces are decoded from, equally many for all."""
        raise NotImplementedError

    def build(self) -> dict[str, Any]:
        """Builds the encoder, the intermediates and the decoder."""
        from ...lib.nn import intermediates

        return intermediates.build(self.plan().scaled(self.options.width), self.mixtures())

    def reconstructed(self, batch: Mapping[str, IdentityBatch]) -> dict[str, Any]:
        """What the decoder makes of each person's faces."""
        from ...lib.nn.intermediates import reconstruct

        return reconstruct(self.networks, {name: share.input for name, share in batch.items()}, self.mixtures())

    def swap_network(self, identity: str) -> Any:
        """The encoder, the intermediates of `identity` and the decoder."""
        from ...lib.nn.intermediates import swap_path

        return swap_path(self.networks, identity, self.mixtures())
