"""Styles for the layers of a synthesis network: for some faces two, so that layers do not rely on each other.

Reference:
    T. Karras et al., A style-based generator architecture for GANs, CVPR 2019 (arXiv:1812.04948), section 3.1.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from .keys import RandomKey

Tensor = Any


def mixed_styles(
    mapping: Any, shape: tuple[Tensor, int, int], used: int, mixing: float, key: RandomKey, training: bool
) -> Tensor:
    """A style for each layer, `[count layers latent]`; from some layer on a second one, for some faces.

    Args:
        mapping: The network from latents to styles.
        shape: How many faces, layers and numbers of a latent there are.
        used: How many of the layers are at work; a second style begins within them.
        mixing: Share of the faces that get a second one.
        key: Where the random numbers come from.
        training: Whether the mean style is remembered.
    """
    count, layers, latent = shape
    drawn = [keras.random.normal((count, latent), seed=key) for _ in range(2)]
    first, second = (mapping(latents, training=training)[:, None] for latents in drawn)
    places = ops.convert_to_tensor(np.arange(layers, dtype=np.int32)[None, :, None])
    crossing = keras.random.randint((count, 1, 1), 1, used, seed=key)
    mixes = keras.random.uniform((count, 1, 1), seed=key) < mixing
    return ops.where(ops.logical_and(mixes, places >= ops.cast(crossing, "int32")), second, first)
