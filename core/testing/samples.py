"""The pictures that the suite shows to plugins: a portrait with a centered face, a drawn face, noise, nothing.

Convention:
    Pictures are uint8 RGB. Boxes lie on pixel edges, landmarks (scheme `ibug68`) on pixel centers of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...lib.geometry import crop_matrix
from ...lib.landmarks import SCHEMES, reduce_landmarks
from ..contract import CropSpec

SIDE = 240
"""Side of the suite's own pictures in pixels."""

_CENTER = (225, 133)
"""Middle of the face in scikit-image's portrait, in pixels."""

Floats = NDArray[np.float32]
Picture = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Sample:
    """A picture with one face in its middle.

    Attributes:
        image: uint8 RGB `[height width 3]`.
        box: The face, left, top, right, bottom; where None, the middle half of the picture's shorter side.
        landmarks: float32 `[68 2]`, scheme `ibug68`; where None, those of a mean face in the box.
    """

    image: Picture
    box: tuple[float, float, float, float] | None = None
    landmarks: Floats | None = field(default=None, repr=False)

    @property
    def face(self) -> Floats:
        """The face's box, float32 `[4]`."""
        if self.box is not None:
            return np.array(self.box, np.float32)
        height, width = self.image.shape[:2]
        half = min(height, width) / 4
        return np.array([width / 2 - half, height / 2 - half, width / 2 + half, height / 2 + half], np.float32)

    def points(self, scheme: str = "ibug68") -> Floats:
        """The face's landmarks in a scheme, float32 `[points 2]`."""
        known = self._mean_face() if self.landmarks is None else self.landmarks
        return np.asarray(reduce_landmarks(known, scheme), np.float32)

    def _mean_face(self) -> Floats:
        template = SCHEMES["ibug68"].template
        low, high = template.min(axis=0), template.max(axis=0)
        corner, side = self.face[:2], self.face[2:] - self.face[:2]
        return np.asarray((template - low) / (high - low) * side + corner - 0.5, np.float32)

    def crop(self, spec: CropSpec, scheme: str = "ibug68", turn: float = 0.0) -> tuple[Picture, Floats]:
        """Cuts the aligned crop that a plugin asks for.

        Args:
            spec: The crop.
            scheme: The scheme of the landmarks to align by and to return.
            turn: How far, in radians, the face is found tilted; makes another crop of the same face.

        Returns:
            uint8 `[size size 3]` and the landmarks in its pixels, float32 `[points 2]`.
        """
        from ...lib.geometry import transform_points
        from ...lib.warp import cut

        points = self.points(scheme)
        matrix = crop_matrix(_turned(points, turn), scheme, spec.face_type, spec.size, spec.coverage)
        return cut(self.image, matrix, spec.size), transform_points(matrix, points)


def _turned(points: Floats, angle: float) -> Floats:
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]], np.float32)
    middle = points.mean(axis=0)
    return np.asarray((points - middle) @ turn + middle, np.float32)


def as_sample(given: Any) -> Sample:
    """Takes what an author gave as `sample=`: a `Sample`, a picture with a face in its middle, or None.

    Raises:
        TypeError: It is something else.
    """
    if given is None:
        return portrait()
    if isinstance(given, Sample):
        return given
    if isinstance(given, np.ndarray) and given.dtype == np.uint8 and given.ndim == 3 and given.shape[2] == 3:
        return Sample(given)
    what = f"{given.dtype} {list(given.shape)}" if isinstance(given, np.ndarray) else type(given).__name__
    raise TypeError(f"`sample` must be a uint8 RGB picture [height width 3] or a Sample. Received: {what}")


@cache
def portrait() -> Sample:
    """A photograph of a face: scikit-image's portrait (NASA, public domain), its face in the middle."""
    from skimage.data import astronaut

    from ...lib.landmarks import FloatArray
    from ...lib.performers.portrait import LANDMARKS

    left, top = _CENTER[0] - SIDE // 2, _CENTER[1] - SIDE // 2
    image = np.ascontiguousarray(astronaut()[top : top + SIDE, left : left + SIDE])
    points: FloatArray = LANDMARKS - (left, top)
    low, high = points.min(axis=0) + 0.5, points.max(axis=0) + 0.5
    return Sample(image, (*low.tolist(), *high.tolist()), points.astype(np.float32))


@cache
def drawn_face(side: int = SIDE) -> Sample:
    """A drawing of another face: ellipses on a gray ground, in the place of a mean face."""
    image = np.full((side, side, 3), 120, np.uint8)
    sample = Sample(image)
    points, unit = sample.points(), side / 2
    _ellipse(image, points.mean(axis=0), (0.5 * unit, 0.62 * unit), (205, 160, 130))
    for eye in (slice(36, 42), slice(42, 48)):
        center = points[eye].mean(axis=0)
        _ellipse(image, center, (0.09 * unit, 0.05 * unit), (245, 245, 245))
        _ellipse(image, center, (0.04 * unit, 0.04 * unit), (30, 40, 60))
        _ellipse(image, center - (0, 0.16 * unit), (0.13 * unit, 0.03 * unit), (70, 45, 30))
    _ellipse(image, points[33], (0.07 * unit, 0.04 * unit), (160, 110, 90))
    _ellipse(image, points[48:60].mean(axis=0), (0.18 * unit, 0.05 * unit), (170, 60, 70))
    return sample


def _ellipse(image: Picture, center: Any, radii: tuple[float, float], color: tuple[int, int, int]) -> None:
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    inside = ((x - center[0]) / radii[0]) ** 2 + ((y - center[1]) / radii[1]) ** 2 <= 1
    image[inside] = color


def blank(height: int, width: int) -> Picture:
    """A gray picture with nothing on it."""
    return np.full((height, width, 3), 127, np.uint8)


def noise(height: int, width: int, seed: int = 0) -> Picture:
    """A picture of noise without a face."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def padded(image: Picture, left: int, top: int, right: int, bottom: int) -> Picture:
    """Adds a margin to a picture by repeating its border."""
    return np.pad(image, ((top, bottom), (left, right), (0, 0)), mode="edge")
