"""Between a faceset's records and its tables: the one place that knows the columns of frames and faces."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from .blobs import Blob, pack, pack_mask, unpack
from .crops import crop_path, face_id
from .face_records import MEASURES, FaceRecord, FrameRecord, StoredFace

FACES_OF_FRAME = f"""
    SELECT face.name, position, score, scheme, track, person, {", ".join(MEASURES)},
        role, array.name, dtype, shape, encoding, CASE role WHEN 'mask' THEN NULL ELSE data END
    FROM face JOIN array ON array.face = face.id WHERE face.frame = ? AND removed = 0 ORDER BY position
"""
"""The rows that `stored_faces` takes; masks are named, but not read."""

_FACE_COLUMNS = 6 + len(MEASURES)

WHOLE_FACES_OF_FRAME = f"""
    SELECT face.name, position, score, scheme, track, person, removed, {", ".join(MEASURES)},
        role, array.name, dtype, shape, encoding, data
    FROM face JOIN array ON array.face = face.id WHERE face.frame = ? ORDER BY position, array.rowid
"""
"""The rows that `whole_faces` takes: of the removed faces, too."""


class FaceNotes(NamedTuple):
    """What was noted of a face after it was stored, in the order of the columns."""

    track: int | None = None
    person: int | None = None
    removed: int = 0


@dataclass(frozen=True)
class FaceRow:
    """A face as the tables `face` and `array` take it; measures in order, arrays by role (`box`, ...) and name."""

    name: str
    position: int
    score: float
    scheme: str | None
    measures: tuple[float | None, ...]
    arrays: tuple[tuple[str, str, Blob], ...]


@dataclass(frozen=True)
class FrameRow:
    """A frame as the table `frame` takes it, with its faces."""

    source: str
    pts: int
    time: float
    width: int
    height: int
    faces: tuple[FaceRow, ...]


def frame_row(frame: FrameRecord) -> FrameRow:
    """The rows of a frame; NumPy's scalars, which neither JSON nor SQLite knows, become Python's."""
    source, pts = frame.source, int(frame.pts)
    faces = (_face_row(face_id(source, pts, index), index, face) for index, face in enumerate(frame.faces))
    return FrameRow(source, pts, float(frame.time), int(frame.width), int(frame.height), tuple(faces))


def insert_frames(
    connection: sqlite3.Connection, frames: Iterable[FrameRow], without: Collection[str], notes: Mapping[str, FaceNotes]
) -> None:
    """Inserts frames, replacing those of the same places, and marks all stages as done with them.

    Args:
        connection: The writer's, within a transaction.
        frames: Their rows; of several for one place the last counts.
        without: Names of faces to leave out.
        notes: What is noted of faces, by name.
    """
    places = {(frame.source, frame.pts): frame for frame in frames}
    connection.executemany("DELETE FROM frame WHERE source = ? AND pts = ?", places)
    keyed = list(enumerate(places.values(), _next_id(connection, "frame")))
    rows = [(key, frame.source, frame.pts, frame.time, frame.width, frame.height) for key, frame in keyed]
    connection.executemany("INSERT INTO frame (id, source, pts, time, width, height) VALUES (?, ?, ?, ?, ?, ?)", rows)
    connection.executemany("INSERT INTO stage_done SELECT ?, id FROM stage", [(key,) for key, _ in keyed])
    faces = [(key, face) for key, frame in keyed for face in frame.faces if face.name not in without]
    _insert_faces(connection, faces, notes)


def stored_faces(
    faceset: Path, place: tuple[str, int, float], rows: Iterable[tuple[Any, ...]]
) -> tuple[StoredFace, ...]:
    """The faces of one frame from the rows of `FACES_OF_FRAME`.

    Args:
        faceset: The faceset's folder.
        place: The frame's source, time stamp, and time in seconds.
        rows: One row for each array of each face, face by face.
    """
    return tuple(
        _stored_face(faceset, place, face, [row[_FACE_COLUMNS:] for row in group])
        for face, group in groupby(rows, lambda row: row[:_FACE_COLUMNS])
    )


def whole_faces(rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[FaceRow, FaceNotes]]:
    """The faces of one frame as they are stored, from the rows of `WHOLE_FACES_OF_FRAME`."""
    for face, group in groupby(rows, lambda row: row[: _FACE_COLUMNS + 1]):
        arrays = tuple((role, name, Blob(*blob)) for role, name, *blob in (row[_FACE_COLUMNS + 1 :] for row in group))
        name, position, score, scheme, track, person, removed, *measures = face
        yield FaceRow(name, position, score, scheme, tuple(measures), arrays), FaceNotes(track, person, removed)


def _face_row(name: str, index: int, face: FaceRecord) -> FaceRow:
    """The rows of a face."""
    arrays = [("box", "", pack(face.box)), ("matrix", "", pack(face.matrix))]
    if face.landmarks is not None:
        arrays.append(("landmarks", "", pack(face.landmarks)))
    arrays += [("embedding", key, pack(value)) for key, value in sorted(face.embeddings.items())]
    arrays += [("mask", key, pack_mask(value)) for key, value in sorted(face.masks.items())]
    measures = tuple(None if value is None else float(value) for value in (getattr(face, key) for key in MEASURES))
    return FaceRow(name, index, float(face.score), face.scheme, measures, tuple(arrays))


def _insert_faces(
    connection: sqlite3.Connection, faces: Iterable[tuple[int, FaceRow]], notes: Mapping[str, FaceNotes]
) -> None:
    """Inserts faces, each with the row number of its frame, and their arrays."""
    keyed = [(key, *pair) for key, pair in enumerate(faces, _next_id(connection, "face"))]
    noted = [notes.get(face.name, FaceNotes()) for _, _, face in keyed]
    rows = [
        (key, face.name, frame, face.position, face.score, face.scheme, *face.measures, *its)
        for (key, frame, face), its in zip(keyed, noted, strict=True)
    ]
    names = ("id", "name", "frame", "position", "score", "scheme", *MEASURES, *FaceNotes._fields)
    connection.executemany(f"INSERT INTO face ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})", rows)
    arrays = [
        (key, role, name, blob.dtype, blob.shape, blob.encoding, blob.data)
        for key, _, face in keyed
        for role, name, blob in face.arrays
    ]
    connection.executemany("INSERT INTO array VALUES (?, ?, ?, ?, ?, ?, ?)", arrays)


def _next_id(connection: sqlite3.Connection, table: str) -> int:
    """A row number above all that a table has."""
    return int(connection.execute(f"SELECT ifnull(max(id), 0) + 1 FROM {table}").fetchone()[0])


def _stored_face(
    faceset: Path, place: tuple[str, int, float], face: tuple[Any, ...], columns: list[tuple[Any, ...]]
) -> StoredFace:
    """One face from its columns and those of its arrays."""
    name, index, score, scheme, track, person, *measures = face
    source, pts, time = place
    arrays = {(role, key): unpack(Blob(*blob)) for role, key, *blob in columns if role != "mask"}
    return StoredFace(
        box=arrays["box", ""],
        score=score,
        matrix=arrays["matrix", ""],
        landmarks=arrays.get(("landmarks", "")),
        scheme=scheme,
        embeddings={key: array for (role, key), array in arrays.items() if role == "embedding"},
        id=name,
        source=source,
        pts=pts,
        time=time,
        index=index,
        crop=crop_path(faceset, name),
        mask_names=tuple(sorted(key for role, key, *_ in columns if role == "mask")),
        track=track,
        person=person,
        **dict(zip(MEASURES, measures, strict=True)),
    )
