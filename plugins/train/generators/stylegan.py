"""The first StyleGAN: faces of 8 to 1024 pixels by styles that set each layer's statistics, growing; for a GPU.

A latent becomes a style, which sets mean and deviation of each channel in every layer. Networks begin with pictures of
8 pixels and grow while they are trained: each doubling is blended in. The published figures are the defaults; the
average of the weights looks back over 10,000 faces, as that of `stylegan2`.

Where this is not the published program: a batch is 32 at every size, and the learning rate one for all sizes;
optimizers keep their moments when networks grow; the start is drawn at random; truncation reaches all layers; a face
has a crossing of styles of its own; doubling and halving are operations beside their convolutions at every size.

Reference:
    T. Karras et al., A style-based generator architecture for GANs, CVPR 2019 (arXiv:1812.04948);
    T. Karras et al., Progressive growing of GANs, ICLR 2018 (arXiv:1710.10196).
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

_GENERATOR, _DISCRIMINATOR = "generator", "discriminator"


class StyleGanGenerator(StyleGenerator):
    """Mapping and synthesis networks, and the discriminator that they learn from; the last two grow."""

    class Options(StyleGenerator.Options):
        """How large the networks are, how they grow, and how the game is played."""

        base: int = Field(8192, ge=64, le=65536, description="Channels times pixels of a side.")
        learning_rate: float = Field(1e-3, gt=0, le=1, description="Adam's learning rate, that of all networks.")
        r1: float = Field(10, ge=0, le=1000, description="Weight of the discriminator's slopes on real faces.")
        growing: float = Field(
            600,
            ge=0,
            description="Thousands of faces that blend a doubling in, and as many that train it then; 0: full-grown.",
        )

    options: Options

    @property
    def only_trained_with(self) -> tuple[str, ...]:
        """The discriminator."""
        return (_DISCRIMINATOR,)

    def build(self) -> dict[str, Any]:
        """Builds the networks."""
        from ....lib.nn import stylegan2_networks, stylegan_networks

        return {
            "mapping": stylegan2_networks.build_mapping(self._figures),
            "synthesis": stylegan_networks.build_synthesis(self._figures),
            _DISCRIMINATOR: stylegan_networks.build_discriminator(self._figures),
        }

    def load(self) -> None:
        """Builds the networks, as small as they begin, and forgets what painted with earlier ones."""
        from ....lib.nn.stylegan_networks import at_side

        super().load()
        parts, figures = (self.networks["synthesis"], self.networks[_DISCRIMINATOR]), self._figures
        self._at_side = {side: at_side(figures, *parts, side) for side in figures.grown_sides}
        self._painters: dict[tuple[float, int], Any] = {}
        self.shown(0)

    def shown(self, faces: int) -> None:
        """Grows both networks."""
        from ....lib.nn.growing import grown

        sides = self._figures.grown_sides
        doublings, fade = grown(faces, 1000 * self.options.growing, len(sides) - 1)
        self.phase = sides[doublings]
        for network in (self.networks["synthesis"], self.networks[_DISCRIMINATOR]):
            network.get_layer("growth").grow(self.phase, fade)

    def players(self) -> list[Player]:
        """The generator and the discriminator."""
        import keras

        def adam() -> Any:
            return keras.optimizers.Adam(self.options.learning_rate, beta_1=0.0, beta_2=0.99, epsilon=1e-8, name="adam")

        return [Player(_GENERATOR, ("mapping", "synthesis"), adam()), Player(_DISCRIMINATOR, (_DISCRIMINATOR,), adam())]

    def losses(self, player: str, batch: Mapping[str, IdentityBatch], step: Step) -> dict[str, Any]:
        """What one of the moves loses, at the side to which the networks have grown."""
        from keras import ops

        from ....lib.nn.stylegan_game import GrowingGame

        (share,) = batch.values()
        real, growth = ops.cast(share.goal, "float32") * 2 - 1, self.networks["synthesis"].get_layer("growth")
        grown = self._at_side[self.phase]
        game = GrowingGame(self._figures, self.networks["mapping"], *grown, growth.fade, self.options.mixing)
        if player == _GENERATOR:
            return {player: game.generator(ops.shape(real)[0], step)}
        loss, r1 = game.discriminator_and_r1(real, step)
        return {player: loss, "r1": self.options.r1 * r1}

    def mix(self, coarse: Embeddings, fine: Embeddings, truncation: float = 1.0) -> Crops:
        """Paints faces with the styles of some latents up to 8 pixels, and of others beyond.

        Networks that have not grown to the full size paint small pictures, whose pixels are repeated.
        """
        from ....lib.nn.painting import painted
        from ....lib.nn.stylegan2_painter import build_painter

        # The phase is that of training; weights that were loaded say themselves how far they have grown.
        side = int(self.networks["synthesis"].get_layer("growth").side)
        if (truncation, side) not in self._painters:
            synthesis, _ = self._at_side[side]
            painter = build_painter(self._figures, self.networks["mapping"], synthesis, truncation)
            self._painters[truncation, side] = painter
        pictures = painted(self._painters[truncation, side], np.concatenate([coarse, fine], axis=1), side)
        return pictures.repeat(self.options.size // side, axis=1).repeat(self.options.size // side, axis=2)

    @property
    def _figures(self) -> Any:
        from ....lib.nn.stylegan_networks import GrowingFigures

        return GrowingFigures(*self.widths)


@hookimpl
def faceswap_generator() -> type[StyleGanGenerator]:
    """Hands over the generator."""
    return StyleGanGenerator
