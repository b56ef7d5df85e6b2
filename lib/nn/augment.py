"""The training augmentation: random affine map, warp and color, on the device, for a whole batch at once.

A network learns to undo the warp: it is given the warped face and should give the unwarped one. Both are sampled
straight from the stored face, so that each pixel is interpolated once.

Convention:
    Pictures are `[batch height width channels]`. Points are x, y on pixel centers; 0 is the stored face's center.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from .color_variation import vary_colors
from .grid_warp import draw_grid, goal_points, unwarped_points, warped_points
from .keys import RandomKey
from .sampling import Point, bilinear

Tensor = Any
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
        cells: The smallest and the largest number of the warp's cells along each side, drawn for each face.
        noise: Standard deviation of the warp's nodes, as a share of a cell's side.
        color_match: Share of the faces that get the color statistics of another face of the batch.
        color_jitter: Strength of the random change of color; 1 is as `color_variation` says.
    """

    size: int
    coverage: float = 160 / 256
    rotation: float = 10.0
    zoom: float = 0.05
    shift: float = 0.05
    flip: float = 0.5
    cells: tuple[int, int] = (4, 4)
    noise: float = 5 / 40
    color_match: float = 0.0
    color_jitter: float = 0.0


def augment(faces: Tensor, masks: Tensor, key: RandomKey, settings: Augmentation) -> tuple[Tensor, Tensor, Tensor]:
    """Makes a training batch out of stored faces.

    Args:
        faces: uint8 `[batch side side 3]`, the stored faces with their margin.
        masks: uint8 `[batch side side regions]`, 255 = inside; the first region is the face.
        key: Where the random numbers come from.
        settings: How strongly faces are varied.

    Returns:
        The warped faces, their goals (both float32 `[batch size size 3]`, 0..1) and the goals' masks (float32
        `[batch size size regions]`, 0..1).
    """
    batch, side = ops.shape(faces)[0], faces.shape[1]
    affine = random_affine(batch, side, key, settings)
    warped, goal = _points(batch, side * settings.coverage, key, settings)

    def sampled(pictures: Tensor, points: Point) -> Tensor:
        x, y = affine(points)
        return bilinear(pictures, x + (side - 1) / 2, y + (side - 1) / 2) / 255.0

    goals, goal_masks = sampled(faces, goal), sampled(masks, goal)
    inputs = goals if warped is goal else sampled(faces, warped)
    if settings.color_match or settings.color_jitter:
        inputs, goals = vary_colors(
            inputs, goals, goal_masks[..., :1], key, settings.color_match, settings.color_jitter
        )
    return inputs, goals, goal_masks


def _points(batch: Tensor, region: float, key: RandomKey, settings: Augmentation) -> tuple[Point, Point]:
    """Where the pixels of inputs and of goals lie, `[batch size size]` each: nowhere else where nothing is warped."""
    if not settings.noise:
        still = unwarped_points(region, settings.size)
        return still, still
    grid = draw_grid(batch, region, settings.cells, settings.noise, key)
    return warped_points(grid, settings.size), goal_points(grid, settings.size)


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
