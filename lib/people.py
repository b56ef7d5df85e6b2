"""Groups tracks into people by their embeddings.

Tracks of different pose or light are pulled together by those between them: the mean distance of all pairs counts
(average linkage), up to the recognizer's limit for two faces of one person.

Reference:
    R. R. Sokal and C. D. Michener, A statistical method for evaluating systematic relationships, University of Kansas
    Science Bulletin 38, 1958 (average linkage).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .landmarks import FloatArray
from .tracking import Integers

MOST = 8000
"""Tracks that are grouped by all their pairs, which takes memory with their square; the longest ones. The others join
the group whose center is nearest."""

_APART = 2.0
"""The distance of two people who are seen at once, whatever they look like: the most that unit vectors can be apart."""


def track_vectors(tracks: Integers, embeddings: FloatArray, trusted: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The mean embedding of each track.

    Args:
        tracks: The track of each face, 0 and up, `[faces]`.
        embeddings: `[faces dim]`, NaN where a face has none.
        trusted: bool `[faces]`; others count only in tracks that have no such face.

    Returns:
        float64 `[tracks dim]` of unit length, up to the highest number; NaN where no face has an embedding.
    """
    known = np.asarray(np.isfinite(embeddings).all(axis=1), bool)
    count = int(tracks.max(initial=-1)) + 1
    means = _mean(tracks, embeddings, known & trusted, count)
    doubtful = np.isnan(means).any(axis=1)
    means[doubtful] = _mean(tracks, embeddings, known, count)[doubtful]
    return np.asarray(means / np.maximum(np.linalg.norm(means, axis=1, keepdims=True), 1e-12))


def _mean(tracks: Integers, embeddings: FloatArray, rows: NDArray[Any], count: int) -> NDArray[np.float64]:
    sums = np.zeros((count, embeddings.shape[1]))
    np.add.at(sums, tracks[rows], embeddings[rows])
    faces = np.bincount(tracks[rows], minlength=count)[:, None]
    return np.where(faces > 0, sums / np.maximum(faces, 1), np.nan)


def group_tracks(vectors: FloatArray, lengths: Integers, limit: float, apart: Iterable[tuple[int, int]]) -> Integers:
    """Finds which tracks show the same person.

    Args:
        vectors: `[tracks dim]` of unit length, NaN where a track has none.
        lengths: How many faces each track has, `[tracks]`.
        limit: The mean distance under which two groups are one person.
        apart: Pairs of tracks that show two people, since both are seen in one frame.

    Returns:
        int64 `[tracks]`: people, counted from 0 by how many faces they have; -1 for tracks without a vector.
    """
    order = np.argsort(-lengths, kind="stable")
    order = order[np.isfinite(vectors[order]).all(axis=1)]
    people = np.full(len(vectors), -1, np.int64)
    if len(order) == 0:
        return people
    people[order[:MOST]] = _linked(vectors, order[:MOST], limit, apart)
    if len(order) > MOST:
        people[order[MOST:]] = _nearest(vectors, people, order, limit)
    faces = np.bincount(people[people >= 0], weights=lengths[people >= 0])
    rank = np.empty(len(faces), np.int64)
    rank[np.argsort(-faces, kind="stable")] = np.arange(len(faces))
    return np.where(people >= 0, rank[people], -1)


def _linked(vectors: FloatArray, chosen: Integers, limit: float, apart: Iterable[tuple[int, int]]) -> Integers:
    """Average linkage of the chosen tracks; their groups, counted from 0."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import pdist, squareform

    if len(chosen) == 1:
        return np.zeros(1, np.int64)
    distances = squareform(pdist(vectors[chosen]))
    place = {track: index for index, track in enumerate(chosen.tolist())}
    for one, other in apart:
        if one in place and other in place:
            distances[place[one], place[other]] = distances[place[other], place[one]] = _APART
    groups = fcluster(linkage(squareform(distances, checks=False), "average"), limit, "distance")
    return np.asarray(groups - 1, np.int64)


def _nearest(vectors: FloatArray, people: Integers, order: Integers, limit: float) -> Integers:
    """The groups of the tracks behind the first `MOST`; a group of its own for one that is like none."""
    centers = track_vectors(people[order[:MOST]], vectors[order[:MOST]], np.ones(MOST, bool))
    groups = []
    for track in order[MOST:]:
        distances = np.linalg.norm(centers - vectors[track], axis=1)
        if distances.min() >= limit:
            centers, distances = np.vstack([centers, vectors[track]]), np.append(distances, 0.0)
        groups.append(int(distances.argmin()))
    return np.array(groups, np.int64)


def keep_numbers(people: Integers, before: Integers) -> Integers:
    """Renumbers people so that they keep the numbers that most of their faces had before.

    Args:
        people: The person of each face, `[faces]`, counted from 0; -1 for none.
        before: The person that each face had before, 1 and up; -1 for none.

    Returns:
        int64 `[faces]`: people, 1 and up; new ones get the lowest numbers that nobody had.
    """
    both = (people >= 0) & (before >= 1)
    pairs, shared = np.unique(np.stack([people[both], before[both]]), axis=1, return_counts=True)
    numbers: dict[int, int] = {}
    for person, number in pairs[:, np.argsort(-shared, kind="stable")].T.tolist():
        if person not in numbers and number not in numbers.values():
            numbers[person] = number
    taken = set(before[before >= 1].tolist())
    free = (number for number in range(1, len(people) + len(taken) + 2) if number not in taken)
    for person in range(int(people.max(initial=-1)) + 1):
        if person not in numbers:
            numbers[person] = next(free)
    return np.array([numbers.get(person, -1) for person in people.tolist()], np.int64)
