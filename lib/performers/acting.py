"""How an expression moves the points of a face.

Distances are in units of the distance between the eyes, so that one pose fits every face.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .spline import Array


@dataclass(frozen=True)
class Pose:
    """What a head does at one moment.

    Attributes:
        mouth_open: 0 (as far as the smile lets it be shut) to 1 (wide open).
        smile: 0 (relaxed, lips together) to 1 (broad, the teeth show).
        blink: 0 (eyes open) to 1 (eyes shut).
        brows: -1 (lowered) to 1 (raised).
        yaw: Turn in degrees, about -14 to 14; positive towards the right of the picture.
        pitch: Nod in degrees, about -10 to 10; positive is down.
        roll: Tilt in degrees, about -8 to 8; positive is clockwise in the picture.
        shift_x: Move to the right of the picture, in eye distances, about -0.15 to 0.15.
        shift_y: Move down the picture, in eye distances, about -0.15 to 0.15.
    """

    mouth_open: float = 0.0
    smile: float = 0.0
    blink: float = 0.0
    brows: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    shift_x: float = 0.0
    shift_y: float = 0.0


PORTRAIT_POSE = Pose(smile=1.0)
"""What the sitter of the portrait does."""

EYELIDS = ((37, 41), (38, 40), (43, 47), (44, 46))
INNER_LIPS = ((61, 67), (62, 66), (63, 65))
UPPER_LIP, LOWER_LIP = [49, 50, 51, 52, 53, 61, 62, 63], [55, 56, 57, 58, 59, 65, 66, 67]
CORNERS = [48, 60, 54, 64]

# How far a point follows the corner of the mouth to its side, the dropping chin, the raised brows.
_WITH_CORNER = dict.fromkeys((48, 54, 60, 64), 1.0) | dict.fromkeys((49, 53, 55, 59), 0.6)
_WITH_CORNER |= dict.fromkeys((50, 52, 56, 58, 61, 63, 65, 67), 0.25)
_WITH_CHIN = {
    3: 0.07,
    4: 0.2,
    5: 0.45,
    6: 0.75,
    7: 0.95,
    8: 1.0,
    9: 0.95,
    10: 0.75,
    11: 0.45,
    12: 0.2,
    13: 0.07,
}
_WITH_BROWS = {17: 0.6, 18: 0.9, 19: 1.0, 20: 1.0, 21: 0.9, 22: 0.9, 23: 1.0, 24: 1.0, 25: 0.9, 26: 0.6}


def eye_distance(landmarks: Array) -> float:
    """Returns the distance between the centers of the eyes of 68 landmarks, `[68 2]`."""
    return float(np.linalg.norm(landmarks[42:48].mean(axis=0) - landmarks[36:42].mean(axis=0)))


def express(landmarks: Array, pose: Pose) -> Array:
    """Changes the expression of a portrait's landmarks.

    Args:
        landmarks: `[68 2]`, of a face in `PORTRAIT_POSE`, seen from the front.
        pose: The expression; the head's turn and place are not read.

    Returns:
        float64 `[68 2]`, in the same coordinates.
    """
    unit = eye_distance(landmarks)
    across = (landmarks[42:48].mean(axis=0) - landmarks[36:42].mean(axis=0)) / unit
    down = np.array([-across[1], across[0]])
    moves = _mouth_moves(pose, _lip_gap(landmarks) / unit)
    for point, weight in _WITH_CHIN.items():
        moves[point, 1] += weight * (0.24 * pose.mouth_open + 0.03 * (pose.smile - PORTRAIT_POSE.smile))
    for point, weight in _WITH_BROWS.items():
        moves[point, 1] -= weight * pose.brows * (0.075 if pose.brows > 0 else 0.05)
    moved = landmarks + unit * (moves[:, :1] * across + moves[:, 1:] * down)
    for upper, lower in EYELIDS:
        opening = moved[lower] - moved[upper]
        moved[upper] += 0.88 * pose.blink * opening
        moved[lower] -= 0.12 * pose.blink * opening
    return np.asarray(moved)


def _lip_gap(landmarks: Array) -> float:
    gaps = [np.linalg.norm(landmarks[lower] - landmarks[upper]) for upper, lower in INNER_LIPS]
    return float(np.mean(gaps))


def _mouth_moves(pose: Pose, portrait_gap: float) -> Array:
    """Moves the mouth from the portrait's smile: float64 `[68 2]`, across and down, in eye distances."""
    moves = np.zeros((68, 2))
    smile = pose.smile - PORTRAIT_POSE.smile
    for point, weight in _WITH_CORNER.items():
        side = -1 if point in (48, 49, 50, 58, 59, 60, 61, 67) else 1
        moves[point] = 0.11 * smile * weight * side, -0.07 * smile * weight**2
    # Without a smile the lips meet but for a thin line; the jaw opens them from there.
    gap = 0.85 * portrait_gap * (pose.smile**2 - PORTRAIT_POSE.smile)
    moves[UPPER_LIP, 1] -= 0.35 * gap + 0.05 * pose.mouth_open
    moves[LOWER_LIP, 1] += 0.65 * gap + 0.31 * pose.mouth_open
    moves[CORNERS, 1] += 0.12 * pose.mouth_open
    moves[CORNERS, 0] += 0.05 * pose.mouth_open * np.array([1, 1, -1, -1])
    # Lips that no smile stretches are fuller.
    moves[[50, 51, 52], 1] += 0.03 * smile
    moves[[56, 57, 58], 1] -= 0.03 * smile
    return moves
