"""What can be told of a face without a network: how large, sharp and bright it is, and how its head is turned.

Pixels are measured in one picture of the face, whatever the size of its crop: the `full` region, 96 x 96 pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from .geometry import compose, invert, mean_face_landmarks, scale_of, transform_points, unit_matrix
from .head_pose import fit_turn, mean_head
from .landmarks import FloatArray
from .warp import cut

_REGION, _SIDE = "full", 96
_SIGMA = 1.0
"""Of the Gaussian before the Laplacian, in pixels: what is finer depends on how the crop was resized, and is noise."""


@dataclass(frozen=True)
class FaceMeasures:
    """What `measure_face` finds.

    Attributes:
        size: Side of the face's `full` region in frame pixels, on pixel edges.
        sharpness: Variance of the Laplacian of luma (0..255), smoothed by a Gaussian of one pixel, inside the face,
            with the `full` region drawn at 96 x 96 pixels. So it is the same for crops of every size that hold that
            detail: within 10 % for `head` crops of 192 px and more.
        brightness: Mean luma (Rec. 601) inside the face, 0..1.
        yaw: The head's turn in degrees, positive towards the right of the picture; None where the landmarks'
            scheme cannot tell it. That holds for pitch and roll, too.
        pitch: Its nod, positive down.
        roll: Its tilt, positive clockwise in the picture.
    """

    size: float
    sharpness: float
    brightness: float
    yaw: float | None = None
    pitch: float | None = None
    roll: float | None = None


def measure_face(
    crop: NDArray[np.uint8],
    matrix: FloatArray,
    face_type: str,
    landmarks: FloatArray | None = None,
    scheme: str | None = None,
) -> FaceMeasures:
    """Measures a face by its stored crop and its landmarks.

    Args:
        crop: uint8 `[size size 3]`, RGB.
        matrix: `[2 3]`, frame pixels to crop pixels.
        face_type: How much of the head the crop shows.
        landmarks: `[points 2]` in frame pixels, or None.
        scheme: Which points they are.

    Reference:
        Sharpness: J. L. Pech-Pacheco et al., Diatom autofocusing in brightfield microscopy: a comparative study,
        ICPR 2000.
    """
    to_picture = _to_picture(face_type, crop.shape[0])
    from_frame = compose(np.asarray(matrix, np.float64), to_picture)
    points = landmarks if scheme == "ibug68" else None
    inside = _mean_hull() if points is None else _hull(transform_points(from_frame, points))
    luma = cv2.cvtColor(cut(crop, to_picture, _SIDE), cv2.COLOR_RGB2GRAY)
    edges = cv2.Laplacian(cv2.GaussianBlur(luma.astype(np.float32), (0, 0), _SIGMA), cv2.CV_32F)
    _, deviation = cv2.meanStdDev(edges, mask=inside)
    return FaceMeasures(
        _SIDE / scale_of(from_frame),
        float(deviation[0, 0] ** 2),
        cv2.mean(luma, mask=inside)[0] / 255,
        *(() if points is None else fit_turn(mean_head(), points)),
    )


@lru_cache(maxsize=8)
def _to_picture(face_type: str, crop_size: int) -> NDArray[np.float64]:
    """The matrix `[2 3]` from a stored crop to the picture that is measured."""
    matrix = compose(invert(unit_matrix(face_type, crop_size)), unit_matrix(_REGION, _SIDE))
    return np.asarray(matrix, np.float64)


@lru_cache(maxsize=1)
def _mean_hull() -> NDArray[np.uint8]:
    """The inside of the mean face, which every scheme's faces are aligned to."""
    return _hull(mean_face_landmarks("ibug68", _REGION, _SIDE))


def _hull(points: FloatArray) -> NDArray[np.uint8]:
    """The pixels inside the convex hull of points `[points 2]`: uint8 `[96 96]`, 0 or 1."""
    inside = np.zeros((_SIDE, _SIDE), np.uint8)
    cv2.fillConvexPoly(inside, np.rint(cv2.convexHull(np.asarray(points, np.float32))).astype(np.int32), 1)
    return inside
