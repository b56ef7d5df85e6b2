"""A faceset as a stream of flat records, which every file format of exchange writes and reads in its own way.

There is one record for each face and one for each frame without a face, in the order of source, time stamp and index,
and a head before them. Nothing is rounded: what is read equals what was written, bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..blobs import Blob, pack, unpack
from ..crops import face_id
from ..errors import StoreError
from ..face_records import MEASURES
from ..faceset_copy import WholeFrame
from ..faceset_rows import FaceNotes, FaceRow, FrameRow
from ..landmarks import SCHEMES


@dataclass(frozen=True, eq=False)
class FlatFace:
    """One face with its frame, or with `id` None a frame without a face.

    Attributes:
        source: Name of the file that the frame is from.
        pts: The frame's presentation time stamp.
        time: The same in seconds.
        width: Of the frame in pixels; 0 where it is not known.
        height: Likewise.
        id: The face's name.
        index: Its place in the frame.
        score: The detector's confidence, 0..1.
        scheme: Which points the landmarks are.
        measures: By the names in `MEASURES`, None where not measured.
        track: The run of frames in which it was followed.
        person: Number of the person.
        removed: Whether it lies in the faceset's trash.
        box: float32 `[4]`: left, top, right, bottom in the frame.
        matrix: float32 `[2 3]`, frame pixels to the crop's.
        landmarks: float32 `[points 2]` in the frame.
        attributes: int8 `[attributes]`: 1 has it, -1 has it not, 0 not known; their names are in the head.
        embeddings: float32 `[dim]` by recognizer.
        masks: uint8 `[size size]`, 255 = face, by masker.
        crop: The crop image, a JPEG.
    """

    source: str
    pts: int
    time: float
    width: int
    height: int
    id: str | None = None
    index: int = 0
    score: float = 0.0
    scheme: str | None = None
    measures: Mapping[str, float | None] = field(default_factory=dict)
    track: int | None = None
    person: int | None = None
    removed: bool = False
    box: NDArray[np.float32] | None = None
    matrix: NDArray[np.float32] | None = None
    landmarks: NDArray[np.float32] | None = None
    attributes: NDArray[np.int8] | None = None
    embeddings: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    masks: Mapping[str, NDArray[np.uint8]] = field(default_factory=dict)
    crop: bytes = b""


SCALARS: dict[str, type] = {
    "source": str,
    "pts": int,
    "time": float,
    "width": int,
    "height": int,
    "id": str,
    "index": int,
    "score": float,
    "scheme": str,
    **dict.fromkeys(MEASURES, float),
    "track": int,
    "person": int,
    "removed": bool,
}
"""The fields that are single values, measures among them, by their type; None stands for what is not known."""


ARRAYS: dict[str, tuple[tuple[int, ...], type[Any]]] = {
    "box": ((4,), np.float32),
    "matrix": ((2, 3), np.float32),
    "landmarks": ((-1, 2), np.float32),
    "attributes": ((-1,), np.int8),
}
"""The fields that are one array or None, by its shape, -1 standing for any size, and its type."""


def scalars_of(face: FlatFace) -> dict[str, Any]:
    """The single values of a record, by the names in `SCALARS`."""
    return {name: face.measures.get(name) if name in MEASURES else getattr(face, name) for name in SCALARS}


def split_scalars(values: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of `FlatFace` from single values by name; undoes `scalars_of`.

    Raises:
        StoreError: One is missing or of another type.
    """
    for name, kind in SCALARS.items():
        value = values.get(name)
        optional = name not in ("source", "pts", "time", "width", "height", "index", "score", "removed")
        fits = type(value) is kind or (kind is float and type(value) is int) or (value is None and optional)
        if not fits:
            raise StoreError(f"a record's `{name}` must be {kind.__name__}. Received: {value!r:.60}")
    own = {name: values[name] for name in SCALARS if name not in MEASURES and name in values}
    return {**own, "measures": {name: values.get(name) for name in MEASURES}}


def made_arrays(values: Mapping[str, Any]) -> dict[str, Any]:
    """The arrays of `ARRAYS` from lists or flat arrays by name; those that are missing or None are left out.

    Raises:
        TypeError: A value is no list of numbers.
        ValueError: It is of another shape, or a number does not fit the type.
    """
    given = {name: values[name] for name in ARRAYS if values.get(name) is not None}
    return {name: _array(name, value) for name, value in given.items()}


def _array(name: str, value: Any) -> NDArray[Any]:
    shape, kind = ARRAYS[name]
    try:
        return np.asarray(value, np.float32).reshape(shape).astype(kind)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"`{name}`: {error}") from error


