"""The networks of unpaired translation: residual generators, discriminators of patches, and pools of made pictures.

Convention:
    Tensors are `[batch height width channels]`; pictures are RGB, -1..1.

Reference:
    J.-Y. Zhu et al., Unpaired image-to-image translation using cycle-consistent adversarial networks, ICCV 2017
    (arXiv:1703.10593), section 7.2, whose names for layers are cited (c7s1-64, d128, R256, u64, C64).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import layers, ops

from . import blocks
from .image_pool import ImagePool

Tensor = Any

_DEVIATION = 0.02
"""Standard deviation of the first weights of every convolution."""
_EPSILON = 1e-5


@keras.saving.register_keras_serializable(package="faceswap")
class ReflectionPad(layers.Layer):
    """Continues pictures beyond their border by their mirror image: `[b h w c]` becomes `[b h+2m w+2m c]`.

    Args:
        margin: How many pixels are added on each side.
    """

    def __init__(self, margin: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.margin = margin

    def call(self, inputs: Tensor) -> Tensor:
        """Adds the margin; the outermost pixels are not repeated."""
        sides = (self.margin, self.margin)
        return ops.pad(inputs, ((0, 0), sides, sides, (0, 0)), mode="reflect")

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs to make an equal layer."""
        return {**super().get_config(), "margin": self.margin}


def build(size: int, width: float, residuals: int, pool: int, identities: Sequence[str]) -> dict[str, Any]:
    """Builds all networks.

    Args:
        size: Side of the pictures in pixels, a multiple of 4.
        width: Factor on every layer's channels.
        residuals: Residual blocks of a generator.
        pool: How many made pictures are remembered of each person; 0 for none.
        identities: The people.

    Returns:
        `generator_<identity>`, `discriminator_<identity>` and `pool_<identity>` for each, with fresh weights.
    """
    networks = {}
    for name in identities:
        networks[f"generator_{name}"] = build_generator(size, width, residuals, f"generator_{name}")
        networks[f"discriminator_{name}"] = build_discriminator(size, width, f"discriminator_{name}")
        if pool:
            networks[f"pool_{name}"] = ImagePool(pool, size, name=f"pool_{name}")
    return networks


def build_generator(size: int, width: float, residuals: int, name: str) -> Any:
    """Builds the network from anybody's pictures to one person's, both `[batch size size 3]`."""
    first, second, third = (blocks.widened(channels, width) for channels in (64, 128, 256))
    face = x = keras.Input((size, size, 3), name="face")
    x = ReflectionPad(3, name="c7s1_pad")(x)
    x = _relu(_norm(_conv(x, first, 7, "c7s1"), "c7s1"), "c7s1")
    for channels, part in ((second, "d128"), (third, "d256")):
        x = layers.ZeroPadding2D(1, data_format="channels_last", name=f"{part}_pad")(x)
        x = _relu(_norm(_conv(x, channels, 3, part, strides=2), part), part)
    for number in range(residuals):
        x = _residual(x, f"r256_{number}")
    for channels, part in ((second, "u128"), (first, "u64")):
        x = _relu(_norm(_doubled(x, channels, part), part), part)
    x = ReflectionPad(3, name="rgb_pad")(x)
    return keras.Model(face, blocks.in_float32(_conv(x, 3, 7, "rgb", bias=True), "rgb", "tanh"), name=name)


def build_discriminator(size: int, width: float, name: str) -> Any:
    """Builds the network from pictures to verdicts, each on a patch of 70 pixels: `[batch size/8-2 size/8-2 1]`."""
    face = x = keras.Input((size, size, 3), name="face")
    for channels, strides in ((64, 2), (128, 2), (256, 2), (512, 1)):
        part, first = f"c{channels}", channels == 64
        x = layers.ZeroPadding2D(1, data_format="channels_last", name=f"{part}_pad")(x)
        x = _conv(x, blocks.widened(channels, width), 4, part, strides=strides, bias=first)
        x = x if first else _norm(x, part)
        x = layers.LeakyReLU(negative_slope=0.2, name=f"{part}_act")(x)
    x = layers.ZeroPadding2D(1, data_format="channels_last", name="verdicts_pad")(x)
    return keras.Model(face, blocks.in_float32(_conv(x, 1, 4, "verdicts", bias=True), "verdicts"), name=name)


def swap_path(networks: Mapping[str, Any], identity: str) -> Any:
    """Makes the generator of an identity take and give pictures 0..1."""
    generator = networks[f"generator_{identity}"]
    inputs = keras.Input(generator.input_shape[1:], name="face")
    face = generator(layers.Rescaling(2.0, -1.0, name="signed")(inputs))
    return keras.Model(inputs, layers.Rescaling(0.5, 0.5, name="unsigned")(face), name=f"swap_{identity}")


def _residual(x: Tensor, name: str) -> Tensor:
    """A residual block, without activation after the sum."""
    inner = x
    for part in ("first", "second"):
        inner = ReflectionPad(1, name=f"{name}_{part}_pad")(inner)
        inner = _norm(_conv(inner, x.shape[-1], 3, f"{name}_{part}"), f"{name}_{part}")
        inner = _relu(inner, f"{name}_{part}") if part == "first" else inner
    return layers.Add(name=f"{name}_add")([x, inner])


def _conv(x: Tensor, channels: int, kernel: int, name: str, strides: int = 1, bias: bool = False) -> Tensor:
    """A convolution; one that a normalization follows has no bias, which would be taken out again."""
    return layers.Conv2D(channels, kernel, strides=strides, use_bias=bias, **_common(name))(x)


def _doubled(x: Tensor, channels: int, name: str) -> Tensor:
    """A convolution of stride 1/2."""
    return layers.Conv2DTranspose(channels, 3, strides=2, padding="same", use_bias=False, **_common(name))(x)


def _common(name: str) -> dict[str, Any]:
    """What all convolutions have in common."""
    drawn = keras.initializers.RandomNormal(0, _DEVIATION)
    return {"kernel_initializer": drawn, "data_format": "channels_last", "name": f"{name}_conv"}


def _norm(x: Tensor, name: str) -> Tensor:
    """Instance normalization: each channel of each picture has mean 0 and variance 1, then a factor and an offset."""
    return layers.GroupNormalization(groups=-1, epsilon=_EPSILON, name=f"{name}_norm")(x)


def _relu(x: Tensor, name: str) -> Tensor:
    return layers.ReLU(name=f"{name}_act")(x)
