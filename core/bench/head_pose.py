"""How a performer holds the head and what the face does, told from 68 landmarks.

A performer's own head is known in depth, so that the turn of it that explains landmarks best is a matter of least
squares, seen from far away as the performers are.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...lib.geometry import transform_points, umeyama
from ...lib.performers import Performer
from ...lib.performers.acting import eye_distance
from ...lib.performers.head import Head

Array = NDArray[np.float64]

_STILL = [*range(27, 36), 36, 39, 42, 45]
"""The points that no expression moves: the nose and the corners of the eyes."""

_INNER = np.s_[17:]
"""The points within the face; the jaw line is the target's after a swap."""


class Turn(NamedTuple):
    """The turn of a head in degrees, signed as in `lib.performers.Pose`."""

    yaw: float
    pitch: float
    roll: float


def head_shape(performer: Performer) -> Array:
    """The landmarks of a performer's head seen from the front, with their depth: float64 `[68 3]`."""
    landmarks = performer.portrait().landmarks
    return np.column_stack([landmarks, Head.behind(landmarks).landmark_depth(landmarks)])


def fit_turn(shape: Array, landmarks: NDArray[np.floating]) -> Turn:
    """Finds the turn of a head that explains landmarks best.

    Args:
        shape: The head, float64 `[68 3]`.
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
