"""How the frames of several media fall into tasks."""

from __future__ import annotations

from pathlib import Path

from faceswap.core.extracting.footage import Footage, make_tasks
from faceswap.lib.media import Gathered, Timeline

FILM = Timeline(tuple(range(0, 120, 10)), (0, 50, 70))
IMAGES = Timeline((0, 1, 2), (0, 1, 2))


def test_feature_tasks_hold_what_is_lacking_and_where_decoding_can_begin() -> None:
    footage = [
        Footage(Gathered(Path("a.mp4")), FILM, frozenset({10, 80, 90, 100, 110})),
        Footage(Gathered(Path("i"), ("x.png", "y.png", "z.png")), IMAGES, frozenset({1})),
    ]
    first, second, third = make_tasks(footage, 5)
    assert (first.medium, first.wanted, first.keys) == (0, (0, 20, 30, 40), ())  # Cut at the keyframe.
    assert (second.medium, second.wanted, second.keys) == (0, (50, 60, 70), (70,))
    assert (third.medium, third.wanted, third.keys) == (1, (0, 2), (1, 2))
    assert second.index == first.index + 1 and third.index > second.index + 1
    assert [footage[1].frame_name(2), footage[0].frame_name(50)] == ["z.png", "a.mp4 50"]


def test_feature_a_finished_chunk_leaves_a_gap_in_the_numbers() -> None:
    done = frozenset(range(50, 100, 10))
    first, last = make_tasks([Footage(Gathered(Path("a.mp4")), FILM, done)], 5)
    assert (first.wanted, last.wanted) == ((0, 10, 20, 30, 40), (100, 110))
    assert last.index == first.index + 2
