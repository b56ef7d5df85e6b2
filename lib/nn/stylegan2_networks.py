"""The networks of StyleGAN2: mapping, synthesis with skips, residual discriminator.

Convention:
    Tensors are `[batch height width channels]`; pictures are RGB, about -1..1. z are latents, w their styles, both
    `[batch latent]`; the synthesis network is given a w for each of its layers, `[batch layers latent]`.

Reference:
    T. Karras et al., Analyzing and improving the image quality of StyleGAN, CVPR 2020 (arXiv:1912.04958): figure 7 and
    its configurations E (half of the channels from 64 pixels on) and F; the mapping network and the truncation are of
    A style-based generator architecture for GANs, CVPR 2019 (arXiv:1812.04948); the deviation of the minibatch is of
    Progressive growing of GANs, ICLR 2018.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
from keras import layers, ops

from . import blocks
from .equalized import EqualizedConv, EqualizedDense
from .keys import RandomKey
from .minibatch_deviation import MinibatchDeviation
from .modulated import StyledConv, StyledPicture
from .resampling import Halve
from .style_mean import StyleMean

Tensor = Any

_SMALLEST = 4
_MAPPING_RATE = 0.01
"""How fast the mapping network learns beside the others."""
_SHRUNK = 0.5**0.5
"""By which sums of two branches are multiplied, so that they keep the variance of one."""


@dataclass(frozen=True)
class Figures:
    """The figures of the networks.

    Attributes:
        size: Side of the pictures in pixels: a power of two, 8 to 1024.
        base: Channels at 2 pixels, halved at each doubling: 8192 is configuration E, 16384 F.
        most: The most channels of a layer.
        latent: Width of z and w.
        depth: Layers of the mapping network.
    """

    size: int
    base: int = 16384
    most: int = 512
    latent: int = 512
    depth: int = 8

    def channels(self, side: int) -> int:
        """The channels of the pictures of a side."""
        return max(1, min(2 * self.base // side, self.most))

    @property
    def sides(self) -> list[int]:
        """The sides of the pictures on the way, from 4 pixels on."""
        return [side for side in (2**power for power in range(2, 11)) if side <= self.size]

    @property
    def layers(self) -> int:
        """How many w the synthesis network is given: one for each convolution and the last picture."""
        return 2 * len(self.sides)

    @property
    def noise_sides(self) -> list[int]:
        """The sides of the noise, one for each convolution."""
        return [_SMALLEST, *(side for side in self.sides[1:] for _ in range(2))]


def build_mapping(figures: Figures) -> Any:
    """Builds the network from z to w, which also keeps the running mean of w (`mean`, the last layer)."""
    latents = keras.Input((figures.latent,), name="z")
    x = layers.Rescaling(figures.latent**0.5, name="length")(layers.UnitNormalization(name="unit")(latents))
    for number in range(figures.depth):
        x = EqualizedDense(figures.latent, active=True, multiplier=_MAPPING_RATE, name=f"dense{number}")(x)
    return keras.Model(latents, StyleMean(dtype="float32", name="mean")(x), name="mapping")


def build_synthesis(figures: Figures) -> Any:
    """Builds the network from a list of styles, `[batch layers latent]`, and noises to pictures, in float32."""
    styles = keras.Input((figures.layers, figures.latent), name="w")
    noises = [keras.Input((side, side, 1), name=f"noise{place}") for place, side in enumerate(figures.noise_sides)]
    rgb, place = None, 0
    x = LearnedStart(figures.channels(_SMALLEST), name="start")(styles[:, 0])
    for side in figures.sides:
        parts = ("conv",) if side == _SMALLEST else ("up", "conv")
        for part in parts:
            styled = StyledConv(figures.channels(side), doubling=part == "up", name=f"{part}{side}")
            x, place = styled([x, styles[:, place], noises[place]]), place + 1
        rgb = _skipped(rgb, x, styles[:, place], side)
    return keras.Model([styles, *noises], blocks.in_float32(rgb, "rgb"), name="synthesis")


def build_discriminator(figures: Figures) -> Any:
    """Builds the network from pictures to verdicts, `[batch 1]`."""
    face = keras.Input((figures.size, figures.size, 3), name="face")
    x = EqualizedConv(figures.channels(figures.size), 1, active=True, name="rgb")(face)
    for side in reversed(figures.sides[1:]):
        x = _residual(x, figures.channels(side // 2), side)
    x = MinibatchDeviation(name="deviation")(x)
    channels = figures.channels(_SMALLEST)
    x = EqualizedConv(channels, active=True, name=f"conv{_SMALLEST}")(x)
    x = layers.Flatten(data_format="channels_last", name="flat")(x)
    x = EqualizedDense(channels, active=True, name="dense")(x)
    return keras.Model(face, blocks.in_float32(EqualizedDense(1, name="verdict")(x), "verdict"), name="discriminator")


def draw_noises(figures: Figures, batch: Tensor, key: RandomKey) -> list[Tensor]:
    """Draws the noises of a training batch."""
    return [keras.random.normal((batch, side, side, 1), seed=key) for side in figures.noise_sides]


@keras.saving.register_keras_serializable(package="faceswap")
class LearnedStart(layers.Layer):
    """What the synthesis begins with, the same for all: from anything `[batch ...]` to `[batch 4 4 channels]`.

    Args:
        channels: Channels of the answer.
    """

    def __init__(self, channels: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.channels = channels

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the start."""
        drawn = keras.initializers.RandomNormal(0, 1)
        self.start = self.add_weight(shape=(1, _SMALLEST, _SMALLEST, self.channels), initializer=drawn, name="start")

    def call(self, inputs: Tensor) -> Tensor:
        """Repeats the start for each of the batch."""
        return ops.convert_to_tensor(self.start) * ops.ones_like(inputs[:, :1, None, None])

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the answer."""
        return (input_shape[0], _SMALLEST, _SMALLEST, self.channels)

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs to make an equal layer."""
        return {**super().get_config(), "channels": self.channels}


def _skipped(rgb: Tensor | None, x: Tensor, styles: Tensor, side: int) -> Tensor:
    """Adds this side's picture to the doubled one of the side before."""
    return StyledPicture(name=f"rgb{side}")([x, styles] if rgb is None else [x, styles, rgb])


def _residual(x: Tensor, channels: int, side: int) -> Tensor:
    """A halving of the discriminator: two convolutions, beside one of single pixels."""
    inner = EqualizedConv(x.shape[-1], active=True, name=f"conv{side}")(x)
    inner = EqualizedConv(channels, halving=True, active=True, name=f"down{side}")(inner)
    straight = EqualizedConv(channels, 1, bias=False, name=f"skip{side}")(Halve(name=f"halve{side}")(x))
    return layers.Rescaling(_SHRUNK, name=f"shrunk{side}")(layers.Add(name=f"add{side}")([inner, straight]))
