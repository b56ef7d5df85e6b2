"""People out of tracks, on made-up embeddings of which the truth is known, and against average linkage by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from faceswap.lib import people as module
from faceswap.lib.people import group_tracks, keep_numbers, track_vectors

Array = NDArray[np.float64]


def _looks(seed: int, count: int, noise: float) -> Array:
    """Embeddings of one person, about `noise` from the person's own; people are about 1.4 apart."""
    rng = np.random.default_rng(seed)
    vectors = _unit(rng.normal(size=(1, 128))) + noise * _unit(rng.normal(size=(count, 128)))
    return _unit(vectors)


def _unit(vectors: Array) -> Array:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True))


def _partition(groups: NDArray[np.int64]) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(groups == group).tolist()) for group in set(groups.tolist())}


def test_tracks_become_the_people_that_they_show() -> None:
    counts = [3, 9, 5]
    vectors = np.concatenate([_looks(seed, count, 0.3) for seed, count in enumerate(counts)])
    shuffle = np.random.default_rng(0).permutation(len(vectors))
    who = np.repeat([0, 1, 2], counts)[shuffle]
    groups = group_tracks(vectors[shuffle], np.full(len(vectors), 10), 0.6, [])
    assert _partition(groups) == _partition(who)
    assert [int((groups == person).sum()) for person in range(3)] == [9, 5, 3]


def test_groups_are_those_of_average_linkage() -> None:
    """Merges by hand, the nearest two groups first, by the mean over all pairs."""
    vectors = np.concatenate([_looks(seed, 6, 1.0) for seed in range(4)])
    limit = 1.1
    groups = [[index] for index in range(len(vectors))]
    distances = np.linalg.norm(vectors[:, None] - vectors, axis=2)
    while len(groups) > 1:
        means = {(a, b): distances[np.ix_(groups[a], groups[b])].mean() for a in range(len(groups)) for b in range(a)}
        (a, b), mean = min(means.items(), key=lambda item: item[1])
        if mean > limit:
            break
        groups[b] += groups.pop(a)
    answer = group_tracks(vectors, np.ones(len(vectors), np.int64), limit, [])
    assert 1 < len(groups) < len(vectors)
    assert _partition(answer) == {frozenset(group) for group in groups}


def test_people_who_are_seen_at_once_are_two() -> None:
    twins = _looks(1, 2, 0.2)
    lengths = np.array([5, 5])
    assert len(set(group_tracks(twins, lengths, 0.6, []))) == 1
    assert len(set(group_tracks(twins, lengths, 0.6, [(1, 0)]))) == 2


def test_tracks_without_embeddings_are_nobody() -> None:
    vectors = np.concatenate([np.full((1, 128), np.nan), _looks(1, 1, 0.1)])
    assert group_tracks(vectors, np.array([4, 1]), 0.6, []).tolist() == [-1, 0]
    assert group_tracks(vectors[:1], np.array([4]), 0.6, []).tolist() == [-1]
    assert group_tracks(vectors[:0], np.zeros(0, np.int64), 0.6, []).tolist() == []


def test_more_tracks_than_fit_join_the_nearest_person(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = [30, 20, 2]
    vectors = np.concatenate([_looks(seed, count, 0.3) for seed, count in enumerate(counts)])
    lengths = np.concatenate([np.arange(30, 0, -1), np.arange(20, 0, -1), [1, 1]])
    whole = group_tracks(vectors, lengths, 0.6, [])
    monkeypatch.setattr(module, "MOST", 12)
    assert np.array_equal(group_tracks(vectors, lengths, 0.6, []), whole)
    assert len(_partition(whole)) == 3


def test_vectors_are_means_of_faces_that_can_be_trusted() -> None:
    embeddings = np.concatenate([_looks(1, 3, 0.3), _looks(2, 2, 0.3), np.full((1, 128), np.nan)])
    tracks = np.array([0, 0, 0, 1, 1, 2])
    vectors = track_vectors(tracks, embeddings, np.array([True, True, False, False, False, True]))
    np.testing.assert_allclose(vectors[0], _unit(embeddings[:2].mean(axis=0)))
    np.testing.assert_allclose(vectors[1], _unit(embeddings[3:5].mean(axis=0)))
    assert np.isnan(vectors[2]).all()


def test_people_keep_their_numbers() -> None:
    people = np.array([0, 0, 0, 1, 1, 2, -1, 2])
    assert keep_numbers(people, np.full(8, -1)).tolist() == [1, 1, 1, 2, 2, 3, -1, 3]
    before = np.array([4, 4, 1, 1, 1, -1, 2, -1])
    assert keep_numbers(people, before).tolist() == [4, 4, 4, 1, 1, 3, -1, 3]
    assert keep_numbers(people, keep_numbers(people, before)).tolist() == [4, 4, 4, 1, 1, 3, -1, 3]
