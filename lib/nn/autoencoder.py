"""The face-swapping autoencoder: one encoder that all people share, one decoder for each.

The encoder learns what faces have in common (pose, expression, light), a decoder what one person looks like. To swap,
the target's crop goes through the encoder and the source's decoder.

Convention:
    Pictures are `[batch size size 3]`, RGB, 0..1; masks `[batch size size 1]`, 0..1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import keras
from keras import layers, ops

from . import blocks

Tensor = Any


@dataclass(frozen=True)
class Plan:
    """The figures of an autoencoder.

    Attributes:
        size: Side of the pictures in pixels.
        encoder: Channels of the halvings.
        bottleneck: Width of the layer that everything passes through.
        code: Channels of the code, a doubling of the grid below; 0 where the grid itself is the code.
        grid: Side of the grid that the bottleneck opens into, in pixels.
        grid_channels: Its channels.
        picture: Channels of the decoder's doublings on the way to the picture.
        mask: The same on the way to the mask; empty for a decoder without one.
        residual: Whether a residual block follows each doubling on the way to the picture.
    """

    size: int
    encoder: tuple[int, ...]
    bottleneck: int
    grid_channels: int
    code: int
    picture: tuple[int, ...]
    mask: tuple[int, ...] = ()
    grid: int = 4
    residual: bool = False

    def scaled(self, width: float) -> Plan:
        """Returns the plan with every channel count times `width`, at least 1."""
        wide = partial(blocks.widened, width=width)
        return replace(
            self,
            encoder=tuple(map(wide, self.encoder)),
            bottleneck=wide(self.bottleneck),
            grid_channels=wide(self.grid_channels),
            code=self.code and wide(self.code),
            picture=tuple(map(wide, self.picture)),
            mask=tuple(map(wide, self.mask)),
        )

    @property
    def code_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of the code."""
        if not self.code:
            return self.grid, self.grid, self.grid_channels
        return 2 * self.grid, 2 * self.grid, self.code


def build(plan: Plan, identities: Sequence[str]) -> dict[str, Any]:
    """Builds the encoder and a decoder for each identity.

    Returns:
        `encoder` and one `decoder_<identity>` each, as Keras models with fresh weights.
    """
    decoders = {f"decoder_{identity}": build_decoder(plan, f"decoder_{identity}") for identity in identities}
    return {"encoder": build_encoder(plan), **decoders}


def build_encoder(plan: Plan, name: str = "encoder") -> Any:
    """Builds the network from pictures to codes, `[batch *plan.code_shape]`."""
    inputs = keras.Input((plan.size, plan.size, 3), name="face")
    return keras.Model(inputs, to_code(to_features(inputs, plan), plan), name=name)


def build_decoder(plan: Plan, name: str, codes: int = 1) -> Any:
    """Builds the network from codes to pictures; to a list of pictures and masks where the plan has a mask branch.

    Args:
        plan: The figures.
        name: The network's name.
        codes: How many codes it is given, one behind the other along the channels.
    """
    height, width, channels = plan.code_shape
    inputs = keras.Input((height, width, codes * channels), name="code")
    picture = blocks.rgb_head(_branch(inputs, plan.picture, "rgb", plan.residual), "rgb")
    if not plan.mask:
        return keras.Model(inputs, picture, name=name)
    mask = blocks.mask_head(_branch(inputs, plan.mask, "mask"), "mask")
    return keras.Model(inputs, [picture, mask], name=name)


def to_features(x: Tensor, plan: Plan) -> Tensor:
    """Halves pictures `[batch size size 3]` and lays what is left in a line, `[batch features]`."""
    for index, channels in enumerate(plan.encoder):
        x = blocks.downscale(x, channels, f"down{index}")
    return layers.Flatten(data_format="channels_last", name="flat")(x)


def to_code(x: Tensor, plan: Plan) -> Tensor:
    """Presses features `[batch features]` through the bottleneck into a code, `[batch *plan.code_shape]`."""
    x = layers.Dense(plan.bottleneck, name="bottleneck")(x)
    x = layers.Dense(plan.grid * plan.grid * plan.grid_channels, name="open")(x)
    x = layers.Reshape((plan.grid, plan.grid, plan.grid_channels), name="grid")(x)
    return blocks.upscale(x, plan.code, "code") if plan.code else x


def reconstruct(networks: Mapping[str, Any], pictures: Mapping[str, Tensor]) -> dict[str, Any]:
    """Gives each identity's pictures back through its own decoder.

    Args:
        networks: What `build` made.
        pictures: `[batch size size 3]` by identity, of one batch size.

    Returns:
        What each decoder answers, by identity.
    """
    # One pass over all pictures uses the shared encoder's weights better than one pass for each identity.
    codes = networks["encoder"](ops.concatenate(list(pictures.values()), axis=0), training=True)
    shares = ops.split(codes, len(pictures), axis=0)
    return {
        identity: networks[f"decoder_{identity}"](share, training=True)
        for identity, share in zip(pictures, shares, strict=True)
    }


def swap_path(networks: Mapping[str, Any], identity: str) -> Any:
    """Chains the encoder and an identity's decoder into one Keras model that shares their weights."""
    encoder, decoder = networks["encoder"], networks[f"decoder_{identity}"]
    inputs = keras.Input(encoder.input_shape[1:], name="face")
    return keras.Model(inputs, decoder(encoder(inputs)), name=f"swap_{identity}")


def adam(learning_rate: float) -> Any:
    """The optimizer that these autoencoders are trained with."""
    return keras.optimizers.Adam(learning_rate, beta_1=0.5, beta_2=0.999, name="adam")


def _branch(x: Tensor, channels: tuple[int, ...], name: str, residual: bool = False) -> Tensor:
    for index, count in enumerate(channels):
        x = blocks.upscale(x, count, f"{name}{index}")
        x = blocks.residual(x, f"{name}{index}_residual") if residual else x
    return x
