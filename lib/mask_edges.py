"""Moves and fades the edges of masks.

Convention:
    Masks are float32 `[height width]`, 0..1, 1 = face. Distances are in pixels and need not be whole: between two
    whole ones the results are mixed, so that small crops get the same edge as large ones. What lies beyond the
    picture counts as no face. Inputs are never modified.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.float32]
Side = Literal["top", "bottom", "left", "right"]

SIDES: tuple[Side, ...] = ("top", "bottom", "left", "right")


def erode_mask(mask: Mask, distance: float) -> Mask:
    """Moves the mask's edge inward by a disc of radius `distance`, outward where that is negative."""
    return _mixed(lambda radius: _move_all(mask, radius, outward=distance < 0), abs(distance))


def erode_side(mask: Mask, side: Side, distance: float) -> Mask:
    """Moves the edge that a mask has toward one side of the picture inward, outward where `distance` is negative."""
    return _mixed(lambda length: _move_side(mask, side, length, outward=distance < 0), abs(distance))


def blur_mask(mask: Mask, distance: float) -> Mask:
    """Fades the mask's edge over a distance to either side: a Gaussian cut off at two deviations.

    The result is zero on the picture's outermost pixels: a mask that the picture cuts off fades out before it ends.
    """
    if distance == 0:
        return mask
    radius = int(np.ceil(distance))
    inner = tuple(slice(radius + 1, length - radius - 1) for length in mask.shape)
    kept = np.zeros_like(mask)
    kept[inner] = mask[inner]
    size = (2 * radius + 1, 2 * radius + 1)
    blurred = cv2.GaussianBlur(kept, size, distance / 2, borderType=cv2.BORDER_CONSTANT)
    return np.clip(np.asarray(blurred, np.float32), 0, 1)


def _mixed(move: Callable[[int], Mask], distance: float) -> Mask:
    """Moves by a distance of which only the whole part can be moved at once."""
    whole, share = int(distance), distance % 1
    near = move(whole)
    return near if share == 0 else near + np.float32(share) * (move(whole + 1) - near)


def _move_all(mask: Mask, radius: int, outward: bool) -> Mask:
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return _morph(mask, disc, (radius, radius), outward)


def _move_side(mask: Mask, side: Side, length: int, outward: bool) -> Mask:
    """Takes the least (outward: the largest) value on the way to the pixel at `length` toward (from) the side."""
    upright = side in ("top", "bottom")
    line = np.ones((length + 1, 1) if upright else (1, length + 1), np.uint8)
    at = length if (side in ("top", "left")) != outward else 0
    return _morph(mask, line, (0, at) if upright else (at, 0), outward)


def _morph(mask: Mask, element: NDArray[np.uint8], anchor: tuple[int, int], outward: bool) -> Mask:
    move = cv2.dilate if outward else cv2.erode
    moved = move(mask, element, anchor=anchor, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(moved, np.float32)
