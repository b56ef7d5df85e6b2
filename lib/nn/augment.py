"""The training augmentation: a random affine map and a random warp, on the device, for a whole batch at once.

A network learns to undo the warp: it is given the warped face and should give the unwarped one. Both are sampled
straight from the stored face, so that each pixel is interpolated once.

Convention:
    Pictures are `[batch height width channels]`. Points are x, y on pixel centers; inside this file a point is one
    complex number in two tensors, and 0 is the stored face's center.

Reference:
    The recipe of the first open face-swapping autoencoders (2017): 5x5 grid, normal noise, similarity as the goal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from .keys import RandomKey

Tensor = Any
Point = tuple[Tensor, Tensor]
Map = Callable[[Point], Point]


@dataclass(frozen=True)
class Augmentation:
    """How strongly faces are varied.

    Attributes:
        size: Side of the network's pictures in pixels.
        coverage: Side of the region that they show, as a share of the stored face's side; the rest is the margin that
            rotation, shift and warp reach into.
        rotation: Largest rotation to either side, in degrees.
        zoom: Largest change of scale; 0.05 is from 0.95 to 1.05.
        shift: Largest shift along each axis, as a share of the stored face's side.
        flip: Share of the faces that are mirrored.
        warp: Standard deviation of the grid's noise, as a share of the region's side.
        cells: Cells of the grid along each side.
    """

    size: int
    coverage: float = 160 / 256
    rotation: float = 10.0
    zoom: float = 0.05
    shift: float = 0.05
    flip: float = 0.5
    warp: float = 5 / 160
    cells: int = 4


def augment(faces: Tensor, masks: Tensor, key: RandomKey, settings: Augmentation) -> tuple[Tensor, Tensor, Tensor]:
    """Makes a training batch out of stored faces.

    Args:
        faces: uint8 `[batch side side 3]`, the stored faces with their margin.
        masks: uint8 `[batch side side regions]`, 255 = inside.
        key: Where the random numbers come from.
        settings: How strongly faces are varied.

    Returns:
        The warped faces, their goals (both float32 `[batch size size 3]`, 0..1) and the goals' masks (float32
        `[batch size size regions]`, 0..1).
    """
    batch, side = ops.shape(faces)[0], faces.shape[1]
    affine = random_affine(batch, side, key, settings)
    nodes = _grid(side * settings.coverage, settings.cells)
    noise = keras.random.normal((batch, 2, settings.cells + 1, settings.cells + 1), seed=key)
    noise = noise * (settings.warp * settings.coverage * side)
    noisy = nodes[0] + noise[:, 0], nodes[1] + noise[:, 1]

    warped = affine(_enlarge(noisy, settings))
    goal = affine(_pull_back(noisy, nodes, _pixels(side * settings.coverage, settings.size)))
    center = (side - 1) / 2
    inputs, goals, goal_masks = (
        bilinear(pictures, x + center, y + center) / 255.0
        for pictures, (x, y) in ((faces, warped), (faces, goal), (masks, goal))
    )
    return inputs, goals, goal_masks


def random_affine(batch: Tensor, side: int, key: RandomKey, settings: Augmentation) -> Map:
    """Draws a rotation, zoom, shift and flip for each face.

    Args:
        batch: The number of faces.
        side: Side of the stored faces in pixels.
        key: Where the random numbers come from.
        settings: How strongly faces are varied.

    Returns:
        A function from points of the varied faces to points of the stored faces, both `[batch ...]`.
    """
    draws = keras.random.uniform((batch, 5), -1.0, 1.0, seed=key)
    angle = draws[:, 0] * np.radians(settings.rotation)
    scale = 1.0 + draws[:, 1] * settings.zoom
    shift_x, shift_y = draws[:, 2] * (settings.shift * side), draws[:, 3] * (settings.shift * side)
    mirror = ops.where(draws[:, 4] < 2.0 * settings.flip - 1.0, -1.0, 1.0)
    cos, sin = ops.cos(angle) / scale, ops.sin(angle) / scale

    def to_stored(points: Point) -> Point:
        one = (-1,) + (1,) * (len(points[0].shape) - 1)
        a, b, m, u, v = (ops.reshape(value, one) for value in (cos, sin, mirror, shift_x, shift_y))
        x, y = points[0] * m - u, points[1] - v  # Undo the flip, which came last, and the shift.
        return a * x + b * y, a * y - b * x

    return to_stored


def bilinear(pictures: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Samples pictures between their pixels; beyond the border lies the outermost pixel.

    Args:
        pictures: `[batch height width channels]`, any number type.
        x: Where to sample, `[batch rows columns]`, on pixel centers.
        y: The same, downwards.

    Returns:
        float32 `[batch rows columns channels]`.
    """
    batch = ops.shape(pictures)[0]
    _, height, width, channels = pictures.shape
    x, y = ops.clip(x, 0.0, width - 1.0), ops.clip(y, 0.0, height - 1.0)
    left, top = ops.floor(x), ops.floor(y)
    part_x, part_y = ops.expand_dims(x - left, -1), ops.expand_dims(y - top, -1)
    left, top = ops.cast(left, "int32"), ops.cast(top, "int32")
    right, bottom = ops.minimum(left + 1, width - 1), ops.minimum(top + 1, height - 1)

    # One flat list of pixels, so that a gather needs a single index.
    pixels = ops.reshape(pictures, (-1, channels))
    first = ops.reshape(ops.arange(batch) * (height * width), (-1, 1, 1))

    def at(row: Tensor, column: Tensor) -> Tensor:
        return ops.cast(ops.take(pixels, first + row * width + column, axis=0), "float32")

    above = at(top, left) * (1.0 - part_x) + at(top, right) * part_x
    below = at(bottom, left) * (1.0 - part_x) + at(bottom, right) * part_x
    return above * (1.0 - part_y) + below * part_y


