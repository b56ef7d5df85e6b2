"""The head as a solid body: how deep its points lie, and where they are seen when it turns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .acting import Pose, eye_distance
from .spline import Array

# Half the width, half the height and the depth of a head's front, and how far below its center it tilts.
_HALF_WIDTH, _HALF_HEIGHT, _DEPTH, _NECK_JOINT = 1.15, 2.2, 0.95, 1.9
# How far the jaw line (points 0 to 8, and back up) stands in front of the ears.
_JAW = (0.05, 0.05, 0.06, 0.1, 0.2, 0.34, 0.52, 0.7, 0.78)
# How far features stand out of the front of the head: the nose, the mouth; the eyes lie in sockets.
_RELIEF = {27: 0.04, 28: 0.14, 29: 0.25, 30: 0.36, 31: 0.1, 32: 0.17, 33: 0.2, 34: 0.17, 35: 0.1}
_RELIEF |= dict.fromkeys(range(36, 48), -0.06) | dict.fromkeys(range(48, 68), 0.06)


@dataclass(frozen=True, eq=False)
class Head:
    """A head seen from the front. All sizes above are in its unit.

    Attributes:
        center: The middle between the ears, float64 `[2]`.
        unit: The distance between the eyes.
    """

    center: Array
    unit: float

    @classmethod
    def behind(cls, landmarks: Array) -> Head:
        """Finds the head that carries a frontal face's landmarks, `[68 2]`."""
        unit = eye_distance(landmarks)
        return cls(landmarks[[0, 1, 15, 16]].mean(axis=0) + np.array([0.0, 0.1 * unit]), unit)

    def depth(self, points: Array) -> Array:
        """Returns how far points `[points 2]` of the head's front lie before the ears: float64 `[points]`."""
        x, y = ((points - self.center) / self.unit / (_HALF_WIDTH, _HALF_HEIGHT)).T
        return np.asarray(_DEPTH * self.unit * np.sqrt(np.maximum(1 - x**2 - y**2, 0)))

    def landmark_depth(self, landmarks: Array) -> Array:
        """Returns the depth of 68 landmarks `[68 2]`, nose and eye sockets included: float64 `[68]`."""
        depth = self.depth(landmarks)
        depth[:17] = self.unit * np.array([*_JAW, *_JAW[-2::-1]])
        for point, relief in _RELIEF.items():
            depth[point] += self.unit * relief
        return depth

    def turn(self, points: Array, depth: Array, pose: Pose) -> Array:
        """Turns, nods, tilts and moves points with the head, as seen from far away.

        Args:
            points: `[points 2]`.
            depth: `[points]`.
            pose: The turn and the place; the expression is not read.

        Returns:
            float64 `[points 2]`.
        """
        yaw, pitch, roll = np.radians([pose.yaw, pose.pitch, pose.roll])
        x, y = (points - self.center).T
        x, z = x * np.cos(yaw) + depth * np.sin(yaw), depth * np.cos(yaw) - x * np.sin(yaw)
        y = y * np.cos(pitch) + z * np.sin(pitch)
        joint = _NECK_JOINT * self.unit
        x, y = (
            x * np.cos(roll) - (y - joint) * np.sin(roll),
            x * np.sin(roll) + (y - joint) * np.cos(roll) + joint,
        )
        shift = self.unit * np.array([pose.shift_x, pose.shift_y])
        return np.asarray(np.stack([x, y], axis=1) + self.center + shift)
