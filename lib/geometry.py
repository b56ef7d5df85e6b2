"""Where a face lies: alignment, aligned crops, boxes. Coordinates only; pixels are moved in `warp`.

Convention:
    Points are x, y on pixel centers (the first pixel is 0, 0; its outer corner -0.5, -0.5). Boxes are left,
    top, right, bottom on pixel edges (the first pixel spans 0..1; edge = center + 0.5). A matrix `[2 3]` maps
    pixel centers to pixel centers; leading dimensions (`[faces 2 3]`) are allowed everywhere. Computed in
    float64, returned in the arguments' dtype. Crops are cut along the unit box of `landmarks`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .landmarks import FloatArray, scheme_named


@dataclass(frozen=True)
class FaceType:
    """How much of the head a crop shows.

    Attributes:
        padding: Distance from the unit box to the crop's border, measured from corner to corner along the
            diagonal on both sides, in units of the box: the crop's side is `1 + 2 * sqrt(2) * padding`.
        up: How far the crop's center is moved up the face, in units of the box.
    """

    padding: float
    up: float = 0.0

    @property
    def side(self) -> float:
        """Side of the crop in units of the template's box."""
        return float(1 + 2 * np.sqrt(2) * self.padding)


FACE_TYPES: dict[str, FaceType] = {
    "half": FaceType(0.0),
    "mid-full": FaceType(0.0675),
    "full": FaceType(0.2109375),
    "whole": FaceType(0.40, up=0.07),
    "head": FaceType(0.70, up=0.50),
}
"""The face types, narrow to wide. Other tools also move `head` sideways with the head's yaw; left out here,
so that every narrower crop lies inside the head crop (`whole` sticks out below by 0.2 % of its side, which
border replication fills)."""


def umeyama(from_points: FloatArray, to_points: FloatArray) -> FloatArray:
    """Finds the similarity (scale, rotation, translation; no reflection) with the least squared error.

    In the plane the paper's singular value decomposition has a closed form: among rotations by an angle,
    `tr(R^T Sigma)` is greatest along the vector `(S11 + S22, S21 - S12)`, whose length is `tr(D S)`.

    Args:
        from_points: `[... points 2]`.
        to_points: Where they should go, `[... points 2]`.

    Returns:
        `[... 2 3]`; all NaN where no invertible similarity exists (either set is a single place, or the error
        is the same for every rotation).

    Reference:
        S. Umeyama, Least-squares estimation of transformation parameters between two point patterns, PAMI
        13(4), 1991.
    """
    x, y = np.asarray(from_points, np.float64), np.asarray(to_points, np.float64)
    mean_x, mean_y = x.mean(axis=-2), y.mean(axis=-2)  # Eq. 34, 35.
    x0, y0 = x - mean_x[..., None, :], y - mean_y[..., None, :]
    spread_x = (x0**2).sum(axis=-1).mean(axis=-1)  # sigma_x^2, Eq. 36.
    spread_y = (y0**2).sum(axis=-1).mean(axis=-1)  # Eq. 37.
    sigma = y0.swapaxes(-1, -2) @ x0 / x.shape[-2]  # Eq. 38.

    # R = U S V^T (Eq. 40) and c = tr(D S) / sigma_x^2 (Eq. 42), as the one product c R = [[a, -b], [b, a]].
    along = sigma[..., 0, 0] + sigma[..., 1, 1]
    across = sigma[..., 1, 0] - sigma[..., 0, 1]
    trace = np.hypot(along, across)
    rounding = 1e-12 * np.abs(x).max(axis=(-1, -2))
    valid = (trace > 1e-9 * np.sqrt(spread_x * spread_y)) & (spread_x > rounding**2)
    divisor = np.where(valid, spread_x, np.nan)
    a, b = along / divisor, across / divisor
    linear = np.stack([np.stack([a, -b], axis=-1), np.stack([b, a], axis=-1)], axis=-2)
    shift = mean_y[..., None] - linear @ mean_x[..., None]  # t = mean_y - c R mean_x, Eq. 41.
    return np.concatenate([linear, shift], axis=-1).astype(np.result_type(from_points, to_points), copy=False)


def transform_points(matrix: FloatArray, points: FloatArray) -> FloatArray:
    """Maps points `[... points 2]` through matrices `[... 2 3]`."""
    exact = np.asarray(matrix, np.float64)
    moved = np.asarray(points, np.float64) @ exact[..., :2].swapaxes(-1, -2) + exact[..., None, :, 2]
    return moved.astype(np.result_type(matrix, points), copy=False)


