"""The networks of the adversarial autoencoder: an encoder for all, a decoder and a discriminator for each person.

Convention:
    Tensors are `[batch height width channels]`; pictures are RGB, -1..1; alphas are `[batch size size 1]`, 0..1.

Reference:
    The figures of the open "faceswap-GAN", version 2.2 (2018); H. Zhang et al., Self-attention generative adversarial
    networks, ICML 2019; P. Isola et al., Image-to-image translation with conditional adversarial networks, CVPR 2017,
    for the discriminator of patches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import layers

from . import blocks
from .attention import SelfAttention
from .blocks import widened
from .icnr import Icnr

Tensor = Any

_SLOPE = 0.2
_SMALLEST = 4
"""Side of the map that the encoder presses through its dense layers, in pixels."""
_VERDICTS = 8
"""Side of the map of verdicts, in pixels, where the pictures are large enough."""
_DEVIATION = 0.02
"""Standard deviation of the decoders' and the discriminators' first weights."""


def build(size: int, width: float, identities: Sequence[str]) -> dict[str, Any]:
    """Builds all networks.

    Args:
        size: Side of the pictures in pixels: 64, 128 or 256.
        width: Factor on every layer's channels.
        identities: The people.

    Returns:
        `encoder`, and `decoder_<identity>` and `discriminator_<identity>` for each, with fresh weights.
    """
    networks = {"encoder": build_encoder(size, width)}
    for name in identities:
        networks[f"decoder_{name}"] = build_decoder(size, width, f"decoder_{name}")
    for name in identities:
        networks[f"discriminator_{name}"] = build_discriminator(size, width, f"discriminator_{name}")
    return networks


def build_encoder(size: int, width: float) -> Any:
    """Builds the network from pictures to codes, `[batch 8 8 512]` at full width."""
    face = x = keras.Input((size, size, 3), name="face")
    x = _halve(x, widened(64, width), "down0", kernel=5, strides=1, norm=False)
    x = _halve(x, widened(128, width), "down1", norm=False)
    x = _halve(x, widened(256, width), "down2")
    x = SelfAttention(name="attention2")(x)
    x = _halve(x, widened(512, width), "down3")
    x = SelfAttention(name="attention3")(x)
    deepest, number = widened(1024, width), 4
    while x.shape[1] > _SMALLEST:
        x, number = _halve(x, deepest, f"down{number}"), number + 1
    x = layers.Flatten(data_format="channels_last", name="flat")(x)
    x = layers.Dense(deepest, name="bottleneck")(x)
    x = layers.Dense(_SMALLEST**2 * deepest, name="open")(x)
    x = layers.Reshape((_SMALLEST, _SMALLEST, deepest), name="grid")(x)
    return keras.Model(face, _double(x, widened(512, width), "code"), name="encoder")


def build_decoder(size: int, width: float, name: str) -> Any:
    """Builds the network from codes to a list: alpha, picture, and the pictures of 64 pixels on that led to it."""
    last = widened(64, width)
    code = x = keras.Input((2 * _SMALLEST, 2 * _SMALLEST, widened(512, width)), name="code")
    x = _double(x, widened(256, width), "up0")
    x = _double(x, widened(128, width), "up1")
    x = SelfAttention(name="attention1")(x)
    x = blocks.residual(_double(x, last, "up2"), "residual")
    x = SelfAttention(name="attention2")(x)
    smaller: list[Tensor] = []
    while x.shape[1] < size:
        number = 3 + len(smaller)
        smaller.append(_picture(x, f"rgb{x.shape[1]}"))
        x = _conv_act_norm(_double(x, last, f"up{number}"), last, f"refine{number}")
    return keras.Model(code, [blocks.mask_head(x, "alpha"), _picture(x, "rgb"), *smaller], name=name)


def build_discriminator(size: int, width: float, name: str) -> Any:
    """Builds the network from a picture and the warped face it was made of, `[batch size size 6]`, to verdicts.

    The verdicts are `[batch 8 8 1]`, each on one patch; smaller for pictures of less than 64 pixels.
    """
    pair = x = keras.Input((size, size, 6), name="pair")
    for number, channels in enumerate((64, 128, 256)):
        x = _judge(x, widened(channels, width), f"down{number}", norm=number > 0)
    x = SelfAttention(name="attention2")(x)
    while x.shape[1] > _VERDICTS:
        number += 1
        x = _judge(x, widened(256, width), f"down{number}")
        x = SelfAttention(name=f"attention{number}")(x)
    verdicts = layers.Conv2D(
        1,
        4,
        padding="same",
        use_bias=False,
        kernel_initializer=keras.initializers.RandomNormal(0, _DEVIATION),
        data_format="channels_last",
        name="verdicts",
    )
    return keras.Model(pair, blocks.in_float32(verdicts(x), "verdicts"), name=name)


def swap_path(networks: Mapping[str, Any], identity: str) -> Any:
    """Chains the encoder and an identity's decoder: from pictures to a list of pictures, all 0..1, and alphas."""
    encoder, decoder = networks["encoder"], networks[f"decoder_{identity}"]
    inputs = keras.Input(encoder.input_shape[1:], name="face")
    alpha, picture, *_ = decoder(encoder(layers.Rescaling(2.0, -1.0, name="signed")(inputs)))
    face = layers.Rescaling(0.5, 0.5, name="unsigned")(picture)
    return keras.Model(inputs, [face, alpha], name=f"swap_{identity}")


