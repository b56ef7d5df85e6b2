"""The variational autoencoder: faces of 64 or 128 pixels, soft, 9 million weights, trains on CPUs.

It learns to give faces back through a few numbers whose distribution it holds near the standard normal one, so that
numbers drawn from that one become faces too. It cannot collapse as a GAN can; what it is unsure of, it blurs.

Reference:
    D. P. Kingma and M. Welling, Auto-encoding variational Bayes, ICLR 2014; I. Higgins et al., beta-VAE, ICLR 2017, for
    the weight of the divergence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import Field

from ....core.contract import Crops, Embeddings
from ....core.hookspecs import hookimpl
from ....core.training.step import IdentityBatch, Player, Step
from ..doubling_generator import DoublingGenerator

FACESWAP_CONTRACT = 1

_ENCODER, _DECODER = "encoder", "decoder"


class VaeGenerator(DoublingGenerator):
    """A convolutional encoder to a normal distribution for each face, and a decoder back."""

    class Options(DoublingGenerator.Options):
        """How large the networks are, and what counts how much."""

        dim: int = Field(128, ge=1, le=4096, description="How many numbers become a face.")
        width: float = Field(1, gt=0, le=4, description="Factor on every layer's channels.")
        beta: float = Field(
            1, ge=0, le=1000, description="Weight of the divergence: more makes surer faces of noise, and softer ones."
        )
        learning_rate: float = Field(5e-4, gt=0, le=1, description="Adam's learning rate.")

    options: Options
    batch_size = 64

    @property
    def only_trained_with(self) -> tuple[str, ...]:
        """The encoder."""
        return (_ENCODER,)

    def build(self) -> dict[str, Any]:
        """Builds the encoder and the decoder."""
        from ....lib.nn import variational

        chosen, channels = self.options, max(1, round(64 * self.options.width))
        return {
            _ENCODER: variational.build_encoder(chosen.size, chosen.dim, channels),
            _DECODER: variational.build_decoder(chosen.size, chosen.dim, channels),
        }

    def players(self) -> list[Player]:
        """One player with both networks."""
        import keras

        return [Player("vae", (_ENCODER, _DECODER), keras.optimizers.Adam(self.options.learning_rate, name="adam"))]

    def losses(self, player: str, batch: Mapping[str, IdentityBatch], step: Step) -> dict[str, Any]:
        """Half the squared error of a picture, and the weighted divergence: together the negative evidence bound."""
        from keras import ops

        from ....lib.nn.variational import divergence, drawn

        (share,) = batch.values()
        real = ops.cast(share.goal, "float32") * 2 - 1
        mean, log_variance = self.networks[_ENCODER](real, training=True)
        mean = mean - ops.mean(mean, axis=0)  # What all faces share would else become a latent far from 0.
        again = self.networks[_DECODER](drawn(mean, log_variance, step.key), training=True)
        error = ops.mean(ops.sum(ops.square(again - real), axis=(1, 2, 3)))
        return {"reconstruction": 0.5 * error, "divergence": self.options.beta * divergence(mean, log_variance)}

    def latents(self, count: int, seed: int) -> Embeddings:
        """Draws latents of the standard normal distribution."""
        return np.random.default_rng(seed).standard_normal((count, self.options.dim), np.float32)

    def generate(self, latents: Embeddings, truncation: float = 1.0) -> Crops:
        """Paints faces; a truncation below 1 brings the latents nearer to 0."""
        from ....lib.nn.painting import painted

        return painted(self.networks[_DECODER], latents * np.float32(truncation), self.options.size)


@hookimpl
def faceswap_generator() -> type[VaeGenerator]:
    """Hands over the generator."""
    return VaeGenerator
