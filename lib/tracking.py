"""Links the faces of footage into tracks: the same face, frame after frame.

Each frame's faces are given to the tracks whose boxes, moved on at their speed, they overlap and whose embeddings they
resemble; the best assignment of all together counts.

Reference:
    A. Bewley, Z. Ge, L. Ott, F. Ramos and B. Upcroft, Simple Online and Realtime Tracking, ICIP 2016 (predicted boxes,
    assigned by their overlap); N. Wojke, A. Bewley and D. Paulus, Simple Online and Realtime Tracking with a Deep
    Association Metric, ICIP 2017 (embeddings beside them).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .boxes import iou
from .landmarks import FloatArray

MEMORY = 10
"""Frames for which a track outlives its face's last detection."""

_LEAST_AFFINITY = 0.3
"""Of a face to a track: their IoU, and 1 - d / limit for embeddings that are d apart. So a face that the recognizer is
sure of may have moved far, one that it takes for another's must lie where the track's is, and a cut, which changes
both, ends the track."""

_AGILITY = 0.5
"""Share of the newest motion and embedding in a track's."""

Integers = NDArray[np.int64]


def link_faces(
    frames: Integers, boxes: FloatArray, embeddings: FloatArray | None = None, same_below: float = 1.0
) -> Integers:
    """Finds the track of each face.

    Args:
        frames: The number of each face's frame, int `[faces]`, ascending; frames without a face count too.
        boxes: `[faces 4]`, left, top, right, bottom in frame pixels.
        embeddings: `[faces dim]` of unit length, NaN where a face has none.
        same_below: The distance of embeddings under which two faces count as one person's.

    Returns:
        int64 `[faces]`: the numbers of the tracks, counted from 0 in the order in which they begin.
    """
    tracks = np.full(len(frames), -1, np.int64)
    if len(frames) == 0:
        return tracks
    alive = _Tracks(boxes.shape[1:], 0 if embeddings is None else embeddings.shape[1], same_below)
    starts = np.flatnonzero(np.diff(frames, prepend=frames[0] - 1))
    exact = np.asarray(boxes, np.float64)
    vectors = np.zeros((len(frames), 0)) if embeddings is None else np.asarray(embeddings, np.float64)
    for start, end in zip(starts, [*starts[1:], len(frames)], strict=True):
        tracks[start:end] = alive.step(int(frames[start]), exact[start:end], vectors[start:end])
    return tracks


class _Tracks:
    """The tracks that are alive, one row each."""

    def __init__(self, box: tuple[int, ...], dim: int, same_below: float) -> None:
        self._same_below = same_below
        self._count = 0
        self._numbers = np.zeros(0, np.int64)
        self._seen = np.zeros(0, np.int64)
        self._boxes = np.zeros((0, *box))
        self._speeds = np.zeros((0, 2))
        self._embeddings = np.zeros((0, dim))

    def step(self, frame: int, boxes: FloatArray, embeddings: FloatArray) -> Integers:
        """Gives the faces of the next frame that has any to tracks; returns the tracks' numbers."""
        self._keep(frame - self._seen <= MEMORY + 1)
        affinity = self._affinity(frame, boxes, embeddings)
        rows, columns = _assign(affinity)
        numbers = np.full(len(boxes), -1, np.int64)
        numbers[columns] = self._numbers[rows]
        self._follow(frame, rows, boxes[columns], embeddings[columns])
        new = numbers < 0
        if new.any():
            numbers[new] = self._begin(frame, boxes[new], embeddings[new])
        return numbers

    def _affinity(self, frame: int, boxes: FloatArray, embeddings: FloatArray) -> FloatArray:
        """How well each track and each face go together, `[tracks faces]`; nothing where they do not overlap."""
        steps = (frame - self._seen)[:, None] * self._speeds
        overlap = iou(self._boxes + np.concatenate([steps, steps], axis=1), boxes)
        if not embeddings.shape[1]:
            return overlap
        apart = np.linalg.norm(self._embeddings[:, None] - embeddings[None], axis=2)
        likeness = np.nan_to_num(1 - apart / self._same_below, nan=0.0)
        return np.asarray(np.where(overlap > 0, overlap + likeness, 0.0))

    def _follow(self, frame: int, rows: Integers, boxes: FloatArray, embeddings: FloatArray) -> None:
        """Moves tracks on to the faces that they were given."""
        passed = (frame - self._seen[rows])[:, None]
        moved = (boxes - self._boxes[rows]).reshape(-1, 2, 2).mean(axis=1) / passed
        self._speeds[rows] += _AGILITY * (moved - self._speeds[rows])
        self._boxes[rows], self._seen[rows] = boxes, frame
        before = np.where(np.isnan(self._embeddings[rows]), embeddings, self._embeddings[rows])
        mixed = before + _AGILITY * (np.where(np.isnan(embeddings), before, embeddings) - before)
        self._embeddings[rows] = mixed / np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-12)

    def _begin(self, frame: int, boxes: FloatArray, embeddings: FloatArray) -> Integers:
        numbers = self._count + np.arange(len(boxes))
        self._count += len(boxes)
        self._numbers = np.concatenate([self._numbers, numbers])
        self._seen = np.concatenate([self._seen, np.full(len(boxes), frame)])
        self._boxes = np.concatenate([self._boxes, boxes])
        self._speeds = np.concatenate([self._speeds, np.zeros((len(boxes), 2))])
        self._embeddings = np.concatenate([self._embeddings, embeddings])
        return numbers

    def _keep(self, alive: NDArray[np.bool_]) -> None:
        if alive.all():
            return
        self._numbers, self._seen = self._numbers[alive], self._seen[alive]
        self._boxes, self._speeds = self._boxes[alive], self._speeds[alive]
        self._embeddings = self._embeddings[alive]