def halving_kernels(encoder: Any) -> list[Any]:
    """The weights of the encoder's halvings, which are kept small by weight decay."""
    return [layer.kernel for layer in encoder.layers if layer.name.startswith("down") and layer.name.endswith("_conv")]


def adam(learning_rate: float) -> Any:
    """The optimizer that these networks are trained with."""
    return keras.optimizers.Adam(learning_rate, beta_1=0.5, beta_2=0.999, name="adam")


def _halve(x: Tensor, channels: int, name: str, kernel: int = 3, strides: int = 2, norm: bool = True) -> Tensor:
    """One step of the encoder."""
    conv = layers.Conv2D(
        channels,
        kernel,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        data_format="channels_last",
        name=f"{name}_conv",
    )
    x = layers.ReLU(name=f"{name}_act")(conv(x))
    return _instance_norm(x, name) if norm else x


def _double(x: Tensor, channels: int, name: str) -> Tensor:
    """Doubles a map; before any training it repeats each pixel four times."""
    conv = layers.Conv2D(
        4 * channels,
        3,
        padding="same",
        kernel_initializer=Icnr(_DEVIATION, factor=2),
        data_format="channels_last",
        name=f"{name}_conv",
    )
    x = layers.LeakyReLU(negative_slope=_SLOPE, name=f"{name}_act")(conv(x))
    return blocks.PixelShuffle(2, name=f"{name}_shuffle")(_instance_norm(x, name))


def _conv_act_norm(x: Tensor, channels: int, name: str, kernel: int = 3, strides: int = 1, norm: bool = True) -> Tensor:
    conv = layers.Conv2D(
        channels,
        kernel,
        strides=strides,
        padding="same",
        kernel_initializer=keras.initializers.RandomNormal(0, _DEVIATION),
        data_format="channels_last",
        name=f"{name}_conv",
    )
    x = layers.LeakyReLU(negative_slope=_SLOPE, name=f"{name}_act")(conv(x))
    return _instance_norm(x, name) if norm else x


def _judge(x: Tensor, channels: int, name: str, norm: bool = True) -> Tensor:
    """One halving of a discriminator."""
    return _conv_act_norm(x, channels, name, kernel=4, strides=2, norm=norm)


def _instance_norm(x: Tensor, name: str) -> Tensor:
    """Brings each channel of each face to mean 0 and variance 1."""
    return layers.GroupNormalization(groups=-1, name=f"{name}_norm")(x)


def _picture(x: Tensor, name: str) -> Tensor:
    return blocks.head(x, 3, "tanh", name)
