"""Where the eyes and the mouth are in a picture of a face: masks drawn from its landmarks.

Convention:
    Masks are float32 `[size size]`, 0..1, 1 = inside. Landmarks are x, y in the picture's pixels, on pixel centers.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .landmarks import reduce_landmarks

_EYE_AXES = 0.32, 0.22
"""Half axes of an eye's ellipse as shares of the distance between the eyes: the lids and the skin around them."""
_MOUTH_AXES = 0.6, 0.3
"""The same of the mouth, as shares of the distance between its corners."""
_LIPS = slice(48, 60)
_FRACTION_BITS = 4


def eyes_and_mouth(landmarks: NDArray[np.floating], scheme: str, size: int) -> tuple[NDArray[np.float32], ...]:
    """Draws the masks of both eyes together and of the mouth.

    Args:
        landmarks: `[points 2]`; they may lie outside of the picture.
        scheme: Which points they are: `ibug68`, `five` or `dlib5`, which knows no mouth: its mask is empty.
        size: Side of the picture in pixels.

    Returns:
        Two masks, float32 `[size size]`, with sharp edges.
    """
    eyes, mouth = (np.zeros((size, size), np.uint8) for _ in range(2))
    left, right = _eye_centers(landmarks, scheme)
    for eye in (left, right):
        _fill_ellipse(eyes, eye, right - left, _EYE_AXES)
    if scheme != "dlib5":
        first, last = reduce_landmarks(landmarks, "five")[3:] if scheme == "ibug68" else landmarks[3:]
        _fill_ellipse(mouth, (first + last) / 2, last - first, _MOUTH_AXES)
    if scheme == "ibug68":  # An open mouth reaches lower than its corners tell.
        cv2.fillConvexPoly(mouth, cv2.convexHull(_fixed(landmarks[_LIPS])), 1, shift=_FRACTION_BITS)
    return eyes.astype(np.float32), mouth.astype(np.float32)


def _eye_centers(landmarks: NDArray[np.floating], scheme: str) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """The centers of the picture's left and right eye."""
    if scheme == "dlib5":
        return landmarks[2:4].mean(axis=0), landmarks[:2].mean(axis=0)
    five = reduce_landmarks(landmarks, "five") if scheme == "ibug68" else landmarks
    return five[0], five[1]


def _fill_ellipse(
    mask: NDArray[np.uint8], center: NDArray[np.floating], along: NDArray[np.floating], axes: tuple[float, float]
) -> None:
    """Fills an ellipse whose first axis lies along a vector, whose length its half axes are shares of."""
    length, angle = float(np.hypot(*along)), float(np.degrees(np.arctan2(along[1], along[0])))
    half_axes = tuple(round(share * length * 2**_FRACTION_BITS) for share in axes)
    place = tuple(int(value) for value in _fixed(center))
    cv2.ellipse(mask, place, half_axes, angle, 0, 360, 1, cv2.FILLED, shift=_FRACTION_BITS)


def _fixed(points: NDArray[np.floating]) -> NDArray[np.int32]:
    """Points with a few fractional bits, as OpenCV's drawing wants them."""
    return np.asarray(np.rint(np.asarray(points, np.float64) * 2**_FRACTION_BITS), np.int32)
