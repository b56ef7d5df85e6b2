"""The training warp: a grid over the face whose nodes are moved at random, and the similarity that comes nearest to it.

A network is given the face as the moved grid shows it, and should give the face as the similarity shows it. Every face
of a batch may have a grid of its own number of cells: all are laid out as the largest one, and nodes that a face does
not use have no weight, so that one compiled function serves every draw.

Convention:
    Points are x, y in pixels from the center of the region that the network sees; inside this file a point is one
    complex number in two tensors.

Reference:
    The recipe of the first open face-swapping autoencoders (2017): 5x5 nodes, normal noise, similarity as the goal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from .keys import RandomKey
from .sampling import Point, mesh

Tensor = Any


@dataclass(frozen=True, eq=False)
class Grid:
    """A moved grid for each face of a batch; `most` is the largest number of cells along a side.

    Attributes:
        region: Side of the region that it covers, in pixels.
        cells: Cells along each side, float32 `[batch 1 1]`.
        regular: The nodes where they were, two tensors `[batch most+1 most+1]`.
        moves: How far each node has moved, like `regular`.
        used: 1 where the face has such a node, else 0, `[batch most+1 most+1]`.
    """

    region: float
    cells: Tensor
    regular: Point
    moves: Point
    used: Tensor

    @property
    def moved(self) -> Point:
        """The nodes where they are now."""
        return self.regular[0] + self.moves[0], self.regular[1] + self.moves[1]


def draw_grid(batch: Tensor, region: float, cells: tuple[int, int], noise: float, key: RandomKey) -> Grid:
    """Draws a moved grid for each face.

    Args:
        batch: The number of faces.
        region: Side of the region that the network sees, in pixels.
        cells: The smallest and the largest number of cells along a side, both may be drawn.
        noise: Standard deviation of a node's move along each axis, as a share of a cell's side.
        key: Where the random numbers come from.
    """
    least, most = cells
    moves = keras.random.normal((batch, 2, most + 1, most + 1), seed=key)
    count = keras.random.randint((batch, 1, 1), least, most + 1, seed=key)
    count = ops.cast(count, "float32")
    numbers = ops.convert_to_tensor(np.arange(most + 1, dtype=np.float32)[None, None])  # [1, 1, most + 1]

    line = (numbers / count - 0.5) * region  # [batch, 1, most + 1]
    present = ops.cast(numbers <= count, "float32")
    moves = moves * ops.expand_dims(noise * region / count, 1)
    whole = ops.ones_like(moves[:, 0])
    x, y = line * whole, ops.transpose(line, (0, 2, 1)) * whole
    used = present * ops.transpose(present, (0, 2, 1))
    return Grid(region, count, (x, y), (moves[:, 0], moves[:, 1]), used)


def unwarped_points(region: float, size: int) -> Point:
    """Where the pixels of a network's picture of `size` pixels lie over the region, `[1 size size]` each."""
    x, y = _pixels(region, size)
    return x[None], y[None]


def warped_points(grid: Grid, size: int) -> Point:
    """Where the moved grid takes the pixels of a network's picture of `size` pixels, `[batch size size]` each."""
    places = ops.convert_to_tensor((np.arange(size, dtype=np.float32)[None, :, None] + 0.5) / size)
    numbers = ops.convert_to_tensor(np.arange(grid.used.shape[-1], dtype=np.float32)[None, None])
    # Linear interpolation: a pixel lies between two nodes, whose weights add up to 1. Unused nodes lie too far off.
    weights = ops.maximum(0.0, 1.0 - ops.abs(places * grid.cells - numbers))  # [batch, size, most + 1]
    across = ops.transpose(weights, (0, 2, 1))
    # The regular grid's share is known exactly; the product of the small moves is what some GPUs round.
    pixels_x, pixels_y = _pixels(grid.region, size)
    moves_x, moves_y = (ops.matmul(ops.matmul(weights, value), across) for value in grid.moves)
    return pixels_x + moves_x, pixels_y + moves_y


def goal_points(grid: Grid, size: int) -> Point:
    """Where the pixels lie under the similarity that comes nearest to the moved grid, `[batch size size]` each."""
    (turn_x, turn_y), (from_x, from_y), (to_x, to_y) = similarity(grid.moved, grid.regular, grid.used)
    pixels_x, pixels_y = _pixels(grid.region, size)
    x, y = pixels_x - to_x, pixels_y - to_y
    # The similarity takes the moved nodes to the regular ones; a picture is sampled through its inverse.
    square = turn_x * turn_x + turn_y * turn_y
    return from_x + (x * turn_x + y * turn_y) / square, from_y + (y * turn_x - x * turn_y) / square


def similarity(sources: Point, goals: Point, weights: Tensor) -> tuple[Point, Point, Point]:
    """Finds the similarity with the least squared error; as complex numbers, `goal = turn * (source - from) + to`.

    Args:
        sources: Points, `[batch rows columns]` each.
        goals: Where they should go, of a shape that broadcasts to `sources`.
        weights: How much each point counts, like `goals`.

    Returns:
        `turn` (scale and rotation), `from` and `to` (the centers), each of shape `[batch 1 1]`.

    Reference:
        S. Umeyama, PAMI 13(4), 1991; without reflection the plane's solution is the complex regression line.
    """

    def total(values: Tensor) -> Tensor:
        return ops.sum(weights * values, axis=(-2, -1), keepdims=True)

    count = total(ops.ones_like(sources[0]))
    from_x, from_y, to_x, to_y = (total(value) / count for value in (*sources, *goals))
    ax, ay, bx, by = sources[0] - from_x, sources[1] - from_y, goals[0] - to_x, goals[1] - to_y
    spread = total(ax * ax + ay * ay)
    turn_x, turn_y = total(ax * bx + ay * by) / spread, total(ax * by - ay * bx) / spread
    return (turn_x, turn_y), (from_x, from_y), (to_x, to_y)


def _pixels(region: float, size: int) -> Point:
    """The centers of the network's pixels over the region, `[size size]` each."""
    return mesh(((np.arange(size) + 0.5) / size - 0.5) * region)
