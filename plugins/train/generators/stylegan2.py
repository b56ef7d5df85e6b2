"""StyleGAN2 with adaptive augmentation: sharp, varied faces of 8 to 1024 pixels, mixed by their styles; for a GPU.

A latent becomes a style, which steers every layer of a network that begins with the same small map for all faces. The
published figures are the defaults, with the channels of configuration E (`--generator.base 16384` is F). A batch is 32,
the average of the weights looks back over 10,000 faces.

Where this is not the published program: a face has a crossing of styles of its own, the regularizations are steps of
their own with the same optimizer, as published, and count as such in the average; changed pictures are sampled without
the wavelet filter, and layers compute in one precision.

Reference:
    T. Karras et al., Analyzing and improving the image quality of StyleGAN, CVPR 2020 (arXiv:1912.04958);
    T. Karras et al., Training generative adversarial networks with limited data, NeurIPS 2020 (arXiv:2006.06676).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import Field

from ....core.contract import Crops, Embeddings
from ....core.hookspecs import hookimpl
from ....core.training.step import IdentityBatch, Player, Step
from ..style_generator import StyleGenerator

FACESWAP_CONTRACT = 1

_GENERATOR, _PATH_LENGTH = "generator", "path_length"
_DISCRIMINATOR, _R1 = "discriminator", "r1"


class StyleGan2Generator(StyleGenerator):
    """Mapping and synthesis networks, and the discriminator that they learn from."""

    class Options(StyleGenerator.Options):
        """How large the networks are, and how the game is played."""

        learning_rate: float = Field(2e-3, gt=0, le=1, description="Adam's learning rate, that of all networks.")
        r1: float = Field(10, ge=0, le=1000, description="Weight of the discriminator's slopes on real faces.")
        r1_every: int = Field(16, ge=1, le=1000, description="Steps from one step by them to the next.")
        path: float = Field(2, ge=0, le=1000, description="Weight of how uneven the paths through styles are.")
        path_every: int = Field(8, ge=1, le=1000, description="Steps from one step by it to the next.")
        target: float = Field(
            0.6,
            ge=0,
            lt=1,
            description="How sure the discriminator may be of real faces before all are changed more; 0: change none.",
        )
        speed: float = Field(500, gt=0, description="Thousands of faces over which changes go from never to always.")

    options: Options

    @property
    def only_trained_with(self) -> tuple[str, ...]:
        """The discriminator, and what is kept from step to step."""
        return (_DISCRIMINATOR, "state")

    def build(self) -> dict[str, Any]:
        """Builds the networks."""
        from ....lib.nn import stylegan2_networks
        from ....lib.nn.stylegan2_game import build_state

        return {
            "mapping": stylegan2_networks.build_mapping(self._figures),
            "synthesis": stylegan2_networks.build_synthesis(self._figures),
            _DISCRIMINATOR: stylegan2_networks.build_discriminator(self._figures),
            "state": build_state(),
        }

    def load(self) -> None:
        """Builds the networks and forgets what painted with earlier ones."""
        super().load()
        self._painters: dict[float, Any] = {}

    def players(self) -> list[Player]:
        """The generator and the discriminator, and behind each its regularization, which moves it more rarely."""
        chosen, makers = self.options, ("mapping", "synthesis")
        maker, judge = (
            self._adam(every if weight else None)
            for every, weight in ((chosen.path_every, chosen.path), (chosen.r1_every, chosen.r1))
        )
        players = [
            Player(_GENERATOR, makers, maker),
            Player(_PATH_LENGTH, makers, maker, chosen.path_every),
            Player(_DISCRIMINATOR, (_DISCRIMINATOR,), judge),
            Player(_R1, (_DISCRIMINATOR,), judge, chosen.r1_every),
        ]
        idle = {name for name, weight in ((_PATH_LENGTH, chosen.path), (_R1, chosen.r1)) if not weight}
        return [player for player in players if player.name not in idle]

    def losses(self, player: str, batch: Mapping[str, IdentityBatch], step: Step) -> dict[str, Any]:
        """What one of the moves loses; regularizations count as often as they are left out."""
        from keras import ops

        from ....lib.nn.stylegan2_game import Game

        (share,) = batch.values()
        chosen, real = self.options, ops.cast(share.goal, "float32") * 2 - 1
        game = Game(self.networks, self._figures, chosen.mixing, chosen.target, chosen.speed)
        if player == _GENERATOR:
            return {player: game.generator(ops.shape(real)[0], step)}
        if player == _DISCRIMINATOR:
            return {player: game.discriminator(real, step)}
        if player == _R1:
            return {player: chosen.r1 * chosen.r1_every * game.r1(real, step)}
        # It takes the most memory, so that half of the batch must do.
        return {player: chosen.path * chosen.path_every * game.path_length(ops.shape(real[::2])[0], step)}

    def mix(self, coarse: Embeddings, fine: Embeddings, truncation: float = 1.0) -> Crops:
        """Paints faces with the styles of some latents up to 8 pixels, and of others beyond."""
        from ....lib.nn.painting import painted
        from ....lib.nn.stylegan2_painter import build_painter

        if truncation not in self._painters:
            parts = self.networks["mapping"], self.networks["synthesis"]
            self._painters[truncation] = build_painter(self._figures, *parts, truncation)
        return painted(self._painters[truncation], np.concatenate([coarse, fine], axis=1), self.options.size)

    @property
    def _figures(self) -> Any:
        from ....lib.nn.stylegan2_networks import Figures

        return Figures(*self.widths)

    def _adam(self, every: int | None) -> Any:
        """An optimizer that also takes one step more in `every`, and is slowed down by as much (appendix B)."""
        import keras

        share = every / (every + 1) if every else 1.0
        rate = self.options.learning_rate * share
        return keras.optimizers.Adam(rate, beta_1=0.0, beta_2=0.99**share, epsilon=1e-8, name="adam")


@hookimpl
def faceswap_generator() -> type[StyleGan2Generator]:
    """Hands over the generator."""
    return StyleGan2Generator
