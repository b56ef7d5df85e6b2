"""The game that the networks of StyleGAN2 play: what each of its moves loses.

Convention:
    Pictures are `[batch size size 3]`, RGB, about -1..1. A loss is a scalar.

Reference:
    T. Karras et al., Analyzing and improving the image quality of StyleGAN, CVPR 2020 (arXiv:1912.04958), section 3.2
    and appendix B; L. Mescheder et al., Which training methods for GANs do actually converge?, ICML 2018, for R1;
    T. Karras et al., Training generative adversarial networks with limited data, NeurIPS 2020 (arXiv:2006.06676),
    section 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from .keys import RandomKey
from .logistic_losses import made_loss, maker_loss, real_loss
from .random_views import changed
from .scalars import Scalars
from .style_mixing import mixed_styles
from .stylegan2_networks import Figures, draw_noises

Tensor = Any

PATH_LENGTH, CHANCE, SIGNS = "path_length", "chance", "signs"
"""What is kept from step to step: the mean path length, the chance of changes, and the signs since it was adjusted."""

_PATH_DECAY = 0.01
_ADJUSTED_EVERY = 4
"""Steps from one adjustment of the chance to the next."""


def build_state() -> Scalars:
    """Builds what is kept from step to step."""
    return Scalars((PATH_LENGTH, CHANCE, SIGNS), name="state")


@dataclass(frozen=True, eq=False)
class Game:
    """What the moves lose.

    Attributes:
        networks: `mapping`, `synthesis`, `discriminator` and `state`.
        figures: The networks'.
        mixing: Share of the faces of which some layers are given another style.
        target: What the mean sign of verdicts on real faces should be; 0 to change no pictures.
        speed: Over how many thousand faces the chance of changes goes from 0 to 1 at most.
    """

    networks: Mapping[str, Any]
    figures: Figures
    mixing: float
    target: float
    speed: float

    def generator(self, count: Tensor, step: Any) -> Tensor:
        """What the generator loses by the verdicts on `count` faces; the mean style is remembered."""
        return maker_loss(self._verdicts(self._made(count, step.key, training=True), step.key))

    def path_length(self, count: Tensor, step: Any) -> Tensor:
        """How far the lengths of gradients by the styles of `count` faces lie from their mean, squared (eq. 4)."""
        styles, noises = self._styles(count, step.key), draw_noises(self.figures, count, step.key)
        size = self.figures.size
        directions = keras.random.normal((count, size, size, 3), seed=step.key) / size

        def projected(styles: Tensor) -> Tensor:
            return ops.sum(self.networks["synthesis"]([styles, *noises]) * directions)

        slopes = step.gradient(projected, styles)
        lengths = ops.sqrt(ops.mean(ops.sum(ops.square(slopes), axis=2), axis=1))
        state = self.networks["state"]
        mean = state[PATH_LENGTH] + _PATH_DECAY * (ops.mean(ops.stop_gradient(lengths)) - state[PATH_LENGTH])
        state.assign(PATH_LENGTH, mean)
        return ops.mean(ops.square(lengths - mean))

    def discriminator(self, real: Tensor, step: Any) -> Tensor:
        """What the discriminator loses on real and made faces; the chance of changes follows its verdicts."""
        made = ops.stop_gradient(self._made(ops.shape(real)[0], step.key))
        on_made, on_real = (self._verdicts(pictures, step.key) for pictures in (made, real))
        if self.target:
            self._adjust(ops.mean(ops.sign(ops.stop_gradient(on_real))), ops.shape(real)[0], step.number)
        return made_loss(on_made) + real_loss(on_real)

    def r1(self, real: Tensor, step: Any) -> Tensor:
        """Half of the squared slope of verdicts on real faces, by the faces before they are changed."""
        slopes = step.gradient(lambda pictures: ops.sum(self._verdicts(pictures, step.key)), real)
        return ops.mean(ops.sum(ops.square(slopes), axis=(1, 2, 3))) / 2

    def _made(self, count: Tensor, key: RandomKey, training: bool = False) -> Tensor:
        styles = self._styles(count, key, training)
        return self.networks["synthesis"]([styles, *draw_noises(self.figures, count, key)])

    def _styles(self, count: Tensor, key: RandomKey, training: bool = False) -> Tensor:
        shape = count, self.figures.layers, self.figures.latent
        return mixed_styles(self.networks["mapping"], shape, self.figures.layers, self.mixing, key, training)

    def _verdicts(self, pictures: Tensor, key: RandomKey) -> Tensor:
        if self.target:
            pictures = changed(pictures, self.networks["state"][CHANCE], key)
        return self.networks["discriminator"](pictures)

    def _adjust(self, sign: Tensor, count: Tensor, number: Tensor) -> None:
        """Raises the chance while the discriminator is too sure of real faces, lowers it while it is not."""
        state = self.networks["state"]
        signs, due = state[SIGNS] + sign, ops.equal(ops.mod(number + 1, _ADJUSTED_EVERY), 0)
        way = ops.sign(signs / _ADJUSTED_EVERY - self.target)
        length = _ADJUSTED_EVERY * ops.cast(count, "float32") / (1000.0 * self.speed)
        moved = ops.clip(state[CHANCE] + way * length, 0.0, 1.0)
        state.assign(CHANCE, ops.where(due, moved, state[CHANCE]))
        state.assign(SIGNS, ops.where(due, 0.0, signs))
