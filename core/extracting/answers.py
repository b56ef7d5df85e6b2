"""What plugins answered, looked through before another plugin or the faceset stumbles over it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..contract import Detections


def whole(answer: Any) -> Detections:
    """Takes the detections of one image out of a detector's answer.

    Raises:
        ValueError: The answer is something else.
    """
    if not isinstance(answer, list) or len(answer) != 1 or not isinstance(answer[0], Detections):
        raise ValueError(f"its answer must be a list of one Detections. Received: {type(answer).__name__}")
    require_shape(answer[0].boxes, (len(answer[0].scores), 4))
    require_shape(answer[0].scores, (len(answer[0].boxes),))
    return answer[0]


def by_score(detections: Detections) -> Detections:
    """Sorts faces, best first."""
    return pick(detections, np.argsort(-detections.scores, kind="stable"))


def pick(detections: Detections, which: NDArray[Any]) -> Detections:
    """Takes some of the faces, by index or by a truth value for each."""
    points = detections.landmarks
    return Detections(
        boxes=detections.boxes[which],
        scores=detections.scores[which],
        landmarks=None if points is None else points[which],
        scheme=detections.scheme,
    )


def require_shape(array: Any, shape: tuple[int, ...]) -> None:
    """Raises ValueError unless an array is float32 and has a shape."""
    if array.dtype != np.float32 or array.shape != shape:
        raise ValueError(f"its answer must be float32 {list(shape)}. Received: {array.dtype} {list(array.shape)}")
