"""From latents to faces once StyleGAN2 is trained: truncated styles, and noise that is the same for every face.

Reference:
    T. Karras et al., A style-based generator architecture for GANs, CVPR 2019 (arXiv:1812.04948), appendix B for the
    truncation, section 3.1 for what the styles of coarse and of fine layers carry.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from .stylegan2_networks import Figures

Tensor = Any

_COARSE_SIDE = 8
"""Side in pixels up to which styles carry pose and shape."""


def build_painter(figures: Figures, mapping: Any, synthesis: Any, truncation: float) -> Any:
    """Builds the network from two z, `[batch 2*latent]`, to pictures; it shares the weights of those that it is given.

    The first z gives the styles of coarse layers, up to 8 pixels, the second those of the others.

    Args:
        figures: The networks'.
        mapping: What `build_mapping` built.
        synthesis: What `build_synthesis` built.
        truncation: How far from the mean style lies, as a share, what is painted: 1 as it is drawn, 0 the mean face.
    """
    latents = keras.Input((2 * figures.latent,), name="z")
    truncated, coarse = Truncation(mapping.get_layer("mean"), truncation, name="truncation"), _coarse(figures)
    first, second = (
        layers.RepeatVector(count, name=name)(truncated(mapping(part)))
        for part, count, name in (
            (latents[:, : figures.latent], coarse, "coarse"),
            (latents[:, figures.latent :], figures.layers - coarse, "fine"),
        )
    )
    styles = layers.Concatenate(axis=1, name="w")([first, second])
    noises = [FixedNoise(side, place, name=f"noise{place}")(latents) for place, side in enumerate(figures.noise_sides)]
    return keras.Model(latents, synthesis([styles, *noises]), name="painter")


def _coarse(figures: Figures) -> int:
    """How many of the layers are coarse; the last two never are."""
    return min(2 * sum(side <= _COARSE_SIDE for side in figures.sides), figures.layers - 2)


class Truncation(layers.Layer):
    """Draws styles towards their mean.

    Args:
        remembered: The `StyleMean` that knows the mean; read at each call, so that training goes on beside.
        truncation: How far from the mean they lie afterwards, as a share.
    """

    def __init__(self, remembered: Any, truncation: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._remembered, self.truncation = remembered, truncation

    def call(self, inputs: Tensor) -> Tensor:
        """From styles to styles."""
        mean = ops.convert_to_tensor(self._remembered.mean)
        return mean + self.truncation * (inputs - mean)


class FixedNoise(layers.Layer):
    """The noise of one layer, the same for every face and in every process: from anything to `[batch side side 1]`.

    Args:
        side: Its side in pixels.
        place: The place of the layer; each has a noise of its own.
    """

    def __init__(self, side: int, place: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        drawn = np.random.default_rng(place).standard_normal((1, side, side, 1))
        self._noise, self.side = drawn.astype(np.float32), side

    def call(self, inputs: Tensor) -> Tensor:
        """Repeats it for each of the batch."""
        return ops.convert_to_tensor(self._noise) * ops.ones_like(inputs[:, :1, None, None])

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the answer."""
        return (input_shape[0], self.side, self.side, 1)
