"""Ways to look at a frame: turned, and in overlapping tiles; and the way back for what is found there.

Convention:
    Degrees are whole, clockwise as the picture is seen. Pictures are uint8 RGB `[height width 3]`. Points lie on
    pixel centers, boxes (left, top, right, bottom) on pixel edges. A turned frame is as large as it must be to hold
    the whole frame; what lies beside it there is black.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from .geometry import transform_points
from .landmarks import FloatArray

Picture = NDArray[np.uint8]


def turned_size(width: int, height: int, degrees: int) -> tuple[int, int]:
    """Returns width and height of a turned frame in pixels."""
    cosine, sine = (abs(part) for part in _direction(degrees))
    # The sines of quarter turns are exact; without the tolerance others would be rounded up by rounding errors.
    return math.ceil(width * cosine + height * sine - 1e-6), math.ceil(width * sine + height * cosine - 1e-6)


def turn_matrix(width: int, height: int, degrees: int) -> NDArray[np.float64]:
    """Returns the matrix `[2 3]` from a frame's pixels to those of the turned frame, whose middles coincide."""
    cosine, sine = _direction(degrees)
    linear = np.array([[cosine, -sine], [sine, cosine]])
    before, after = np.array([width, height]), np.array(turned_size(width, height, degrees))
    return np.column_stack([linear, (after - 1) / 2 - linear @ ((before - 1) / 2)])


def turned(image: Picture, degrees: int) -> Picture:
    """Turns a frame; by quarters of a turn no pixel changes."""
    if degrees % 90 == 0:
        return np.ascontiguousarray(np.rot90(image, -degrees // 90))
    height, width = image.shape[:2]
    size = turned_size(width, height, degrees)
    return np.asarray(cv2.warpAffine(image, turn_matrix(width, height, degrees), size, flags=cv2.INTER_LINEAR))


def turned_boxes(boxes: FloatArray, matrix: FloatArray) -> FloatArray:
    """Maps upright boxes `[faces 4]` through a turn's matrix to upright boxes around the same middles.

    A quarter turn exchanges width and height. In between each side is a mean of both, so that a square stays the
    square that it is; the box around the turned corners would be up to 1.4 times as wide as the face.

    Args:
        boxes: float `[faces 4]`.
        matrix: `[2 3]`, a turn and a shift.
    """
    middles = transform_points(matrix, (boxes[:, :2] + boxes[:, 2:]) / 2 - 0.5) + 0.5
    sides = (boxes[:, 2:] - boxes[:, :2]) / 2
    across = np.asarray(matrix[0, 1], np.float64) ** 2  # The squared sine.
    half = (1 - across) * sides + across * sides[:, ::-1]
    return np.concatenate([middles - half, middles + half], axis=1).astype(boxes.dtype)


def tile_boxes(width: int, height: int, side: int) -> list[tuple[int, int, int, int]]:
    """Covers a frame with square tiles that overlap by a quarter of their side or more.

    So whatever is no larger than the overlap lies whole in one of them.

    Args:
        width: The frame's, in pixels.
        height: The frame's, in pixels.
        side: Of a tile, in pixels; where the frame is smaller, so are its tiles.

    Returns:
        left, top, right, bottom of each, row by row.
    """
    return [
        (left, top, min(left + side, width), min(top + side, height))
        for top in _starts(height, side)
        for left in _starts(width, side)
    ]


def enlarged(image: Picture, factor: int) -> Picture:
    """Enlarges a picture by a whole factor; x goes to factor (x + 0.5) - 0.5."""
    if factor == 1:
        return image
    return np.asarray(cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC))


def _starts(length: int, side: int) -> list[int]:
    """Where tiles of a side begin along a length, spread evenly."""
    if length <= side:
        return [0]
    overlap = side // 4
    count = math.ceil((length - overlap) / (side - overlap))
    return [round(index * (length - side) / (count - 1)) for index in range(count)]


def _direction(degrees: int) -> tuple[float, float]:
    """Cosine and sine, exact for quarter turns."""
    quarters = {0: (1.0, 0.0), 90: (0.0, 1.0), 180: (-1.0, 0.0), 270: (0.0, -1.0)}
    angle = math.radians(degrees)
    return quarters.get(degrees % 360) or (math.cos(angle), math.sin(angle))
