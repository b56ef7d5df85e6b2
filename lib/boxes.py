"""Boxes: left, top, right, bottom on pixel edges (the first pixel spans 0..1); they may leave the frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .landmarks import FloatArray


def box_area(boxes: FloatArray) -> FloatArray:
    """Returns the area `[...]` of boxes `[... 4]` in square pixels; 0 where a side is not positive."""
    sides: FloatArray = np.maximum(boxes[..., 2:] - boxes[..., :2], 0)
    return np.asarray(sides[..., 0] * sides[..., 1])


def shared_area(boxes: FloatArray, others: FloatArray) -> FloatArray:
    """Returns the area `[boxes others]` that each pair of `[boxes 4]` and `[others 4]` shares, in square pixels."""
    left_top = np.maximum(boxes[:, None, :2], others[None, :, :2])
    right_bottom = np.minimum(boxes[:, None, 2:], others[None, :, 2:])
    return box_area(np.concatenate([left_top, right_bottom], axis=-1))


def iou(boxes: FloatArray, others: FloatArray) -> FloatArray:
    """Returns the intersection over union `[boxes others]` of each pair of `[boxes 4]` and `[others 4]`."""
    shared = shared_area(boxes, others)
    union = box_area(boxes)[:, None] + box_area(others)[None, :] - shared
    return np.asarray(shared / np.where(union > 0, union, 1))


def merge_views(boxes: FloatArray, views: NDArray[np.int64], limit: float = 0.5) -> NDArray[np.int64]:
    """Merges what several views of one picture show: non-maximum suppression, but not within a view.

    Boxes are taken in their order. One is left out when a box that was taken from another view shares more than
    `limit` of the smaller one's area: so a part of a face gives way to the face.

    Args:
        boxes: `[boxes 4]`, in the order of preference.
        views: int64 `[boxes]`, the view that each was seen in.
        limit: The largest share.

    Returns:
        The indices of the boxes that stay, ascending.
    """
    if (views == views[:1]).all():
        return np.arange(len(boxes))
    areas = box_area(boxes)
    smaller = np.minimum(areas[:, None], areas[None, :])
    same = shared_area(boxes, boxes) > limit * smaller
    rivals = same & (views[:, None] != views[None, :])
    stays = np.ones(len(boxes), bool)
    for index in range(len(boxes)):
        stays[index] = not (rivals[index, :index] & stays[:index]).any()
    return np.flatnonzero(stays)


def scale_box(boxes: FloatArray, factor: float) -> FloatArray:
    """Scales the sides of boxes `[... 4]` about their centers."""
    center = (boxes[..., :2] + boxes[..., 2:]) / 2
    half = (boxes[..., 2:] - boxes[..., :2]) / 2 * factor
    return np.concatenate([center - half, center + half], axis=-1)


def landmarks_box(landmarks: FloatArray) -> FloatArray:
    """Returns the tightest boxes `[... 4]` around landmarks `[... points 2]`, which lie on pixel centers."""
    corners = [landmarks.min(axis=-2), landmarks.max(axis=-2)]
    return np.concatenate(corners, axis=-1) + landmarks.dtype.type(0.5)
