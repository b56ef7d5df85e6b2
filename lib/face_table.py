"""All faces of a faceset as columns, for sorting, filtering and grouping them without reading their arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from itertools import chain
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from .face_records import MEASURES

Execute = Callable[[str], Iterable[tuple[Any, ...]]]

_FRAMES = "SELECT id, pts, time FROM frame ORDER BY id"
_FRAME_ORDER = "SELECT id FROM frame ORDER BY source, pts"
_SOURCES = "SELECT source, count(*) FROM frame GROUP BY source ORDER BY source"
_NAMES = "SELECT ifnull(group_concat(name, ''), '') FROM (SELECT name FROM face WHERE removed = 0 ORDER BY id)"
_COLUMNS = ("frame", "position", "score", *MEASURES, "ifnull(track, -1)", "ifnull(person, -1)")
_FACES = f"SELECT {', '.join(_COLUMNS)} FROM face WHERE removed = 0 ORDER BY id"
_NAME_LENGTH = 20


@dataclass(frozen=True, eq=False)
class FaceTable:
    """Columns of equal length, a row for each face, in the order of source, time stamp and index.

    Attributes:
        ids: Names of the faces, `<U20` `[faces]`.
        sources: Names of the files that frames are from, sorted.
        source: int64 `[faces]`, places in `sources`.
        pts: int64 `[faces]`, presentation time stamps.
        time: float64 `[faces]`, the same in seconds.
        index: int64 `[faces]`, places in the frames.
        score: float64 `[faces]`, the detector's confidence, 0..1.
        size: float64 `[faces]`; this and the other measures as in `lib.face_measures.FaceMeasures`, NaN where a face
            was not measured.
        sharpness: float64 `[faces]`.
        brightness: float64 `[faces]`, 0..1.
        yaw: float64 `[faces]`, degrees.
        pitch: float64 `[faces]`, degrees.
        roll: float64 `[faces]`, degrees.
        track: int64 `[faces]`, -1 without a track.
        person: int64 `[faces]`, -1 without a person.
    """

    ids: NDArray[np.str_]
    sources: tuple[str, ...]
    source: NDArray[np.int64]
    pts: NDArray[np.int64]
    time: NDArray[np.float64]
    index: NDArray[np.int64]
    score: NDArray[np.float64]
    size: NDArray[np.float64]
    sharpness: NDArray[np.float64]
    brightness: NDArray[np.float64]
    yaw: NDArray[np.float64]
    pitch: NDArray[np.float64]
    roll: NDArray[np.float64]
    track: NDArray[np.int64]
    person: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.ids)

    def digest(self) -> str:
        """Stands for which faces these are, and for what is noted of them: 64 hex digits."""
        columns = (self.ids, self.track, self.person)
        return hashlib.sha256(b"".join(column.tobytes() for column in columns)).hexdigest()

    def take(self, rows: NDArray[Any]) -> FaceTable:
        """The rows that are named by number, or by a bool `[faces]`, in that order."""
        columns = {field.name: getattr(self, field.name) for field in fields(self)}
        chosen = {name: column[rows] for name, column in columns.items() if name != "sources"}
        return FaceTable(sources=self.sources, **chosen)


def read_face_table(execute: Execute, without: Iterable[str]) -> FaceTable:
    """Reads all faces that are not removed.

    Args:
        execute: Runs a statement on the faceset's database, within one transaction.
        without: Names of faces to leave out.
    """
    frames, frame_order = _matrix(execute(_FRAMES), 3), _matrix(execute(_FRAME_ORDER), 1)[:, 0]
    faces, ids = _matrix(execute(_FACES), len(_COLUMNS)), _names(execute(_NAMES))
    sources: dict[str, int] = dict(execute(_SOURCES))  # With the number of frames.
    place = np.empty(len(frames), np.int64)  # Of each frame in the order of source and time stamp.
    place[np.searchsorted(frames[:, 0], frame_order)] = np.arange(len(frames))
    frame = np.searchsorted(frames[:, 0], faces[:, 0])
    order = np.lexsort((faces[:, 1], place[frame]))
    faces, ids, frame = faces[order], ids[order], frame[order]
    table = FaceTable(
        ids=ids,
        sources=tuple(sources),
        source=np.repeat(np.arange(len(sources)), list(sources.values()))[place[frame]],
        pts=frames[frame, 1].astype(np.int64),
        time=frames[frame, 2],
        index=faces[:, 1].astype(np.int64),
        score=faces[:, 2].copy(),
        **{name: faces[:, column].copy() for column, name in enumerate(MEASURES, start=3)},
        track=faces[:, -2].astype(np.int64),
        person=faces[:, -1].astype(np.int64),
    )
    left_out = sorted(without)
    return table.take(~np.isin(ids, left_out)) if left_out else table


def _matrix(rows: Iterable[tuple[Any, ...]], width: int) -> NDArray[np.float64]:
    """Rows of numbers, NULL as NaN; whole numbers are exact below 2 to the 53rd."""
    return np.fromiter(chain.from_iterable(rows), np.float64).reshape(-1, width)


def _names(rows: Iterable[tuple[Any, ...]]) -> NDArray[np.str_]:
    """The names, which all have one length, out of the one string that they come in."""
    ((joined,),) = rows
    return np.frombuffer(cast(str, joined).encode("utf-32-le"), f"<U{_NAME_LENGTH}")
