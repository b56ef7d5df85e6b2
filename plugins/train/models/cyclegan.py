"""Unpaired translation: a generator for each person, held together by going there and back; for a GPU.

A generator makes anybody's face one person's, and a discriminator learns to tell what it makes from that person's real
faces. What keeps expression and pose is the cycle: a face that is made the other person's and back must be what it was.
To swap, the source's generator is shown the target. There is no warp and no shared code, so that few steps say little.

The published figures are the defaults, a batch of 1 among them. Choices of ours: the convolutions that a normalization
follows have no biases, since it would take them out again; the learning rates fall over the second half of the run, as
over 100 of the 200 published epochs.

Reference:
    J.-Y. Zhu et al., Unpaired image-to-image translation using cycle-consistent adversarial networks, ICCV 2017
    (arXiv:1703.10593), equations 1 to 3, sections 4, 5.2 (the identity loss) and 7; X. Mao et al., Least squares
    generative adversarial networks, ICCV 2017.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, field_validator

from ....core.contract import CropSpec
from ....core.hookspecs import hookimpl
from ....core.kinds import TrainableModel
from ....core.training.step import IdentityBatch, Player, Step, Warp

FACESWAP_CONTRACT = 1

_GENERATORS, _DISCRIMINATORS = "generators", "discriminators"
_DECAY_FROM = 0.5
"""The progress from which the learning rates fall to nothing."""


class CycleGanModel(TrainableModel):
    """Two generators and two discriminators."""

    class Options(TrainableModel.Options):
        """How large the networks are, what counts how much, and how fast they learn."""

        size: int = Field(64, description="Side of the pictures in pixels: 64, 128 or 256.")
        width: float = Field(1, gt=0, le=4, description="Factor on every layer's channels.")
        blocks: int | None = Field(None, ge=1, le=16, description="Residual blocks.  [default: 6, or 9 of 256 pixels]")
        learning_rate: float = Field(2e-4, gt=0, le=1, description="Adam's learning rate.")
        cycle: float = Field(10, ge=0, le=1000, description="Weight of what a face loses on its way there and back.")
        identity: float = Field(
            0.5, ge=0, le=10, description="Weight, times that of the cycle, of changing the right person's face."
        )
        pool: int = Field(50, ge=0, le=1000, description="Made faces that a discriminator is shown again; 0: none.")

        @field_validator("size")
        @classmethod
        def _has_figures(cls, size: int) -> int:
            if size not in (64, 128, 256):
                raise ValueError("must be 64, 128 or 256")
            return size

    options: Options
    warp = Warp(noise=0)
    batch_size = 1

    @property
    def crop(self) -> CropSpec:
        """The face from the chin to the forehead."""
        return CropSpec(size=self.options.size, face_type="full")

    @property
    def only_trained_with(self) -> tuple[str, ...]:
        """The discriminators and what they are shown again."""
        return (*self._of_each("discriminator"), *(self._of_each("pool") if self.options.pool else ()))

    def build(self) -> dict[str, Any]:
        """Builds a generator, a discriminator and a pool for each person."""
        from ....lib.nn import cyclegan_networks

        chosen = self.options
        residuals = chosen.blocks or (9 if chosen.size >= 256 else 6)
        return cyclegan_networks.build(chosen.size, chosen.width, residuals, chosen.pool, self.identities)

    def players(self) -> list[Player]:
        """The generators, and behind them the discriminators."""
        from ....lib.nn.gan_networks import adam

        self._optimizers = [adam(self.options.learning_rate) for _ in range(2)]
        makers, judges = self._optimizers
        return [
            Player(_GENERATORS, self._of_each("generator"), makers),
            Player(_DISCRIMINATORS, self._of_each("discriminator"), judges),
        ]

    def losses(self, player: str, batch: Mapping[str, IdentityBatch], step: Step) -> dict[str, Any]:
        """All that the generators lose, or the discriminators' losses, for each person."""
        from ....lib.nn.cyclegan_losses import generator_losses, told_apart

        if player == _GENERATORS:
            return generator_losses(self.networks, batch, self.options.cycle, self.options.identity)
        return told_apart(self.networks, batch, step.key)

    def at(self, progress: float, before: float) -> None:
        """Lowers the learning rates over the second half of the run."""
        factor = min(1.0, (1 - progress) / (1 - _DECAY_FROM))
        for optimizer in self._optimizers:
            optimizer.learning_rate = self.options.learning_rate * factor

    def swap_network(self, identity: str) -> Any:
        """The generator of `identity`."""
        from ....lib.nn.cyclegan_networks import swap_path

        return swap_path(self.networks, identity)

    def _of_each(self, part: str) -> tuple[str, ...]:
        """The networks of a part."""
        return tuple(f"{part}_{name}" for name in self.identities)


@hookimpl
def faceswap_model() -> type[CycleGanModel]:
    """Hands over the model."""
    return CycleGanModel
