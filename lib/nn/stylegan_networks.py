"""The networks of the first StyleGAN: synthesis by adaptive instance normalization, discriminator, both growing.

All sizes share their layers. Each network answers at every size to which it can have grown; `at_side` takes the part of
one size. The mapping network is that of StyleGAN2, which kept it.

Convention:
    Tensors are `[batch height width channels]`; pictures are RGB, about -1..1. The synthesis network is given a w for
    each of its layers, `[batch layers latent]`, and a noise for each, of which smaller sizes use the first.

Reference:
    T. Karras et al., A style-based generator architecture for GANs, CVPR 2019 (arXiv:1812.04948), figure 1 and appendix
    C; discriminator and growing: T. Karras et al., Progressive growing of GANs, ICLR 2018 (arXiv:1710.10196), table 2.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from . import blocks
from .adain import NoisyStyle
from .equalized import EqualizedConv, EqualizedDense
from .growing import DoubleNearest, Growth, HalveMean
from .minibatch_deviation import MinibatchDeviation
from .resampling import Blur
from .stylegan2_networks import Figures, LearnedStart

Tensor = Any

_SMALLEST = 4


class GrowingFigures(Figures):
    """The figures of the networks; `base` 8192 and `most` 512 are the published ones, for every size."""

    @property
    def noise_sides(self) -> list[int]:
        """The sides of the noise, one for each layer; the first follows the start."""
        return [side for side in self.sides for _ in range(2)]

    @property
    def grown_sides(self) -> list[int]:
        """The sides to which the networks can have grown, from 8 pixels on."""
        return self.sides[1:]


def build_synthesis(figures: GrowingFigures) -> Any:
    """Builds the network from a list of styles, `[batch layers latent]`, and noises to pictures of each grown side."""
    styles = keras.Input((figures.layers, figures.latent), name="w")
    noises = [keras.Input((side, side, 1), name=f"noise{place}") for place, side in enumerate(figures.noise_sides)]
    growth, pictures, place = Growth(dtype="float32", name="growth"), [], 0
    x = LearnedStart(figures.channels(_SMALLEST), name="start")(styles[:, 0])
    for side in figures.sides:
        for part in ("up", "conv"):
            if part == "up":
                x = x if side == _SMALLEST else _doubled(x, figures.channels(side), side)
            else:
                x = EqualizedConv(figures.channels(side), bias=False, name=f"conv{side}")(x)
            x = NoisyStyle(name=f"{part}{side}_style")([x, noises[place], styles[:, place]])
            place += 1
        pictures.append(blocks.in_float32(EqualizedConv(3, 1, name=f"rgb{side}")(x), f"rgb{side}"))
    pairs = zip(pictures, pictures[1:], figures.grown_sides, strict=False)
    blended = [growth([DoubleNearest(name=f"double{side}")(smaller), larger]) for smaller, larger, side in pairs]
    return keras.Model([styles, *noises], blended, name="synthesis")


def build_discriminator(figures: GrowingFigures) -> Any:
    """Builds the network from pictures of each grown side to a verdict on each, `[batch 1]`."""
    growth = Growth(name="growth")
    rgbs = {side: EqualizedConv(figures.channels(side), 1, active=True, name=f"rgb{side}") for side in figures.sides}
    halvings = {side: _halving(figures, side) for side in figures.grown_sides}
    end, faces, verdicts = _end(figures), [], []
    for grown in figures.grown_sides:
        face = keras.Input((grown, grown, 3), name=f"face{grown}")
        smaller = rgbs[grown // 2](HalveMean(name=f"half{grown}")(face))
        x = growth([smaller, halvings[grown](rgbs[grown](face))])
        for side in reversed([side for side in figures.grown_sides if side < grown]):
            x = halvings[side](x)
        faces.append(face)
        verdicts.append(blocks.in_float32(end(x), f"verdict{grown}"))
    return keras.Model(faces, verdicts, name="discriminator")


def at_side(figures: GrowingFigures, synthesis: Any, discriminator: Any, side: int) -> tuple[Any, Any]:
    """The parts of both networks that work at a side; they share the networks' weights."""
    place = figures.grown_sides.index(side)
    return (
        keras.Model(synthesis.inputs, synthesis.outputs[place], name=f"synthesis{side}"),
        keras.Model(discriminator.inputs[place], discriminator.outputs[place], name=f"discriminator{side}"),
    )


def _doubled(x: Tensor, channels: int, side: int) -> Tensor:
    x = EqualizedConv(channels, bias=False, name=f"up{side}")(DoubleNearest(name=f"bigger{side}")(x))
    return Blur(name=f"blur{side}")(x)


def _halving(figures: GrowingFigures, side: int) -> Any:
    """The layers of the discriminator from maps of a side to those of half of it."""
    given, answered = figures.channels(side), figures.channels(side // 2)
    return keras.Sequential(
        [
            keras.Input((side, side, given)),
            EqualizedConv(given, active=True, name=f"conv{side}"),
            Blur(name=f"blur{side}"),
            EqualizedConv(answered, active=True, name=f"down{side}"),
            HalveMean(name=f"halve{side}"),
        ],
        name=f"halving{side}",
    )


def _end(figures: GrowingFigures) -> Any:
    """The layers of the discriminator from maps of 4 pixels to a verdict."""
    channels = figures.channels(_SMALLEST)
    return keras.Sequential(
        [
            keras.Input((_SMALLEST, _SMALLEST, channels)),
            MinibatchDeviation(name="deviation"),
            EqualizedConv(channels, active=True, name=f"conv{_SMALLEST}"),
            layers.Flatten(data_format="channels_last", name="flat"),
            EqualizedDense(channels, active=True, name="dense"),
            EqualizedDense(1, name="verdict"),
        ],
        name="end",
    )
