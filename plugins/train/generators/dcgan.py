"""The deep convolutional GAN: faces of 64 pixels out of 200 random numbers, 7 million weights, trains on CPUs.

A generator paints faces, a discriminator learns to tell them from real ones, and each learns from the other. Where one
gets far ahead, the other learns nothing more or the faces become all alike; `--generator.activation relu` invites that.

Reference:
    A. Radford et al., Unsupervised representation learning with deep convolutional generative adversarial networks,
    ICLR 2016; T. Salimans et al., Improved techniques for training GANs, NeurIPS 2016, for the smoothed label.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from pydantic import Field

from ....core.contract import Crops, Embeddings
from ....core.hookspecs import hookimpl
from ....core.training.step import IdentityBatch, Player, Step
from ..doubling_generator import DoublingGenerator

FACESWAP_CONTRACT = 1

_GENERATOR, _DISCRIMINATOR = "generator", "discriminator"


class DcganGenerator(DoublingGenerator):
    """A generator of transposed convolutions and the discriminator that it learns from."""

    class Options(DoublingGenerator.Options):
        """How large the networks are, and how the game is played."""

        noise: int = Field(200, ge=1, le=4096, description="How many random numbers become a face.")
        width: float = Field(1, gt=0, le=4, description="Factor on every layer's channels.")
        activation: Literal["leaky-relu", "relu"] = Field(
            "leaky-relu", description="What follows the generator's layers."
        )
        learning_rate: float = Field(2e-4, gt=0, le=1, description="Adam's learning rate, that of both networks.")
        beta_1: float = Field(0.5, ge=0, lt=1, description="Decay of Adam's mean of gradients.")
        real_label: float = Field(0.9, gt=0.5, le=1, description="What verdicts on real faces should come to.")
        input_noise: float = Field(
            0,
            ge=0,
            le=2,
            description="Noise on what the discriminator sees, where black to white is 2.",
        )

    options: Options
    batch_size = 128

    @property
    def only_trained_with(self) -> tuple[str, ...]:
        """The discriminator."""
        return (_DISCRIMINATOR,)

    def build(self) -> dict[str, Any]:
        """Builds the generator and the discriminator."""
        from ....lib.nn import dcgan_networks

        chosen, channels = self.options, max(1, round(64 * self.options.width))
        return {
            _GENERATOR: dcgan_networks.build_generator(chosen.size, chosen.noise, channels, chosen.activation),
            _DISCRIMINATOR: dcgan_networks.build_discriminator(chosen.size, channels),
        }

    def players(self) -> list[Player]:
        """The discriminator, which moves first, and the generator."""
        import keras

        chosen = self.options
        return [
            Player(name, (name,), keras.optimizers.Adam(chosen.learning_rate, beta_1=chosen.beta_1, name="adam"))
            for name in (_DISCRIMINATOR, _GENERATOR)
        ]

    def losses(self, player: str, batch: Mapping[str, IdentityBatch], step: Step) -> dict[str, Any]:
        """What the discriminator loses on real and made faces, or what the generator loses by its verdicts."""
        from keras import ops, random

        from ....lib.nn.logistic_losses import made_loss, maker_loss, real_loss

        (share,) = batch.values()
        real = ops.cast(share.goal, "float32") * 2 - 1
        noise = random.uniform((ops.shape(real)[0], self.options.noise), -1, 1, seed=step.key)
        made = self.networks[_GENERATOR](noise, training=True)
        if player == _GENERATOR:
            return {_GENERATOR: maker_loss(self._verdicts(made, step))}
        on_real = real_loss(self._verdicts(real, step), self.options.real_label)
        return {_DISCRIMINATOR: on_real + made_loss(self._verdicts(made, step))}

    def latents(self, count: int, seed: int) -> Embeddings:
        """Draws noise, uniform from -1 to 1."""
        return np.random.default_rng(seed).uniform(-1, 1, (count, self.options.noise)).astype(np.float32)

    def generate(self, latents: Embeddings, truncation: float = 1.0) -> Crops:
        """Paints faces; a truncation below 1 brings the noise nearer to 0."""
        from ....lib.nn.painting import painted

        return painted(self.networks[_GENERATOR], latents * np.float32(truncation), self.options.size)

    def _verdicts(self, pictures: Any, step: Step) -> Any:
        from keras import ops, random

        if self.options.input_noise:
            pictures = pictures + random.normal(ops.shape(pictures), 0, self.options.input_noise, seed=step.key)
        return self.networks[_DISCRIMINATOR](pictures, training=True)


@hookimpl
def faceswap_generator() -> type[DcganGenerator]:
    """Hands over the generator."""
    return DcganGenerator
