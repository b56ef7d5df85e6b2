"""How training faces are varied: what a user sets and what a model wants, made into the function of a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .backends import Prepare
from .faces import COVERAGE, REGIONS
from .step import IdentityBatch, Variation, Warp

Tensor = Any


def augmentation(size: int, variation: Variation, warp: Warp) -> Prepare:
    """Returns the function that makes batches by the training augmentation.

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

    def share(faces: Tensor, masks: Tensor, key: Any) -> IdentityBatch:
        inputs, goals, regions = augment(faces, masks, key, settings)
        return IdentityBatch(inputs, goals, *(regions[..., place : place + 1] for place in range(len(REGIONS))))

    def prepare(stored: Mapping[str, tuple[Tensor, Tensor]], key: Any) -> dict[str, IdentityBatch]:
        return {name: share(*parts, key) for name, parts in stored.items()}

    return prepare
