"""The inside of the mouth: teeth, which move with the skull and not with the lips, and the dark behind them."""

from __future__ import annotations

import cv2
import numpy as np

from .portrait import draw_area, mix
from .spline import Array

UPPER_EDGE, LOWER_EDGE = [60, 61, 62, 63, 64], [60, 67, 66, 65, 64]
"""The inner lips, from corner to corner."""

_DARK = (44, 18, 16)
_ROUNDED = np.vander(np.linspace(0, 4, 17), 5) @ np.linalg.inv(np.vander(range(5)))  # five points to seventeen
_HIDDEN = 16  # how far teeth go on behind the upper lip, in pixels of the portrait's picture


def paint_inside(image: Array, landmarks: Array) -> Array:
    """Paints what an open mouth shows, in the place of the portrait's mouth.

    Args:
        image: uint8 `[height width 3]`, a portrait's picture, which shows the teeth.
        landmarks: `[68 2]`.

    Returns:
        uint8 `[height width 3]`: the teeth, continued behind the lip, before a dark ground.
    """
    seen = cv2.erode(draw_area(landmarks[[*UPPER_EDGE, *LOWER_EDGE[-2:0:-1]]]), np.ones((3, 3), np.uint8)) > 0
    inside = np.empty_like(image)
    inside[:] = _DARK
    ground, teeth = inside.copy(), np.zeros(seen.shape, np.uint8)
    for column in np.nonzero(seen.any(axis=0))[0]:
        rows = np.nonzero(seen[:, column])[0]
        inside[rows, column] = image[rows, column]
        inside[rows[0] - _HIDDEN : rows[0], column] = image[rows[0], column]
        teeth[rows[0] - _HIDDEN : rows[-1] + 1, column] = 255
    return mix(ground, inside, cv2.GaussianBlur(teeth, (0, 0), 1.0))


def show_inside(picture: Array, inside: Array, lips: Array, depth: float) -> Array:
    """Lays the inside of the mouth between the lips.

    Args:
        picture: uint8 `[height width 3]`, a head.
        inside: uint8 `[height width 3]`, what lies behind its lips.
        lips: The inner lips (points 60 to 67) in pixels of `picture`, `[8 2]`.
        depth: How far light falls in, 0 to 1: between lips that nearly touch it is dark.

    Returns:
        uint8 `[height width 3]`.
    """
    upper, lower = lips[:5], lips[[4, 5, 6, 7, 0]]
    mask = np.zeros(picture.shape[:2], np.uint8)
    edge = np.vstack([_ROUNDED @ upper, _ROUNDED @ lower])
    cv2.fillPoly(mask, [np.round(edge * 16).astype(np.int32)], 255, cv2.LINE_AA, shift=4)
    shade = np.array(_DARK, np.float32) + (inside - np.array(_DARK, np.float32)) * depth
    return mix(picture, shade.astype(np.uint8), cv2.GaussianBlur(mask, (0, 0), 0.7))
