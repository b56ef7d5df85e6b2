"""Which face of one faceset belongs to which of another: the same moment of the same footage, the same place."""

from __future__ import annotations

from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from ...lib.boxes import iou
from ...lib.face_records import StoredFace, StoredFrame
from ...lib.face_table import FaceTable
from ...lib.faceset import Faceset
from ..errors import StoreError

_LEAST_OVERLAP = 0.2
Pair = tuple[str, str]


def pair_faces(fake: Faceset, real: Faceset) -> list[Pair]:
    """Pairs faces by source, time and place; those of a track follow each other in time.

    Sources go together when their names without the ending agree, and else where there is one on each side. Frames go
    together when they are less than half a frame apart.

    Returns:
        The names of the faces, of each pair the fake one first.

    Raises:
        StoreError: No source of one goes with a source of the other, or no face with a face.
    """
    table, found = real.face_table(), []
    together = _sources_together(fake, real)
    moments = {number: _moments(table, number) for number in range(len(table.sources))}
    for frame in fake.frames():
        source = together.get(frame.source)
        if source is None or not frame.faces:
            continue
        times, stamps, reach = moments[table.sources.index(source)]
        nearest = int(np.abs(times - frame.time).argmin()) if len(times) else -1
        if nearest >= 0 and abs(times[nearest] - frame.time) <= reach:
            others = real.faces_at(source, int(stamps[nearest]))
            found += [
                (source, _track(other), other.time, face.id, other.id) for face, other in _in_place(frame, others)
            ]
    if not found:
        raise StoreError(f"no face of {fake.path} is where {real.path} has one at the same moment; is it one footage?")
    return [(mine, other) for *_, mine, other in sorted(found)]


def _track(face: StoredFace) -> int:
    """The face's track; without one, its place in the frame, where a lone face keeps to itself."""
    return -1 - face.index if face.track is None else face.track


def _sources_together(fake: Faceset, real: Faceset) -> dict[str, str]:
    """Each source of the fakes that has one among the real ones -> that one."""
    ours, theirs = fake.sources(), real.sources()
    stems = {PurePath(name).stem: name for name in theirs}
    together = {name: stems[PurePath(name).stem] for name in ours if PurePath(name).stem in stems}
    if not together and len(ours) == len(theirs) == 1:
        return {ours[0]: theirs[0]}
    if not together:
        raise StoreError(
            f"{fake.path} and {real.path} cannot be paired: each must be of one video, or of files of the same names"
        )
    return together


def _moments(table: FaceTable, source: int) -> tuple[NDArray[np.float64], NDArray[np.int64], float]:
    """The times and stamps of a source's frames with faces, and half of a frame's duration."""
    rows = table.source == source
    stamps, first = np.unique(table.pts[rows], return_index=True)
    times = table.time[rows][first]
    steps = np.diff(times)
    return times, stamps, float(steps.min() / 2) if len(steps) and steps.min() > 0 else 1e-3


def _in_place(frame: StoredFrame, others: tuple[StoredFace, ...]) -> list[tuple[StoredFace, StoredFace]]:
    """Pairs the faces of one frame by the overlap of their boxes, the largest first."""
    if not others:
        return []
    overlap = iou(np.stack([face.box for face in frame.faces]), np.stack([face.box for face in others]))
    pairs = []
    while overlap.max() > _LEAST_OVERLAP:
        row, column = np.unravel_index(overlap.argmax(), overlap.shape)
        pairs.append((frame.faces[row], others[column]))
        overlap[row], overlap[:, column] = 0, 0
    return pairs
