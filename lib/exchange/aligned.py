"""Pictures that are faces already, upright and in one place: where the face is in each, without a detector.

Convention:
    Points are x, y on pixel centers of the picture, boxes left, top, right, bottom on pixel edges.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import MediaError
from ..geometry import crop_matrix, invert, mean_face_landmarks, transform_points, unit_matrix
from ..landmarks import SCHEMES
from ..media import Gathered
from ..media.heads import Size, claimed_size
from .boxes import GivenFace, GivenFaces
from .celeba import POINTS, SIZE, PictureList

SCHEME = "five"
_HEAD = 65_536
"""Bytes of a file in which its size usually stands."""
_SMALLEST, _LARGEST, _STEP = 64, 2048, 16
"""Sides of crops that are taken without being asked for, and what they are multiples of."""
_UNIT = 64
"""Side of a crop by which boxes are found; any does."""

Points = NDArray[np.float32]


def celeba_faces(medium: Gathered, landmarks: PictureList | None) -> GivenFaces:
    """The faces of CelebA's aligned pictures, by their landmarks or, without, by those that they were aligned by.

    Raises:
        MediaError: A picture is of another size, or has no landmarks in the list.
    """
    if landmarks is not None:
        landmarks.require(medium.images)
    others = [(name, size) for name, size in _sizes(medium) if size not in (SIZE, None)]
    if others:
        (name, (width, height)) = others[0]
        raise MediaError(
            f"{medium.path / name} is {width} x {height} pixels, and {len(others)} of {len(medium.images)} pictures "
            f"are not {SIZE[0]} x {SIZE[1]} as CelebA's aligned ones are; other pictures of faces take "
            "--layout aligned, pictures in which faces have to be found `faceswap extract`"
        )
    rows = {} if landmarks is None else landmarks.rows
    points = [rows[name].reshape(5, 2) if rows else POINTS for name in medium.images]
    return _faces(medium, np.array(points, np.float32))


def aligned_faces(medium: Gathered, face_type: str) -> GivenFaces:
    """The faces of pictures whose middle square shows a mean face as a crop of a type does.

    Raises:
        MediaError: A picture cannot be read.
    """
    points = [_mean_points(size or (1, 1), face_type) for _, size in _sizes(medium)]
    return _faces(medium, np.array(points, np.float32))


def usual_side(faces: GivenFaces, face_type: str) -> int:
    """The side of crops that are as fine as the usual picture, in pixels: a multiple of 16."""
    points = np.array([face.landmarks for face in faces.faces])
    scale = np.sqrt(np.linalg.det(crop_matrix(points, SCHEME, face_type, 1)[:, :, :2].astype(np.float64)))
    side = int(np.median(1 / scale))
    return min(max(-(-side // _STEP) * _STEP, _SMALLEST), _LARGEST)


def _faces(medium: Gathered, points: Points) -> GivenFaces:
    """The face of each picture by its points, `[pictures 5 2]`."""
    boxes = _boxes(points)
    wrong = np.flatnonzero(~np.isfinite(boxes).all(axis=1))
    if len(wrong):
        raise MediaError(f"the landmarks of {medium.images[wrong[0]]} are no face: all of them are one place")
    faces = tuple(
        GivenFace(number, name, 0, None, box, 1.0, of_face)
        for number, (name, box, of_face) in enumerate(zip(medium.images, boxes, points, strict=True), 1)
    )
    return GivenFaces(medium.path, faces, SCHEME)


def _mean_points(size: Size, face_type: str) -> Points:
    """The mean face's points in the middle square of a picture, which shows them as a crop does."""
    side = min(size)
    shift = (np.array(size) - side) / 2
    return (mean_face_landmarks(SCHEME, face_type, side) + shift).astype(np.float32)


def _boxes(points: Points) -> NDArray[np.float32]:
    """The boxes around the mean face that stands as the points `[faces 5 2]` say, `[faces 4]`."""
    matrices = crop_matrix(points, SCHEME, "half", _UNIT).astype(np.float64)
    known = np.isfinite(matrices).all(axis=(1, 2))
    face = transform_points(unit_matrix("half", _UNIT), SCHEMES["ibug68"].template)
    boxes = np.full((len(points), 4), np.nan, np.float32)
    corners = transform_points(invert(matrices[known]), face)
    boxes[known] = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1) + 0.5
    return boxes


def _sizes(medium: Gathered) -> Iterator[tuple[str, Size | None]]:
    return ((name, _size(medium.path / name)) for name in medium.images)


def _size(path: Path) -> Size | None:
    """The size that a picture claims; None of a damaged one, which is told when it is read."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
            return claimed_size(head) or claimed_size(head + file.read())
    except OSError as error:
        raise MediaError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error
