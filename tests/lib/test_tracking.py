"""Tracks and their gaps, on made-up motions of which the truth is known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from faceswap.lib.tracking import MEMORY, link_faces, missing_faces

Array = NDArray[np.float64]


def _walk(start: float, speed: float, frames: Array, top: float = 100.0, side: float = 80.0) -> Array:
    """Boxes of a face that walks across, `[frames 4]`."""
    left = start + speed * frames
    return np.stack([left, np.full_like(left, top), left + side, np.full_like(left, top + side)], axis=1)


def _person(seed: int) -> Array:
    vector = np.random.default_rng(seed).normal(size=128)
    return np.asarray(vector / np.linalg.norm(vector))


def _looks(person: Array, count: int, noise: float, seed: int = 0) -> Array:
    """Embeddings of one person, about `noise` from the person's own."""
    rng = np.random.default_rng(seed)
    vectors = person + noise * rng.normal(size=(count, len(person))) / np.sqrt(len(person))
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


def _film(*people: tuple[Array, Array], seed: int = 1) -> tuple[NDArray[np.int64], Array, NDArray[np.int64]]:
    """Lays people, each (frames, boxes), over each other: frames, boxes and who it is, mixed within each frame."""
    frames = np.concatenate([frames for frames, _ in people]).astype(np.int64)
    who = np.concatenate([np.full(len(frames), index) for index, (frames, _) in enumerate(people)])
    boxes = np.concatenate([boxes for _, boxes in people])
    order = np.lexsort([np.random.default_rng(seed).random(len(frames)), frames])
    return frames[order], boxes[order], who[order]


def _same(tracks: NDArray[np.int64], who: NDArray[np.int64]) -> bool:
    """Whether tracks are people, whatever their numbers."""
    pairs = set(zip(tracks.tolist(), who.tolist(), strict=True))
    return len(pairs) == len(set(tracks)) == len(set(who))


def test_faces_that_cross_keep_their_tracks() -> None:
    """Two pass each other; near the middle the one behind is hidden, and both boxes overlap before and after."""
    frames = np.arange(60.0)
    seen = np.abs(frames - 29.5) > 3
    rng = np.random.default_rng(0)
    noise = [rng.normal(0, 1, (count, 4)) for count in (60, int(seen.sum()))]
    front, behind = _walk(0, 10, frames) + noise[0], _walk(590, -10, frames[seen], top=110) + noise[1]
    film = _film((frames, front), (frames[seen], behind))
    assert _same(link_faces(film[0], film[1]), film[2])


def test_embeddings_tell_faces_apart_that_turn_back() -> None:
    """Two meet, stand in the same place and go back to where they came from: boxes alone cannot tell."""
    frames = np.arange(40.0)
    near = 0.9 * np.minimum(np.abs(frames - 20), 10) * 10
    boxes = [_walk(300, 0, frames) + sign * near[:, None] * [1, 0, 1, 0] for sign in (-1, 1)]
    film = _film((frames, boxes[0]), (frames, boxes[1]))
    people = [_looks(_person(seed), 40, 0.25, seed) for seed in (1, 2)]
    embeddings = np.stack([people[who][frame] for frame, who in zip(film[0], film[2], strict=True)])
    assert _same(link_faces(film[0], film[1], embeddings, 0.42), film[2])
    assert not _same(link_faces(film[0], film[1]), film[2])


@pytest.mark.parametrize(("gap", "tracks"), [(1, 1), (MEMORY, 1), (MEMORY + 1, 2)])
def test_a_track_outlives_a_short_gap(gap: int, tracks: int) -> None:
    frames = np.concatenate([np.arange(10), 10 + gap + np.arange(10)])
    linked = link_faces(frames, _walk(0, 6, frames.astype(float)))
    assert len(set(linked)) == tracks
    assert linked[0] == 0


def test_a_cut_ends_tracks() -> None:
    """After the cut another person is where the first was; and one who is the same, but elsewhere."""
    frames = np.arange(40)
    boxes = np.concatenate([_walk(100, 0, np.arange(20.0)), _walk(125, 0, np.arange(20.0), top=115)])
    looks = np.concatenate([_looks(_person(1), 20, 0.2), _looks(_person(2), 20, 0.2)])
    cut = np.repeat([0, 1], 20)
    assert np.array_equal(link_faces(frames, boxes, looks, 0.42), cut)
    assert len(set(link_faces(frames, boxes))) == 1
    far = np.concatenate([_walk(100, 0, np.arange(20.0)), _walk(300, 0, np.arange(20.0))])
    assert np.array_equal(link_faces(frames, far, _looks(_person(1), 40, 0.2), 0.42), cut)


def test_a_face_of_the_same_person_may_jump_and_one_look_may_be_spoilt() -> None:
    frames = np.arange(20)
    boxes = _walk(100, 0, frames.astype(float))
    boxes[10:] += [65, 0, 65, 0]
    looks = _looks(_person(1), 20, 0.2)
    looks[5] = _looks(_person(1), 1, 0.7, seed=7)[0]
    looks[15] = np.nan
    assert np.linalg.norm(looks[5] - looks[4]) > 1.3 * 0.42
    assert len(set(link_faces(frames, boxes, looks, 0.42))) == 1
    assert len(set(link_faces(frames, boxes))) == 2


def test_two_faces_of_a_frame_never_share_a_track() -> None:
    rng = np.random.default_rng(3)
    frames = np.sort(rng.integers(0, 200, 1200))
    corners = rng.uniform(0, 60, (1200, 2))
    tracks = link_faces(frames, np.concatenate([corners, corners + 50], axis=1))
    pairs = set(zip(frames.tolist(), tracks.tolist(), strict=True))
    assert len(pairs) == 1200
    assert tracks.min() == 0
    assert sorted(set(tracks)) == list(range(tracks.max() + 1))


def test_no_faces_have_no_tracks() -> None:
    assert link_faces(np.zeros(0, np.int64), np.zeros((0, 4))).shape == (0,)


def test_ten_thousand_faces_of_a_walk_are_one_track() -> None:
    frames = np.arange(10_000)
    rng = np.random.default_rng(0)
    boxes = np.repeat(_walk(100, 0, np.zeros(1)), 10_000, axis=0) + np.cumsum(rng.normal(0, 2, (10_000, 1)), axis=0)
    looks = _looks(_person(1), 10_000, 0.2)
    assert link_faces(frames, boxes, looks, 0.42).max() == 0


def test_gaps_are_filled_linearly_in_time() -> None:
    """Frames of unequal length; of two tracks one has a gap of two frames, the other one of four."""
    times = np.array([0, 0.1, 0.3, 0.4, 0.5, 0.6, 1.0])
    frames = np.array([0, 0, 1, 4, 5, 6])
    tracks = np.array([0, 1, 0, 0, 1, 1])
    missing = missing_faces(frames, tracks, times, most=3)
    assert missing.frames.tolist() == [2, 3]
    assert missing.before.tolist() == [2, 2]
    assert missing.after.tolist() == [3, 3]
    places = 100 * times[frames][:, None, None] + np.zeros((1, 5, 2))
    assert missing.between(places)[:, 0, 0] == pytest.approx([30, 40])
    longer = missing_faces(frames, tracks, times, most=4)
    assert longer.frames.tolist() == [1, 2, 2, 3, 3, 4]
    assert longer.between(places)[longer.before == 1][:, 0, 0] == pytest.approx([10, 30, 40, 50])
    assert len(missing_faces(frames, tracks, times, most=0).frames) == 0
