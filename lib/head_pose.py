"""How a head is turned and what its face does, told from its 68 landmarks.

The turn is that of a known head that explains them best. A matter of least squares, seen from far away: the head's
points in depth are mapped to the picture by the affine map of least squared error, and the turn is that of the rotation
nearest to it.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .geometry import transform_points, umeyama
from .landmarks import SCHEMES
from .performers.acting import eye_distance
from .performers.head import Head

Array = NDArray[np.float64]

_STILL = [*range(27, 36), 36, 39, 42, 45]
"""The points that no expression moves: the nose and the corners of the eyes."""

_INNER = np.s_[17:]
"""The points within the face; the jaw line is the target's after a swap."""


class Turn(NamedTuple):
    """The turn of a head in degrees, signed as in `lib.performers.Pose`.

    Attributes:
        yaw: Positive towards the right of the picture.
        pitch: Positive is down.
        roll: Positive is clockwise in the picture.
    """

    yaw: float
    pitch: float
    roll: float


@cache
def mean_head() -> Array:
    """The landmarks of the mean face with their depth: float64 `[68 3]`, read-only."""
    landmarks = SCHEMES["ibug68"].template.astype(np.float64)
    head = np.column_stack([landmarks, Head.behind(landmarks).landmark_depth(landmarks)])
    head.setflags(write=False)
    return head


def fit_turn(shape: Array, landmarks: NDArray[np.floating]) -> Turn:
    """Finds the turn of a head that explains landmarks best.

    Args:
        shape: The head, float64 `[68 3]`; of an unknown person, `mean_head()`.
        landmarks: `[68 2]`, pixels.
    """
    head, seen = shape[_STILL], np.asarray(landmarks, np.float64)[_STILL]
    affine = np.linalg.lstsq(head - head.mean(axis=0), seen - seen.mean(axis=0), rcond=None)[0].T  # [2 3]
    left, _, right = np.linalg.svd(affine, full_matrices=False)
    rotation = left @ right  # The nearest two rows of a rotation.
    roll = np.arctan2(-rotation[0, 1], rotation[1, 1])
    upright = np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]]) @ rotation
    yaw = np.arctan2(upright[0, 2], upright[0, 0])
    pitch = np.arctan2(upright[1, 2] * np.cos(yaw) - upright[1, 0] * np.sin(yaw), upright[1, 1])
    return Turn(*np.degrees([yaw, pitch, roll]).tolist())


def expression_error(landmarks: NDArray[np.floating], truth: NDArray[np.floating]) -> float:
    """How far the face's inner landmarks lie from the true ones, in per cent of the distance between the eyes.

    The similarity that brings them nearest is taken out first.

    Args:
        landmarks: `[68 2]`, pixels.
        truth: The true ones, likewise.
    """
    exact = np.asarray(truth, np.float64)
    found, true = np.asarray(landmarks, np.float64)[_INNER], exact[_INNER]
    placed = transform_points(umeyama(found, true), found)
    return float(100 * np.linalg.norm(placed - true, axis=1).mean() / eye_distance(exact))