def _assign(affinity: FloatArray) -> tuple[Integers, Integers]:
    """The pairs of tracks and faces whose affinities sum up to the most; none of too low an affinity."""
    from scipy.optimize import linear_sum_assignment

    enough = np.where(affinity >= _LEAST_AFFINITY, affinity, 0.0)
    rows, columns = linear_sum_assignment(enough, maximize=True)
    good = enough[rows, columns] > 0
    return rows[good], columns[good]


@dataclass(frozen=True, eq=False)
class MissingFaces:
    """Faces that tracks must have had in frames in which none was detected; arrays of equal length.

    Attributes:
        frames: Their frames' numbers.
        before: The track's face before the gap, an index.
        after: The track's face behind it.
        shares: How much of the time from `before` to `after` has passed, 0..1.
    """

    frames: Integers
    before: Integers
    after: Integers
    shares: NDArray[np.float64]

    def between(self, values: FloatArray) -> FloatArray:
        """Interpolates what the faces have, `[faces ...]`, linearly in time: `[missing ...]`."""
        shares = self.shares.reshape(-1, *[1] * (values.ndim - 1))
        mixed = (1 - shares) * values[self.before] + shares * values[self.after]
        return np.asarray(mixed, values.dtype)


def missing_faces(frames: Integers, tracks: Integers, times: FloatArray, most: int) -> MissingFaces:
    """Finds the short gaps of tracks.

    Args:
        frames: The number of each face's frame, int `[faces]`.
        tracks: The track of each face, int `[faces]`.
        times: The time of each frame in seconds, `[frames]`.
        most: The longest gap in frames.

    Returns:
        The missing faces, by frame.
    """
    order = np.lexsort([frames, tracks])
    gaps = np.diff(frames[order]) - 1
    short = np.flatnonzero((np.diff(tracks[order]) == 0) & (gaps > 0) & (gaps <= most))
    before, after = np.repeat(order[short], gaps[short]), np.repeat(order[short + 1], gaps[short])
    firsts = np.cumsum(gaps[short]) - gaps[short]
    missing = frames[before] + 1 + np.arange(len(before)) - np.repeat(firsts, gaps[short])
    begin, end = times[frames[before]], times[frames[after]]
    shares = np.asarray((times[missing] - begin) / (end - begin), np.float64)
    by_frame = np.argsort(missing, kind="stable")
    return MissingFaces(missing[by_frame], before[by_frame], after[by_frame], shares[by_frame])
