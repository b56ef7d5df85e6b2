"""The look of a shot: where its colors lie once a colorist is done with it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ..color import lab_to_rgb, masked_mean_std, rgb_to_lab
from .portrait import Portrait, draw_area
from .spline import Array


@dataclass(frozen=True)
class Grade:
    """A grade that matches shots of different people, as a colorist does: by what their faces look like after it.

    Attributes:
        lightness: The mean of L* in the face, 0 to 100.
        red: The mean of a* in the face.
        yellow: The mean of b* in the face.
        contrast: Factor on the distances from the mean, in all three channels.
        scene: Shift of L*, a* and b* of the scene behind, after the grade.
    """

    lightness: float
    red: float
    yellow: float
    contrast: float = 1.0
    scene: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def apply(self, portrait: Portrait) -> Portrait:
        """Grades the pictures of a portrait."""
        hull = cv2.convexHull(portrait.landmarks.astype(np.float32))[:, 0]
        face = draw_area(hull).astype(np.float32)[..., None]
        lab = rgb_to_lab(_to_unit(portrait.image))
        mean, _ = masked_mean_std(lab, face)
        plate = rgb_to_lab(_to_unit(portrait.plate))
        scene = self._change(plate, mean) + np.array(self.scene)
        return replace(portrait, image=_to_image(self._change(lab, mean)), plate=_to_image(scene))

    def _change(self, lab: Array, mean: Array) -> Array:
        wanted = np.array([self.lightness, self.red, self.yellow])
        return np.asarray((lab - mean[0]) * self.contrast + wanted)


def _to_unit(image: Array) -> NDArray[np.float32]:
    return np.asarray(image, np.float32) / np.float32(255)


def _to_image(lab: Array) -> Array:
    return np.asarray(np.round(lab_to_rgb(lab.astype(np.float32)) * 255).astype(np.uint8))
