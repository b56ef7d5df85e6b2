"""Boxes and landmarks that another tool has found, in a CSV or JSON file: one row per face, each with its frame.

Convention:
    Columns `left`, `top`, `right`, `bottom` in frame pixels on pixel edges. The frame is `pts` (of the video's own
    time base) or `frame` (counted from 0 in the order of presentation), or for images `source` (the file's name).
    `score` (0..1) may be left out. `landmarks` are x, y on pixel centers: pairs in JSON, numbers with blanks between
    them in CSV; `scheme` says which they are, where their number does not.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import MediaError
from ..landmarks import SCHEMES
from ..media import FrameKey, Gathered, Timeline

SIDES = ("left", "top", "right", "bottom")
_BY_COUNT = {68: "ibug68", 5: "five"}
_FARTHEST = 1e9


@dataclass(frozen=True, eq=False)
class GivenFace:
    """One row.

    Attributes:
        row: Its number in the file, from 1, for messages.
        source: Name of the frame's file, or None where there is but one.
        pts: The frame's presentation time stamp, or None.
        frame: The frame's number, or None.
        box: float32 `[4]`.
        score: 0..1.
        landmarks: float32 `[points 2]`, or None.
    """

    row: int
    source: str | None
    pts: int | None
    frame: int | None
    box: NDArray[np.float32]
    score: float = 1.0
    landmarks: NDArray[np.float32] | None = None


@dataclass(frozen=True, eq=False)
class GivenFaces:
    """What a file says.

    Attributes:
        path: The file.
        faces: Its rows.
        scheme: The scheme of all landmarks; None where the file has none.
    """

    path: Path
    faces: tuple[GivenFace, ...]
    scheme: str | None

    def by_place(self, medium: Gathered, timeline: Timeline) -> Mapping[int, list[GivenFace]]:
        """The rows of each frame of a medium, by its place in the timeline.

        Raises:
            MediaError: A row is of no frame of it.
        """
        found: dict[int, list[GivenFace]] = {}
        keys = _frame_keys(medium, timeline)
        places = dict(zip(keys, timeline.times, strict=True))
        for face in self.faces:
            key = _frame_of(face, keys)
            if key is None or key not in places:
                raise MediaError(f"{self.path} row {face.row}: {medium.label} has no frame {_told(face)}")
            found.setdefault(places[key], []).append(face)
        return found


def read_boxes(path: Path) -> GivenFaces:
    """Reads a file of boxes; its ending says which kind it is: `.csv`, `.json` (a list) or `.jsonl`.

    Raises:
        MediaError: It is missing, of another kind, or a row is not as the module tells.
    """
    rows = [_face(path, number, row) for number, row in enumerate(_rows(path), 1)]
    schemes = sorted({str(scheme) for _, scheme in rows})
    if not rows:
        raise MediaError(f"{path} holds no face; a row for each with {', '.join(SIDES)} was expected")
    if len(schemes) > 1:
        raise MediaError(f"{path} mixes rows with landmarks of {' and '.join(schemes)}; all or none may have them")
    return GivenFaces(path, tuple(face for face, _ in rows), rows[0][1])


def _rows(path: Path) -> Iterable[dict[str, Any]]:
    if not path.is_file():
        raise MediaError(f"there is no file {path}; check the path")
    try:
        text = path.read_text("utf-8-sig")
        kind = path.suffix.lower()
        if kind == ".csv":
            rows: Any = list(csv.DictReader(io.StringIO(text), skipinitialspace=True))
        elif kind == ".jsonl":
            rows = [json.loads(line) for line in text.splitlines() if line.strip()]
        elif kind == ".json":
            rows = json.loads(text)
        else:
            raise MediaError(f"{path} must end in .csv, .json or .jsonl")
    except (ValueError, csv.Error, RecursionError) as error:
        raise MediaError(f"cannot read {path}: {' '.join(str(error).split())}") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise MediaError(f"{path} must hold a list of objects, one for each face")
    return rows


def _face(path: Path, number: int, row: dict[str, Any]) -> tuple[GivenFace, str | None]:
    """A row and the scheme of its landmarks."""
    try:
        landmarks, scheme = _landmarks(row)
        box = np.array([_number(row, side) for side in SIDES], np.float32)
        if not (box[2] > box[0] and box[3] > box[1]):
            raise ValueError(f"right and bottom must be beyond left and top. Received: {box.tolist()}")
        source = row.get("source")
        score = 1.0 if row.get("score") in (None, "") else _number(row, "score")
        if not 0 <= score <= 1:
            raise ValueError(f"`score` must be 0..1. Received: {score}")
        pts, frame = _whole(row, "pts"), _whole(row, "frame")
        return GivenFace(number, str(source) if source else None, pts, frame, box, score, landmarks), scheme
    except (ValueError, TypeError) as error:
        raise MediaError(f"{path} row {number}: {error}") from error


def _landmarks(row: dict[str, Any]) -> tuple[NDArray[np.float32] | None, str | None]:
    value = row.get("landmarks")
    if value in (None, "", []):
        return None, None
    flat = value.split() if isinstance(value, str) else [number for point in value for number in point]
    points = np.array(flat, np.float32).reshape(-1, 2)
    scheme = row.get("scheme") or _BY_COUNT.get(len(points))
    if scheme not in SCHEMES or SCHEMES[scheme].points != len(points) or not (np.abs(points) < _FARTHEST).all():
        known = ", ".join(f"{known.points} of {name}" for name, known in SCHEMES.items())
        raise ValueError(f"`landmarks` must be {known}. Received: {len(points)} of {scheme}")
    return points, scheme


def _number(row: dict[str, Any], name: str) -> float:
    try:
        value = float(row[name])
    except (KeyError, TypeError, ValueError):
        raise ValueError(f"`{name}` must be a number. Received: {row.get(name)!r}") from None
    if not abs(value) < _FARTHEST:
        raise ValueError(f"`{name}` must be a number below 1e9. Received: {value}")
    return value


def _whole(row: dict[str, Any], name: str) -> int | None:
    if row.get(name) in (None, ""):
        return None
    try:
        return int(str(row[name]))  # Time stamps may be longer than a float keeps exactly.
    except ValueError:
        raise ValueError(f"`{name}` must be a whole number. Received: {row[name]!r}") from None


def _frame_keys(medium: Gathered, timeline: Timeline) -> list[FrameKey]:
    """The frames of a medium in the order of presentation."""
    if medium.images:
        return [FrameKey(medium.images[place], 0) for place in timeline.times]
    return [FrameKey(medium.path.name, time) for time in timeline.times]


def _frame_of(face: GivenFace, keys: list[FrameKey]) -> FrameKey | None:
    """The frame that a row names, which need not exist; a number counts only where there is nothing better."""
    source = face.source or keys[0].source
    if face.pts is not None:
        return FrameKey(source, face.pts)
    if face.frame is not None:
        key = keys[face.frame] if 0 <= face.frame < len(keys) else None
        return key if key and face.source in (None, key.source) else None
    return FrameKey(source, 0) if face.source or len(keys) == 1 else None


def _told(face: GivenFace) -> str:
    named = {"source": face.source, "pts": face.pts, "frame": face.frame}
    return ", ".join(f"{name} {value}" for name, value in named.items() if value is not None) or "(it names none)"
