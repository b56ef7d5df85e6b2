"""The game that the networks of the first StyleGAN play: what each of its moves loses, at the side that they work at.

Convention:
    Pictures are `[batch size size 3]`, RGB, about -1..1. A loss is a scalar.

Reference:
    T. Karras et al., A style-based generator architecture for GANs, CVPR 2019 (arXiv:1812.04948), appendix C;
    L. Mescheder et al., Which training methods for GANs do actually converge?, ICML 2018, for R1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from .growing import seen_at
from .keys import RandomKey
from .logistic_losses import made_loss, maker_loss, real_loss
from .style_mixing import mixed_styles
from .stylegan_networks import GrowingFigures

Tensor = Any


@dataclass(frozen=True, eq=False)
class GrowingGame:
    """What the moves lose.

    Attributes:
        figures: The networks'.
        mapping: The network from latents to styles.
        synthesis: From styles and noises to pictures of one side.
        discriminator: From pictures of that side to verdicts.
        fade: How far the last doubling is blended in, 0..1, a variable.
        mixing: Share of the faces of which some layers are given another style.
    """

    figures: GrowingFigures
    mapping: Any
    synthesis: Any
    discriminator: Any
    fade: Any
    mixing: float

    def generator(self, count: Tensor, step: Any) -> Tensor:
        """What the generator loses by the verdicts on `count` faces; the mean style is remembered."""
        return maker_loss(self.discriminator(self._made(count, step.key, training=True)))

    def discriminator_and_r1(self, faces: Tensor, step: Any) -> tuple[Tensor, Tensor]:
        """What the discriminator loses on real and made faces, and half of its squared slope on real ones."""
        real = seen_at(faces, self._side, ops.convert_to_tensor(self.fade))
        made = ops.stop_gradient(self._made(ops.shape(real)[0], step.key))
        loss = made_loss(self.discriminator(made)) + real_loss(self.discriminator(real))
        slopes = step.gradient(lambda pictures: ops.sum(self.discriminator(pictures)), real)
        return loss, ops.mean(ops.sum(ops.square(slopes), axis=(1, 2, 3))) / 2

    @property
    def _side(self) -> int:
        return int(self.synthesis.outputs[0].shape[1])

    def _made(self, count: Tensor, key: RandomKey, training: bool = False) -> Tensor:
        shape, used = (count, self.figures.layers, self.figures.latent), 2 * (self._side.bit_length() - 2)
        styles = mixed_styles(self.mapping, shape, used, self.mixing, key, training)
        noises = [keras.random.normal((count, side, side, 1), seed=key) for side in self.figures.noise_sides]
        return self.synthesis([styles, *noises])
