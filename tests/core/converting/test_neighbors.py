"""The window over the frames around: what is decoded for it, and which faces are shown to whom."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from faceswap.core.converting.faces import FrameFace
from faceswap.core.converting.neighbors import wanted_and_near, with_neighbors
from faceswap.core.converting.patches import CutFace
from faceswap.core.converting.stream import Work


@pytest.mark.parametrize(
    ("wanted", "reach", "expected"),
    [
        ({4, 5}, 0, [4, 5]),
        ({4, 5}, 2, [2, 3, 4, 5, 6, 7]),
        ({0, 9}, 1, [0, 1, 8, 9]),
        ({2, 6}, 2, [0, 1, 2, 3, 4, 5, 6, 7, 8]),
        (set(), 3, []),
    ],
)
def test_only_what_lies_near_a_wanted_frame_is_kept(wanted, reach, expected):
    assert list(wanted_and_near(range(10), wanted.__contains__, reach)) == expected


def _cut(track: int, position: int) -> CutFace:
    face = FrameFace(np.full((68, 2), position + 100 * track, np.float32), "ibug68", track=track)
    target = np.full((4, 4, 3), position / 100, np.float32)
    matrix = np.array([[1, 0, -position], [0, 1, 0]], np.float32)
    return CutFace(face, np.zeros((4, 4, 3), np.uint8), matrix, target, {})


def _works(tracks: dict[int, list[int]], wanted: set[int] | None = None) -> list[Work]:
    """Frames by position, each with the tracks of its faces."""
    return [
        Work(0, position, _frame(position), position, wanted is None or position in wanted, cuts=_cuts(each, position))
        for position, each in tracks.items()
    ]


def _frame(position: int) -> Any:
    return SimpleNamespace(time=position / 10)


def _cuts(tracks: list[int], position: int) -> tuple[CutFace, ...]:
    return tuple(_cut(track, position) for track in tracks)


def _seen(works: list[Work], reach: int) -> dict[tuple[int, int], tuple[int, ...]]:
    """Position and track of each face -> the offsets of its neighbors."""
    given = with_neighbors((work for work in works), reach)
    return {(work.position, cut.face.track): cut.neighbors.offsets for work in given for cut in work.cuts}


def test_a_face_sees_those_of_its_track_within_reach():
    works = _works({0: [5], 1: [5, 7], 2: [7], 3: [7, 5], 4: [5], 5: []})
    assert _seen(works, 2) == {
        (0, 5): (1,),
        (1, 5): (-1, 2),
        (1, 7): (1, 2),
        (2, 7): (-1, 1),
        (3, 7): (-2, -1),
        (3, 5): (-2, 1),
        (4, 5): (-1,),
    }


def test_neighbors_hold_the_place_time_and_target_of_their_own_frame():
    *_, last = with_neighbors((work for work in _works({0: [2], 1: [2], 2: [2]})), 2)
    neighbors = last.cuts[0].neighbors
    assert neighbors.offsets == (-2, -1) and neighbors.times == (0.0, 0.1)
    assert neighbors.landmarks[:, 0, 0].tolist() == [200, 201]
    assert neighbors.matrices[:, 0, 2].tolist() == [0, -1]
    np.testing.assert_allclose(neighbors.targets[:, 0, 0, 0], [0, 0.01])
    assert not neighbors.targets.flags.writeable


def test_frames_that_were_skipped_count_as_frames():
    assert _seen(_works({0: [1], 1: [1], 7: [1], 8: [1]}), 3) == {
        (0, 1): (1,),
        (1, 1): (-1,),
        (7, 1): (1,),
        (8, 1): (-1,),
    }


def test_faces_without_a_track_and_frames_without_a_position_have_no_neighbors():
    assert _seen(_works({0: [-1], 1: [-1]}), 1) == {(0, -1): (), (1, -1): ()}
    alone = [Work(0, place, _frame(place), cuts=_cuts([1], place)) for place in range(3)]
    assert [work.cuts[0].neighbors.offsets for work in with_neighbors((work for work in alone), 2)] == [()] * 3


def test_frames_that_are_not_wanted_are_seen_and_end_there():
    assert _seen(_works({0: [1], 1: [1], 2: [1]}, wanted={1}), 1) == {(1, 1): (-1, 1)}


def test_no_more_frames_are_read_ahead_than_the_reach():
    read: list[int] = []

    def works() -> Any:
        for work in _works({position: [1] for position in range(10)}):
            read.append(work.position)
            yield work

    given = with_neighbors(works(), 3)
    assert next(given).position == 0 and read == [0, 1, 2, 3]
    assert next(given).position == 1 and read[-1] == 4
    given.close()


def test_without_reach_frames_pass_as_they_come():
    works = _works({0: [1], 1: [1]})
    assert list(with_neighbors((work for work in works), 0)) == works
