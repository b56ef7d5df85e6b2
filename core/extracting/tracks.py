"""The tracks of a faceset's faces, and the faces that the detector missed on the way of one."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...lib.boxes import iou
from ...lib.crops import face_id
from ...lib.faceset import Faceset
from ...lib.faceset_writer import FacesetWriter
from ...lib.landmarks import FloatArray
from ...lib.tracking import Integers, link_faces, missing_faces
from ..host import Prepared
from .messages import MissedFaces

_TAKEN = 0.3
"""IoU with a detected face from which on a missed face would be the same once more."""


class FacesetTracks:
    """Links the faces of each source of a faceset.

    Frames of a video follow each other; images have no time, so each of their faces is a track of its own.

    Args:
        faceset: The faceset; it must not change meanwhile.
        recognizer: Whose embeddings the faces have; None without.
    """

    def __init__(self, faceset: Faceset, recognizer: Prepared | None) -> None:
        self._faceset = faceset
        self._table = faceset.face_table()
        self._boxes = faceset.column("box")
        self._embeddings: FloatArray | None = None
        self._same_below = 1.0
        if recognizer is not None:
            self._embeddings = faceset.column("embedding", recognizer.found.name)
            self._same_below = recognizer.plugin.same_person_below

    @cached_property
    def tracks(self) -> Integers:
        """int64 `[faces]`, in the order of `Faceset.faces`; no two sources share a number."""
        tracks = np.zeros(len(self._table), np.int64)
        first = 0
        for source in range(len(self._table.sources)):
            rows = self._rows(source)
            frames = np.searchsorted(self._times(source), self._table.pts[rows])
            embeddings = None if self._embeddings is None else self._embeddings[rows]
            tracks[rows] = first + link_faces(frames, self._boxes[rows], embeddings, self._same_below)
            first = int(tracks[rows].max(initial=first - 1)) + 1
        return tracks

    def note(self, faceset: FacesetWriter) -> int:
        """Stores the tracks; returns how many there are."""
        faceset.note_tracks(dict(zip(self._table.ids.tolist(), self.tracks.tolist(), strict=True)))
        return int(self.tracks.max(initial=-1)) + 1

    def missed(self, name: str, most: int) -> list[MissedFaces]:
        """The faces that tracks must have in frames of a source in which they were not detected.

        Frames from which a person took a face out are left as they are.

        Args:
            name: The source's name.
            most: The longest gap in frames.
        """
        if name not in self._table.sources:
            return []
        source = self._table.sources.index(name)
        rows, times = self._rows(source), self._times(source)
        frames = np.searchsorted(times, self._table.pts[rows])
        missing = missing_faces(frames, self.tracks[rows], times.astype(np.float64), most)
        if len(missing.frames) == 0:
            return []
        boxes = missing.between(self._boxes[rows])
        landmarks = missing.between(self._faceset.column("landmarks")[rows])
        free = self._free(name, rows, times[missing.frames], boxes)
        return list(_by_frame(times[missing.frames[free]], boxes[free], landmarks[free]))

    def _free(self, name: str, rows: slice, places: Integers, boxes: FloatArray) -> NDArray[np.bool_]:
        """Where a face may be added, bool `[missing]`."""
        gone = self._faceset.taken_out()
        free = np.zeros(len(places), bool)
        for index, pts in enumerate(places.tolist()):
            there = rows.start + np.flatnonzero(self._table.pts[rows] == pts)
            free[index] = not _touched(name, pts, set(self._table.ids[there].tolist()), gone) and bool(
                (iou(boxes[index : index + 1], self._boxes[there]) < _TAKEN).all()
            )
        return free

    def _rows(self, source: int) -> slice:
        """Its rows in the table, which is sorted by source."""
        start, end = np.searchsorted(self._table.source, [source, source + 1])
        return slice(int(start), int(end))

    def _times(self, source: int) -> Integers:
        """The time stamps of all its frames, in order."""
        return np.array(sorted(self._faceset.done_frames(self._table.sources[source])), np.int64)


def _touched(name: str, pts: int, there: set[str], gone: frozenset[str]) -> bool:
    """Whether a person took a face out of a frame. Places are counted without a gap, so names tell."""
    index = 0
    while (face := face_id(name, pts, index)) in there:
        index += 1
    return face in gone


def _by_frame(places: Integers, boxes: FloatArray, landmarks: FloatArray) -> Iterator[MissedFaces]:
    for pts in np.unique(places).tolist():
        here = places == pts
        yield MissedFaces(
            pts=pts,
            boxes=tuple(map(tuple, boxes[here].tolist())),
            landmarks=tuple(map(tuple, landmarks[here].reshape(int(here.sum()), -1).tolist())),
        )
