"""All faces of a faceset as columns, for sorting, filtering and grouping them without reading their arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import chain
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from .face_records import MEASURES

Execute = Callable[[str], Iterable[tuple[Any, ...]]]

_SOURCES = "SELECT source, count(*) FROM frame GROUP BY source ORDER BY source"
_FACES = "face WHERE removed = 0 ORDER BY id"
_MEASURES, _NOTES, _NAME_LENGTH = ("score", *MEASURES), ("track", "person"), 20

CHOSEN_COLUMNS = ("time", *_MEASURES, *_NOTES)
"""The columns that a table has if they are asked for; each takes about a tenth of a second for a million faces."""


class FaceTable:
    """Columns of equal length, a row for each face, in the order of source, time stamp and index.

    Those from `time` on are there only if they were asked for; others raise AttributeError.

    Attributes:
        ids: Names of the faces, `<U20` `[faces]`.
        sources: Names of the files that frames are from, sorted.
        source: int64 `[faces]`, places in `sources`.
        pts: int64 `[faces]`, presentation time stamps.
        index: int64 `[faces]`, places in the frames.
        time: float64 `[faces]`, the time stamps in seconds.
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
    index: NDArray[np.int64]
    time: NDArray[np.float64]
    score: NDArray[np.float64]
    size: NDArray[np.float64]
    sharpness: NDArray[np.float64]
    brightness: NDArray[np.float64]
    yaw: NDArray[np.float64]
    pitch: NDArray[np.float64]
    roll: NDArray[np.float64]
    track: NDArray[np.int64]
    person: NDArray[np.int64]

    def __init__(self, sources: tuple[str, ...], **columns: NDArray[Any]) -> None:
        vars(self).update(columns, sources=sources)

    def __getattr__(self, name: str) -> NDArray[Any]:
        raise AttributeError(f"Column `{name}` is not in this table; ask `face_table` for it.")

    def __len__(self) -> int:
        return len(self.ids)

    def digest(self) -> str:
        """Stands for which faces these are, and for what is noted of them: 64 hex digits."""
        columns = (self.ids, self.track, self.person)
        return hashlib.sha256(b"".join(column.tobytes() for column in columns)).hexdigest()

    def take(self, rows: NDArray[Any]) -> FaceTable:
        """The rows that are named by number, or by a bool `[faces]`, in that order."""
        columns = {name: column[rows] for name, column in vars(self).items() if name != "sources"}
        return FaceTable(self.sources, **columns)


def read_face_table(execute: Execute, without: Collection[str], columns: Collection[str]) -> FaceTable:
    """Reads all faces that are not removed.

    Args:
        execute: Runs a statement on the faceset's database, within one transaction.
        without: Names of faces to leave out.
        columns: Which of `CHOSEN_COLUMNS` to read.
    """
    sources: dict[str, int] = dict(execute(_SOURCES))  # With the number of frames.
    frames, pts = _whole_numbers(execute, ("id", "pts"), "frame ORDER BY source, pts")
    by_id, found = np.argsort(frames), _face_columns(execute, columns)
    place = by_id[np.searchsorted(frames, found.pop("frame"), sorter=by_id)]  # Of each face's frame in their order.
    order = np.lexsort((found["index"], place))
    place, found = place[order], {name: column[order] for name, column in found.items()}
    if "time" in columns:
        time = np.empty(len(frames))
        time[by_id] = _numbers(execute, ("time",), "frame ORDER BY id")[0]
        found["time"] = time[place]
    source = np.repeat(np.arange(len(sources)), list(sources.values()))
    table = FaceTable(tuple(sources), source=source[place], pts=pts[place], **found)
    return table.take(~np.isin(table.ids, sorted(without))) if without else table


def _face_columns(execute: Execute, columns: Collection[str]) -> dict[str, NDArray[Any]]:
    """Columns of the faces in the order of their row numbers; `frame` has the row numbers of frames."""
    notes, measures = ([name for name in known if name in columns] for known in (_NOTES, _MEASURES))
    whole = ["frame", "position", *(f"ifnull({name}, -1)" for name in notes)]
    found: dict[str, NDArray[Any]] = {"ids": _names(execute)}
    found.update(zip(("frame", "index", *notes), _whole_numbers(execute, whole, _FACES), strict=True))
    found.update(zip(measures, _numbers(execute, measures, _FACES), strict=True))
    return found


def _names(execute: Execute) -> NDArray[np.str_]:
    """The names, which all have one length, out of the one string that they come in."""
    ((joined,),) = execute(f"SELECT ifnull(group_concat(name, ''), '') FROM (SELECT name FROM {_FACES})")
    return np.frombuffer(cast(str, joined).encode("utf-32-le"), f"<U{_NAME_LENGTH}")


def _whole_numbers(execute: Execute, columns: Sequence[str], table: str) -> list[NDArray[np.int64]]:
    """Columns without NULL, each out of one string: half the time of rows."""
    names = [f"c{number}" for number in range(len(columns))]
    joined = ", ".join(f"ifnull(group_concat({name}, ' '), '')" for name in names)
    inner = ", ".join(f"{column} AS {name}" for column, name in zip(columns, names, strict=True))
    ((*texts,),) = execute(f"SELECT {joined} FROM (SELECT {inner} FROM {table})")
    return [np.fromstring(text, np.int64, sep=" ") if text else np.zeros(0, np.int64) for text in texts]


def _numbers(execute: Execute, columns: Sequence[str], table: str) -> list[NDArray[np.float64]]:
    """Columns, NULL as NaN."""
    if not columns:
        return []
    rows = execute(f"SELECT {', '.join(columns)} FROM {table}")
    matrix = np.fromiter(chain.from_iterable(rows), np.float64).reshape(-1, len(columns))
    return [column.copy() for column in matrix.T]