def similarity(sources: Point, goals: Point) -> tuple[Point, Point, Point]:
    """Finds the similarity with the least squared error; as complex numbers, `goal = turn * (source - from) + to`.

    Args:
        sources: Points, `[batch ...]` each.
        goals: Where they should go, of a shape that broadcasts to `sources`.

    Returns:
        `turn` (scale and rotation), `from` and `to` (the centers), each of shape `[batch 1 1]`.

    Reference:
        S. Umeyama, PAMI 13(4), 1991; without reflection the plane's solution is the complex regression line.
    """
    from_x, from_y, to_x, to_y = (ops.mean(value, axis=(-2, -1), keepdims=True) for value in (*sources, *goals))
    ax, ay, bx, by = sources[0] - from_x, sources[1] - from_y, goals[0] - to_x, goals[1] - to_y
    spread = ops.sum(ax * ax + ay * ay, axis=(-2, -1), keepdims=True)
    turn_x = ops.sum(ax * bx + ay * by, axis=(-2, -1), keepdims=True) / spread
    turn_y = ops.sum(ax * by - ay * bx, axis=(-2, -1), keepdims=True) / spread
    return (turn_x, turn_y), (from_x, from_y), (to_x, to_y)


def _pull_back(noisy: Point, nodes: Point, points: Point) -> Point:
    """Maps points through the inverse of the similarity that best takes the noisy grid to the regular one."""
    (turn_x, turn_y), (from_x, from_y), (to_x, to_y) = similarity(noisy, nodes)
    x, y = points[0] - to_x, points[1] - to_y
    size = turn_x * turn_x + turn_y * turn_y
    return from_x + (x * turn_x + y * turn_y) / size, from_y + (y * turn_x - x * turn_y) / size


def _grid(region: float, cells: int) -> Point:
    """The regular grid's nodes over the region, `[cells+1 cells+1]` each."""
    return _mesh(np.linspace(-region / 2, region / 2, cells + 1))


def _pixels(region: float, size: int) -> Point:
    """The centers of the network's pixels over the region, `[size size]` each."""
    return _mesh(((np.arange(size) + 0.5) / size - 0.5) * region)


def _mesh(line: NDArray[np.float64]) -> Point:
    """All points whose coordinates lie on a line, as tensors: PyTorch's do not mix with arrays."""
    x, y = np.meshgrid(line.astype(np.float32), line.astype(np.float32))
    return ops.convert_to_tensor(x), ops.convert_to_tensor(y)


def _enlarge(nodes: Point, settings: Augmentation) -> Point:
    """Interpolates the grid `[batch cells+1 cells+1]` bilinearly at the network's pixels, `[batch size size]`."""
    places = (np.arange(settings.size) + 0.5) / settings.size * settings.cells
    weights = np.maximum(0.0, 1.0 - np.abs(places[:, None] - np.arange(settings.cells + 1)))
    weights = weights.astype(np.float32)  # [size, cells + 1]
    return tuple(ops.matmul(ops.matmul(weights, value), weights.T) for value in nodes)