def flat_faces(frames: Iterable[WholeFrame]) -> Iterator[FlatFace]:
    """The records of frames."""
    for frame in frames:
        row = frame.row
        place = FlatFace(row.source, row.pts, row.time, row.width, row.height)
        yield from (_flat(place, face, frame) for face in row.faces)
        if not row.faces:
            yield place


def frames_of(faces: Iterable[FlatFace]) -> Iterator[WholeFrame]:
    """The frames of records; undoes `flat_faces`.

    Raises:
        StoreError: A face has no geometry.
    """
    for (source, pts), group in groupby(faces, lambda face: (face.source, face.pts)):
        records = list(group)
        first, found = records[0], [face for face in records if face.id is not None]
        rows = tuple(_row(face) for face in found)
        by_name = {row.name: face for row, face in zip(rows, found, strict=True)}
        yield WholeFrame(
            FrameRow(source, pts, float(first.time), first.width, first.height, rows),
            {name: FaceNotes(face.track, face.person, int(face.removed)) for name, face in by_name.items()},
            {name: face.crop for name, face in by_name.items()},
        )


def _flat(place: FlatFace, face: FaceRow, frame: WholeFrame) -> FlatFace:
    """A face's record, its arrays unpacked."""
    arrays = {(role, name): unpack(blob) for role, name, blob in face.arrays}
    notes = frame.notes[face.name]
    return replace(
        place,
        id=face.name,
        index=face.position,
        score=face.score,
        scheme=face.scheme,
        measures=dict(zip(MEASURES, face.measures, strict=True)),
        track=notes.track,
        person=notes.person,
        removed=bool(notes.removed),
        box=arrays["box", ""],
        matrix=arrays["matrix", ""],
        landmarks=arrays.get(("landmarks", "")),
        attributes=arrays.get(("attributes", "")),
        embeddings={name: array for (role, name), array in arrays.items() if role == "embedding"},
        masks={name: array[..., 0] for (role, name), array in arrays.items() if role == "mask"},
        crop=frame.crops[face.name],
    )


def _row(face: FlatFace) -> FaceRow:
    """Undoes `_flat`; the face's name follows from its place, whatever the file calls it."""
    if face.box is None or face.matrix is None:
        raise StoreError(f"a face of frame {face.source} {face.pts} has no box or no matrix")
    _require(face)
    arrays = [("box", "", pack(face.box)), ("matrix", "", pack(face.matrix))]
    if face.landmarks is not None:
        arrays.append(("landmarks", "", pack(face.landmarks)))
    if face.attributes is not None:
        arrays.append(("attributes", "", pack(face.attributes)))
    arrays += [("embedding", name, pack(array)) for name, array in sorted(face.embeddings.items())]
    arrays += [("mask", name, _pack_mask(mask)) for name, mask in sorted(face.masks.items())]
    measures = tuple(None if value is None else float(value) for value in map(face.measures.get, MEASURES))
    return FaceRow(
        face_id(face.source, face.pts, face.index), face.index, float(face.score), face.scheme, measures, tuple(arrays)
    )


def _pack_mask(mask: NDArray[np.uint8]) -> Blob:
    return pack(mask[..., None], compress=True)


def _require(face: FlatFace) -> None:
    """Raises StoreError unless the arrays are what a faceset may hold and the picture is a JPEG."""
    wanted: list[tuple[str, NDArray[Any] | None, tuple[int | None, ...], type]] = [
        ("box", face.box, (4,), np.float32),
        ("matrix", face.matrix, (2, 3), np.float32),
        ("landmarks", face.landmarks, (None, 2), np.float32),
        ("attributes", face.attributes, (None,), np.int8),
        *((name, array, (None,), np.float32) for name, array in face.embeddings.items()),
        *((name, array, (None, None), np.uint8) for name, array in face.masks.items()),
    ]
    where = f"a face of frame {face.source} {face.pts}"
    for name, array, shape, kind in wanted:
        if array is None:
            continue
        fits = array.ndim == len(shape) and all(a in (None, b) for a, b in zip(shape, array.shape, strict=True))
        if not fits or array.dtype != kind:
            raise StoreError(f"{where} has `{name}` as {array.dtype} {list(array.shape)}; it does not fit")
    if (face.landmarks is None) != (face.scheme is None):
        raise StoreError(f"{where} has landmarks without a scheme or a scheme without landmarks")
    points = SCHEMES[face.scheme].points if face.scheme in SCHEMES else None
    if face.landmarks is not None and points != len(face.landmarks):
        raise StoreError(f"{where} has {len(face.landmarks)} landmarks of the scheme {face.scheme!r:.20}")
    if face.attributes is not None and not np.isin(face.attributes, (-1, 0, 1)).all():
        raise StoreError(f"{where} has attributes that are not -1, 0 or 1")
    if face.crop[:3] != b"\xff\xd8\xff":
        raise StoreError(f"{where} has a picture that is no JPEG")
