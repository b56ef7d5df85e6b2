"""How training faces are varied: what a user sets and what a model wants, made into the function of a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from .backends import Prepare
from .faces import COVERAGE, REGIONS
from .step import IdentityBatch, Warp

Tensor = Any


@dataclass(frozen=True)
class Variation:
    """How training faces are varied, whatever the model.

    Attributes:
        affine: Strength of the random rotation, zoom and shift; 1 is the original recipe.
        flip: Share of the faces that are mirrored.
        color_match: Share of the faces that get the colors of another face of the batch, the same person's.
        color_jitter: Strength of the random change of color.
    """

    affine: float = 1.0
    flip: float = 0.5
    color_match: float = 0.3
    color_jitter: float = 0.5


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
