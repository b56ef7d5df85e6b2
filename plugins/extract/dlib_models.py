"""What dlib's detectors and landmark predictors answer, brought to the contract's conventions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ...core.contract import Detections

_SURROUNDINGS = 0.4
"""How far around the box the predictor may look, as a share of its side (it samples up to about 0.25)."""


def as_detections(rectangles: Sequence[Any], raw_scores: Sequence[float]) -> Detections:
    """Turns what a dlib detector found into the contract's detections, best first.

    Scores of any size are mapped into 0..1 by the logistic function: dlib's threshold 0 becomes 0.5.

    Args:
        rectangles: `dlib.rectangle`s, whose right and bottom are the last pixels inside.
        raw_scores: The score of each.
    """
    raw = np.asarray(raw_scores, np.float64)
    order = np.argsort(-raw, kind="stable")
    boxes = [[box.left(), box.top(), box.right() + 1, box.bottom() + 1] for box in rectangles]
    return Detections(
        boxes=np.array(boxes, np.float32).reshape(-1, 4)[order],
        scores=np.asarray(1 / (1 + np.exp(-raw)), np.float32)[order],
    )


def predict_landmarks(
    predictor: Any, image: NDArray[np.uint8], boxes: NDArray[np.float32], points: int, side: int
) -> NDArray[np.float32]:
    """Runs a dlib shape predictor on each box.

    dlib answers in whole pixels. Small faces are therefore shown to it enlarged, which brings the landmarks'
    steps down to a fraction of a pixel.

    Args:
        predictor: A `dlib.shape_predictor`.
        image: uint8 RGB `[height width 3]`.
        boxes: float32 `[faces 4]`, on pixel edges.
        points: How many landmarks the predictor gives.
        side: Boxes that are narrower are enlarged by a whole factor to about this side, in pixels.

    Returns:
        float32 `[faces points 2]`, on pixel centers of the image.
    """
    found = [_predict(predictor, image, box, side) for box in squared(boxes).tolist()]
    return np.array(found, np.float32).reshape(-1, points, 2)


def squared(boxes: NDArray[np.float32]) -> NDArray[np.float64]:
    """Makes boxes square, as those of dlib's own detector are, on which the predictors were trained.

    A detector that bounds the face itself gives tall boxes from forehead to chin. A square of the same area,
    moved down by a quarter of the difference of the sides, lies where dlib's would.
    """
    exact = np.asarray(boxes, np.float64)
    width, height = exact[:, 2] - exact[:, 0], exact[:, 3] - exact[:, 1]
    half = np.sqrt(np.maximum(width, 0) * np.maximum(height, 0)) / 2
    x = (exact[:, 0] + exact[:, 2]) / 2
    y = (exact[:, 1] + exact[:, 3]) / 2 + (height - width) / 4
    return np.stack([x - half, y - half, x + half, y + half], axis=-1)


def _predict(predictor: Any, image: NDArray[np.uint8], box: Sequence[float], side: int) -> NDArray[np.float64]:
    """The landmarks in one square box, `[points 2]`."""
    import dlib

    factor = max(1, round(side / max(box[2] - box[0], 1.0)))
    part, left, top = _surroundings(image, box)
    if factor > 1:
        part = cv2.resize(part, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)
    # dlib maps its mean shape to the middles of a rectangle's outermost pixels, half a pixel inside its edges.
    middles = (box[0] + 0.5 - left, box[1] + 0.5 - top, box[2] - 0.5 - left, box[3] - 0.5 - top)
    corners = [round(place * factor - 0.5) for place in middles]
    shape = predictor(np.ascontiguousarray(part), dlib.rectangle(*corners))
    landmarks = np.array([(point.x, point.y) for point in shape.parts()], np.float64)
    return np.asarray((landmarks + 0.5) / factor - 0.5 + (left, top))


def _surroundings(image: NDArray[np.uint8], box: Sequence[float]) -> tuple[NDArray[np.uint8], int, int]:
    """The part of the image that the predictor may look at, and where its left and top lie."""
    margin = _SURROUNDINGS * (box[2] - box[0])
    height, width = image.shape[:2]
    left = _clipped(math.floor(box[0] - margin), 0, width - 1)
    top = _clipped(math.floor(box[1] - margin), 0, height - 1)
    right = _clipped(math.ceil(box[2] + margin), left + 1, width)
    bottom = _clipped(math.ceil(box[3] + margin), top + 1, height)
    return image[top:bottom, left:right], left, top


def _clipped(value: int, least: int, most: int) -> int:
    return min(max(value, least), most)