def compose(first: FloatArray, then: FloatArray) -> FloatArray:
    """Returns the matrix `[... 2 3]` that applies `first` and then `then`."""
    a, b = np.asarray(first, np.float64), np.asarray(then, np.float64)
    product = b[..., :2] @ a
    product[..., 2] += b[..., 2]
    return product.astype(np.result_type(first, then), copy=False)


def invert(matrix: FloatArray) -> FloatArray:
    """Returns the matrix `[... 2 3]` that undoes `matrix`."""
    exact = np.asarray(matrix, np.float64)
    linear = np.linalg.inv(exact[..., :2])
    back = np.concatenate([linear, -linear @ exact[..., 2:]], axis=-1)
    return back.astype(matrix.dtype, copy=False)


def scale_of(matrix: FloatArray) -> float:
    """Returns how many pixels a pixel's side becomes under a matrix `[2 3]`."""
    (a, b), (c, d) = matrix[:, :2].tolist()
    return math.sqrt(abs(a * d - b * c))


def resize_matrix(from_size: float, to_size: float) -> NDArray[np.float64]:
    """Returns the matrix `[2 3]` of resizing a square picture by s: x goes to s(x + 0.5) - 0.5."""
    scale = to_size / from_size
    shift = (scale - 1) / 2
    return np.array([[scale, 0, shift], [0, scale, shift]])


def unit_matrix(face_type: str, size: int, coverage: float = 1.0) -> NDArray[np.float64]:
    """Returns the matrix `[2 3]` from the template's unit box to crop pixels.

    Args:
        face_type: A name in `FACE_TYPES`.
        size: Side of the crop in pixels.
        coverage: Side of the region that the crop shows as a share of the face type's side, about the same
            center: 1 is the face type itself, 0.5 its middle half, drawn twice as large.

    Raises:
        ValueError: No face type has that name.
    """
    if face_type not in FACE_TYPES:
        raise ValueError(f"`face_type` must be one of {', '.join(FACE_TYPES)}. Received: {face_type!r}")
    kind = FACE_TYPES[face_type]
    scale = size / (kind.side * coverage)
    middle = (size - 1) / 2  # The crop's center, on pixel centers.
    return np.array([[scale, 0, middle - scale * 0.5], [0, scale, middle - scale * (0.5 - kind.up)]])


def crop_matrix(
    frame_landmarks: FloatArray, scheme: str, face_type: str, size: int, coverage: float = 1.0
) -> NDArray[np.float32]:
    """Finds the aligned crop of faces.

    Args:
        frame_landmarks: `[... points 2]` in the frame.
        scheme: The landmarks' scheme.
        face_type: A name in `FACE_TYPES`.
        size: Side of the crop in pixels.
        coverage: Share of the face type's side that the crop shows (see `unit_matrix`).

    Returns:
        float32 `[... 2 3]`, frame pixels to crop pixels; NaN where all landmarks are one place.

    Raises:
        ValueError: The scheme or face type is unknown, or the number of points is not the scheme's.
    """
    known = scheme_named(scheme)
    if frame_landmarks.shape[-2:] != (known.points, 2):
        received = list(frame_landmarks.shape)
        raise ValueError(f"`{scheme}` landmarks must be [... {known.points} 2]. Received: {received}")
    used = np.asarray(frame_landmarks[..., known.aligned :, :], np.float64)
    to_unit = umeyama(used, known.template[known.aligned :])
    return compose(to_unit, unit_matrix(face_type, size, coverage)).astype(np.float32)


def recut(stored_matrix: FloatArray, wanted_matrix: FloatArray) -> FloatArray:
    """Returns the matrix from a stored crop's pixels to those of a crop wanted of the same face.

    Args:
        stored_matrix: `[... 2 3]`, frame pixels to the stored crop, such as the faceset's head crop.
        wanted_matrix: `[... 2 3]`, frame pixels to the wanted crop.
    """
    back = invert(np.asarray(stored_matrix, np.float64))
    return compose(back, np.asarray(wanted_matrix, np.float64)).astype(wanted_matrix.dtype, copy=False)


def mean_face_landmarks(scheme: str, face_type: str, size: int, coverage: float = 1.0) -> NDArray[np.float32]:
    """Returns the mean face's landmarks, float32 `[points 2]`, in the pixels of a crop."""
    points = transform_points(unit_matrix(face_type, size, coverage), scheme_named(scheme).template)
    return points.astype(np.float32)
