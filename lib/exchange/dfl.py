"""Aligned faces as DeepFaceLab keeps them: a JPEG whose segment APP15 holds the geometry as the pickle of a dict.

The pickle is read as plain data and never unpickled. What is used of it: `face_type`, `shape` (of the picture),
`landmarks` (68 points in the picture), `source_landmarks` (the same in the frame), `source_rect`,
`source_filename` and `image_to_face_mat` (frame pixels to the picture's, centers to centers).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..crops import encode_crop
from ..errors import StoreError
from ..face_measures import measure_face
from ..face_records import FaceRecord
from ..geometry import crop_matrix, recut, transform_points, umeyama
from .plain_arrays import PlainPickleError
from .plain_pickle import read_plain_pickle

SCHEME = "ibug68"
ENDINGS = (".jpg", ".jpeg")

_FACE_TYPES = {
    "half_face": "half",
    "midfull_face": "mid-full",
    "full_face": "full",
    "whole_face": "whole",
    "head": "head",
}
_SOI, _SOS, _APP15 = 0xD8, 0xDA, 0xEF
_DISAGREE = 0.05
"""Share of the picture's side by which matrix and landmarks may differ: more cannot come from rounding."""


@dataclass(frozen=True, eq=False)
class DflFace:
    """What one file says of its face; the picture stays on the disk.

    Attributes:
        path: The file.
        source: Name of the frame's file.
        face_type: How much of the head the picture shows, as the faceset names it.
        size: Side of the picture in pixels.
        box: float32 `[4]`: left, top, right, bottom in the frame.
        landmarks: float32 `[68 2]` in the frame.
        matrix: float64 `[2 3]`, frame pixels to the picture's.
    """

    path: Path
    source: str
    face_type: str
    size: int
    box: NDArray[np.float32]
    landmarks: NDArray[np.float32]
    matrix: NDArray[np.float64]

    def record(self, face_type: str, size: int) -> FaceRecord:
        """The face as a faceset stores it: its picture is cut anew, so that it stands on the mean face.

        Args:
            face_type: Of the faceset.
            size: Side of its crops in pixels.

        Raises:
            StoreError: The picture cannot be read or is of another size than the file says.
        """
        from ..media import read_image
        from ..warp import cut

        picture = read_image(self.path)
        if picture.shape != (self.size, self.size, 3):
            found = f"{picture.shape[1]} x {picture.shape[0]}"
            raise StoreError(f"{self.path} must be {self.size} x {self.size} pixels as it says, it is {found}")
        matrix = crop_matrix(self.landmarks, SCHEME, face_type, size)
        crop = np.asarray(cut(picture, recut(self.matrix, matrix), size), np.uint8)
        return FaceRecord(
            box=self.box,
            score=1.0,
            matrix=matrix,
            landmarks=self.landmarks,
            scheme=SCHEME,
            crop=encode_crop(crop),
            **vars(measure_face(crop, matrix, face_type, self.landmarks, SCHEME)),
        )


def read_dfl(path: Path) -> DflFace:
    """Reads what a file says of its face.

    Raises:
        StoreError: It has no such segment, or one that is damaged, incomplete or more than data.
    """
    try:
        data = read_plain_pickle(dfl_segment(path.read_bytes()))
        if not isinstance(data, dict):
            raise PlainPickleError(f"the pickle holds no dict but a {type(data).__name__}")
        return _face(path, data)
    except ValueError as error:
        raise StoreError(f"{path}: {error}") from error


def dfl_segment(jpeg: bytes) -> bytes:
    """The content of a JPEG's segment APP15 that is a pickle.

    Raises:
        ValueError: It is no JPEG or has no such segment.
    """
    for marker, content in _segments(jpeg):
        if marker == _APP15 and content[:1] == b"\x80":  # How pickles begin from protocol 2 on.
            return content
    raise ValueError("a JPEG with the geometry of an aligned face was expected; it has none")


def _segments(jpeg: bytes) -> Iterator[tuple[int, bytes]]:
    """The segments before the picture's data, as marker and content."""
    if jpeg[:2] != bytes((0xFF, _SOI)):
        raise ValueError("a JPEG was expected; it is none")
    place = 2
    while place + 4 <= len(jpeg) and jpeg[place] == 0xFF and jpeg[place + 1] != _SOS:
        if jpeg[place + 1] == 0xFF:  # Fill bytes may stand before a marker.
            place += 1
            continue
        length = int.from_bytes(jpeg[place + 2 : place + 4], "big")
        yield jpeg[place + 1], jpeg[place + 4 : place + 2 + length]
        place += 2 + max(length, 2)


def _face(path: Path, data: dict[Any, Any]) -> DflFace:
    face_type = data.get("face_type")
    if not isinstance(face_type, str) or face_type not in _FACE_TYPES:
        raise ValueError(f"`face_type` must be one of {', '.join(_FACE_TYPES)}. Received: {str(face_type)[:40]!r}")
    source = data.get("source_filename")
    name = Path(source.replace("\\", "/")).name if isinstance(source, str) else path.name
    size = int(_numbers(data, "shape", (3,))[0])
    landmarks = _numbers(data, "source_landmarks", (68, 2))
    box = _numbers(data, "source_rect", (4,)) if data.get("source_rect") is not None else _bounds(landmarks)
    matrix = _matrix(data, landmarks, size)
    return DflFace(
        path=path,
        source=name or path.name,
        face_type=_FACE_TYPES[face_type],
        size=size,
        box=box.astype(np.float32),
        landmarks=landmarks.astype(np.float32),
        matrix=matrix,
    )


def _matrix(data: dict[Any, Any], landmarks: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """The way from the frame into the picture, by the file's matrix or else by its two sets of landmarks."""
    in_picture = _numbers(data, "landmarks", (68, 2)) if data.get("landmarks") is not None else None
    if data.get("image_to_face_mat") is None:
        if in_picture is None:
            raise ValueError("`image_to_face_mat` or `landmarks` was expected; it has neither")
        matrix = np.asarray(umeyama(landmarks, in_picture), np.float64)
    else:
        matrix = _numbers(data, "image_to_face_mat", (2, 3))
    if not np.isfinite(matrix).all() or abs(np.linalg.det(matrix[:, :2])) < 1e-9:
        raise ValueError("the matrix from the frame to the picture cannot be inverted")
    if in_picture is not None and size > 0:
        away = float(np.abs(transform_points(matrix, landmarks) - in_picture).max()) / size
        if not away < _DISAGREE:
            raise ValueError(f"matrix and landmarks contradict each other by {100 * away:.0f} % of the picture's side")
    return matrix


def _numbers(data: dict[Any, Any], name: str, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """A field as an array, finite; sizes are looked at before NumPy is given lists that may be far too long."""
    value = data.get(name)
    rows = value.tolist() if isinstance(value, np.ndarray) else value
    if not _fits(rows, shape):
        raise ValueError(f"`{name}` must be {list(shape)} finite numbers; it is not")
    return np.asarray(rows, np.float64)


def _fits(rows: Any, shape: tuple[int, ...]) -> bool:
    if not shape:
        return isinstance(rows, (int, float)) and abs(rows) < 1e9
    return isinstance(rows, (list, tuple)) and len(rows) == shape[0] and all(_fits(row, shape[1:]) for row in rows)


def _bounds(landmarks: NDArray[np.float64]) -> NDArray[np.float64]:
    """The box around landmarks, on pixel edges."""
    return np.concatenate([landmarks.min(axis=0), landmarks.max(axis=0)]) + 0.5
