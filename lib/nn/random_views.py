"""Random changes of what a discriminator sees, real or made, so that it cannot learn a small set by heart.

Each change befalls each picture with the same chance; while it stays below about 0.8 the changes do not leak into what
the generator makes. All of them are differentiable by the pictures. In place of the published wavelet filter, pictures
are sampled between their pixels, and continue beyond their border as in a mirror.

Convention:
    Pictures are `[batch size size 3]`, RGB, -1..1. Points are x, y in pixels from the center.

Reference:
    T. Karras et al., Training generative adversarial networks with limited data, NeurIPS 2020 (arXiv:2006.06676),
    appendix B, table of pixel blitting, general geometric and color transformations, with its figures.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from .keys import RandomKey
from .sampling import Point, bilinear, mesh

Tensor = Any

_SHIFT = 0.125
"""Largest shift by whole pixels, and the deviation of that by any distance, as a share of the side."""
_SCALE = 0.2
"""Deviation of the binary logarithm of both changes of scale."""
_BRIGHTNESS, _CONTRAST, _SATURATION = 0.2, 0.5, 1.0
"""Deviations: of what is added, and of the binary logarithms of what is multiplied."""


def changed(pictures: Tensor, chance: Tensor, key: RandomKey) -> Tensor:
    """Changes pictures at random.

    Args:
        pictures: The pictures.
        chance: With which each change befalls a picture, a scalar tensor, 0..1.
        key: Where the random numbers come from.

    Returns:
        The changed pictures.
    """
    drawn = _Draws(ops.shape(pictures)[0], chance, key)
    return _recolored(_moved(pictures, drawn), drawn)


class _Draws:
    """Random numbers for each picture, `[batch]` each, that leave it as it is where a change does not befall it."""

    def __init__(self, batch: Tensor, chance: Tensor, key: RandomKey) -> None:
        self._batch, self._chance, self._key = batch, chance, key

    def uniform(self, low: float, high: float, still: float = 0.0, chance: Tensor | None = None) -> Tensor:
        """Even from `low` to `high`."""
        return self._gated(keras.random.uniform((self._batch,), low, high, seed=self._key), still, chance)

    def normal(self, deviation: float) -> Tensor:
        """Around 0."""
        return self._gated(keras.random.normal((self._batch,), 0.0, deviation, seed=self._key), 0.0, None)

    def power(self, deviation: float) -> Tensor:
        """Powers of two, around 1."""
        return ops.exp(math.log(2) * self.normal(deviation))

    def turn(self) -> Tensor:
        """Angles; of two turns at least one befalls a picture with the chance of the other changes."""
        return self.uniform(-math.pi, math.pi, chance=1 - ops.sqrt(1 - self._chance))

    def _gated(self, values: Tensor, still: float, chance: Tensor | None) -> Tensor:
        befalls = keras.random.uniform((self._batch,), seed=self._key) < (self._chance if chance is None else chance)
        return ops.where(befalls, values, still)


def _moved(pictures: Tensor, drawn: _Draws) -> Tensor:
    """Mirrors, turns, scales and shifts."""
    side = pictures.shape[1]
    points = mesh(np.arange(side) - (side - 1) / 2)
    points = tuple(point[None] for point in points)
    for step in reversed(_steps(drawn, side)):
        points = step(points)
    x, y = (_mirrored(point + (side - 1) / 2, side) for point in points)
    return bilinear(pictures, x, y)


def _steps(drawn: _Draws, side: int) -> list[Callable[[Any], Any]]:
    """The changes in their order, each as what it does backwards to points."""
    whole = [ops.round(drawn.uniform(-_SHIFT, _SHIFT) * side) for _ in range(2)]
    flip = 1 - 2 * ops.floor(drawn.uniform(0, 2))
    quarter = ops.floor(drawn.uniform(0, 4)) * (math.pi / 2)
    scale, first, stretch, second = drawn.power(_SCALE), drawn.turn(), drawn.power(_SCALE), drawn.turn()
    shift = [drawn.normal(_SHIFT) * side for _ in range(2)]
    return [
        lambda points: _scaled(points, flip, ops.ones_like(flip)),
        lambda points: _turned(points, quarter),
        lambda points: _shifted(points, *whole),
        lambda points: _scaled(points, scale, scale),
        lambda points: _turned(points, first),
        lambda points: _scaled(points, stretch, 1 / stretch),
        lambda points: _turned(points, second),
        lambda points: _shifted(points, *shift),
    ]


def _turned(points: Point, angle: Tensor) -> Point:
    (x, y), cos, sin = points, _wide(ops.cos(angle)), _wide(ops.sin(angle))
    return cos * x + sin * y, cos * y - sin * x


def _scaled(points: Point, across: Tensor, down: Tensor) -> Point:
    return points[0] / _wide(across), points[1] / _wide(down)


def _shifted(points: Point, right: Tensor, down: Tensor) -> Point:
    return points[0] - _wide(right), points[1] - _wide(down)


def _wide(values: Tensor) -> Tensor:
    return ops.reshape(values, (-1, 1, 1))


def _mirrored(places: Tensor, side: int) -> Tensor:
    """Brings places beyond the border back as a mirror at the outermost pixels shows them."""
    last = side - 1.0
    return last - ops.abs(ops.mod(places, 2 * last) - last)


def _recolored(pictures: Tensor, drawn: _Draws) -> Tensor:
    """Changes brightness, contrast, luma, hue and saturation.

    The gray axis is v = (1, 1, 1) / sqrt(3): a color is its share along v and the rest, which hue turns around v.
    """
    brightness, contrast = _tall(drawn.normal(_BRIGHTNESS)), _tall(drawn.power(_CONTRAST))
    flip = _tall(1 - 2 * ops.floor(drawn.uniform(0, 2)))
    hue, saturation = _tall(drawn.uniform(-math.pi, math.pi)), _tall(drawn.power(_SATURATION))
    pictures = (pictures + brightness) * contrast
    gray = ops.mean(pictures, axis=-1, keepdims=True)
    rest = pictures - gray
    across = (ops.roll(rest, 1, axis=-1) - ops.roll(rest, -1, axis=-1)) / math.sqrt(3)  # v x rest
    return flip * gray + saturation * (ops.cos(hue) * rest + ops.sin(hue) * across)


def _tall(values: Tensor) -> Tensor:
    return ops.reshape(values, (-1, 1, 1, 1))
