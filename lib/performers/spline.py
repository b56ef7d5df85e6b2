"""Thin-plate splines: the smooth bending of a picture that takes given points exactly to given points.

Reference: F. L. Bookstein, "Principal Warps: Thin-Plate Splines and the Decomposition of Deformations", 1989.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

SPACING = 4
"""Side, in pixels, of a cell of the grid on which a spline is evaluated before it is enlarged to all pixels."""


@dataclass(frozen=True, eq=False)
class ThinPlate:
    """A spline from the plane to the plane.

    Attributes:
        knots: Where values are given, float64 `[points 2]`.
        radial: The weight of each knot's radial term, float64 `[points 2]`.
        affine: The weights of 1, x and y, float64 `[3 2]`.
    """

    knots: Array
    radial: Array
    affine: Array

    @classmethod
    def fit(cls, knots: Array, values: Array) -> ThinPlate:
        """Finds the spline of least bending that takes each knot to its value.

        Args:
            knots: `[points 2]`, all different and not all on one line.
            values: `[points 2]`.
        """
        count = len(knots)
        system = np.zeros((count + 3, count + 3))
        system[:count, :count] = _kernel(knots[:, 0], knots[:, 1], knots)
        system[:count, count:] = np.column_stack([np.ones(count), knots])
        system[count:, :count] = system[:count, count:].T
        weights = np.linalg.solve(system, np.vstack([values, np.zeros((3, 2))]))
        return cls(np.asarray(knots, np.float64), weights[:count], weights[count:])

    def __call__(self, points: Array) -> Array:
        """Evaluates the spline at points `[... 2]`: its values, float64 `[... 2]`."""
        return self._at(points[..., 0], points[..., 1])

    def _at(self, x: Array, y: Array) -> Array:
        kind = np.result_type(x, y)
        radial = _kernel(x, y, self.knots.astype(kind)) @ self.radial.astype(kind)
        constant, of_x, of_y = self.affine.astype(kind)
        return np.asarray(radial + constant + x[..., None] * of_x + y[..., None] * of_y)

    def over_box(self, left: int, top: int, width: int, height: int) -> Array:
        """Evaluates the spline at each pixel of a box, through a coarse grid that is then enlarged.

        Args:
            left: First column of the box; coordinates stand for pixel centers.
            top: First row of the box.
            width: Columns of the box.
            height: Rows of the box.

        Returns:
            float32 `[height width 2]`, as `cv2.remap` takes it.
        """
        # Pixel k of the enlarged grid lies (k + 0.5) / SPACING - 0.5 cells into it, which begins a cell early.
        columns, rows = -(-width // SPACING) + 2, -(-height // SPACING) + 2
        x = np.float32(left) + (np.arange(columns, dtype=np.float32) - 0.5) * SPACING - 0.5
        y = np.float32(top) + (np.arange(rows, dtype=np.float32) - 0.5) * SPACING - 0.5
        coarse = self._at(x[None, :], y[:, None])
        # Not cubic: OpenCV's cubic kernel does not even keep a straight ramp straight.
        fine = cv2.resize(coarse, (columns * SPACING, rows * SPACING), interpolation=cv2.INTER_LINEAR)
        return np.asarray(fine[SPACING : SPACING + height, SPACING : SPACING + width])


def bend(picture: Array, knots: Array, values: Array) -> Array:
    """Bends a whole picture so that what lies at `values` comes to lie at `knots`.

    Args:
        picture: uint8 `[height width channels]`.
        knots: `[points 2]`, pixels of the result.
        values: `[points 2]`, pixels of `picture`.
    """
    height, width = picture.shape[:2]
    where = ThinPlate.fit(knots, values).over_box(0, 0, width, height)
    return np.asarray(cv2.remap(picture, where, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE))


def _kernel(x: Array, y: Array, knots: Array) -> Array:
    """Bookstein's U(r) = r^2 log r^2 (0 at 0) of the distances to each knot: `[... knots]`."""
    squared = (x[..., None] - knots[:, 0]) ** 2 + (y[..., None] - knots[:, 1]) ** 2
    return np.asarray(squared * np.log(np.maximum(squared, 1e-12, dtype=squared.dtype)))
