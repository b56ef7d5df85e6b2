"""A performer's own head, and what a face does, told from 68 landmarks.

A performer's own head is known in depth, so that its turn is found exactly (`lib.head_pose`).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...lib.geometry import transform_points, umeyama
from ...lib.performers import Performer
from ...lib.performers.acting import eye_distance
from ...lib.performers.head import Head

Array = NDArray[np.float64]

_INNER = np.s_[17:]
"""The points within the face; the jaw line is the target's after a swap."""


def head_shape(performer: Performer) -> Array:
    """The landmarks of a performer's head seen from the front, with their depth: float64 `[68 3]`."""
    landmarks = performer.portrait().landmarks
    return np.column_stack([landmarks, Head.behind(landmarks).landmark_depth(landmarks)])


def expression_error(landmarks: NDArray[np.floating], truth: Array) -> float:
    """How far the face's inner landmarks lie from the true ones, in per cent of the distance between the eyes.

    The similarity that brings them nearest is taken out first.

    Args:
        landmarks: `[68 2]`, pixels.
        truth: The true ones, likewise.
    """
    found, true = np.asarray(landmarks, np.float64)[_INNER], np.asarray(truth, np.float64)[_INNER]
    placed = transform_points(umeyama(found, true), found)
    return float(100 * np.linalg.norm(placed - true, axis=1).mean() / eye_distance(truth))
