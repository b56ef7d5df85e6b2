"""How training faces are varied: what a user sets and what a model wants, made into the function of a batch."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

from .backends import Prepare
from .faces import COVERAGE, REGIONS
from .step import IdentityBatch, Variation, Warp

Tensor = Any


@lru_cache
def augmentation(size: int, variation: Variation, warp: Warp) -> Prepare:
    """Returns the function that makes an identity's share of a batch by the training augmentation.

    The same arguments give the same function, of which a backend need not make more than one graph.

    Args:
        size: Side of the pictures in pixels.
        variation: How faces are varied.
        warp: How they are warped.
    """
    from ...lib.nn.augment import Augmentation, augment

    recipe, strength = Augmentation(size, COVERAGE, cells=warp.cells, noise=warp.noise), variation.affine
    settings = replace(
        recipe,
        rotation=strength * recipe.rotation,
        zoom=strength * recipe.zoom,
        shift=strength * recipe.shift,
        flip=variation.flip,
        color_match=variation.color_match,
        color_jitter=variation.color_jitter,
    )

    def prepare(faces: Tensor, masks: Tensor, key: Any) -> IdentityBatch:
        inputs, goals, regions = augment(faces, masks, key, settings)
        return IdentityBatch(inputs, goals, *(regions[..., place : place + 1] for place in range(len(REGIONS))))

    return prepare
