"""Which media are meant by paths, and which of their frames by a selection."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from faceswap.lib.errors import MediaError
from faceswap.lib.media import Gathered, Selection, Timeline, gather, time_in_words


def touch(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True, parents=True)
    for name in names:
        (folder / name).touch()
    return folder


def test_a_folder_is_its_images_and_each_of_its_videos(tmp_path: Path) -> None:
    folder = touch(tmp_path / "a b ü", "10.png", "2.JPG", "b.mp4", "A.MKV", "notes.txt", ".hidden.mp4")
    touch(folder / "deeper", "c.mp4")
    assert gather([folder]) == [
        Gathered(folder, ("2.JPG", "10.png")),
        Gathered(folder / "A.MKV"),
        Gathered(folder / "b.mp4"),
    ]


def test_images_that_are_named_are_one_medium_for_each_folder(tmp_path: Path) -> None:
    first, second = touch(tmp_path / "1", "b.png", "a.png"), touch(tmp_path / "2", "c.png")
    film = touch(tmp_path, "film.any") / "film.any"
    named = [first / "b.png", film, second / "c.png", first / "a.png", first / "b.png", film]
    assert gather(named) == [Gathered(first, ("b.png", "a.png")), Gathered(film), Gathered(second, ("c.png",))]
    assert gather([second / "c.png"])[0].label == second / "c.png"


def test_nothing_at_a_path_is_told(tmp_path: Path) -> None:
    touch(tmp_path / "empty", "notes.txt")
    touch(tmp_path / "empty" / "deeper", "c.mp4")
    with pytest.raises(MediaError, match=r"empty holds no images and no videos \(its subfolders are not searched\)"):
        gather([tmp_path / "empty"])
    with pytest.raises(MediaError, match=r"there is no file .*absent\.mp4"):
        gather([tmp_path / "absent.mp4"])


TIMES = Timeline(tuple(range(1000, 1000 + 30 * 40, 40)), (1000,), missing=2)
"""Thirty frames, 25 a second, that begin at a second; the unit is a millisecond."""


@pytest.mark.parametrize(
    ("every", "words", "frames"),
    [
        (1, "", range(30)),
        (7, "", [0, 7, 14, 21, 28]),
        (1, "3-5", [3, 4, 5]),
        (2, "3-8", [3, 5, 7]),
        (1, "27-", [27, 28, 29]),
        (1, "-2", [0, 1, 2]),
        (1, "0:00.2-0:00.32", [5, 6, 7, 8]),
        (1, "00:00:01-", [25, 26, 27, 28, 29]),
        (10, "0:00-0:01", [0, 10, 20]),
        (1, "40-50", []),
    ],
)
def test_feature_selections(every: int, words: str, frames: list[int]) -> None:
    chosen = Selection.parse(every, words).of(TIMES, Fraction(1, 1000))
    assert chosen.times == tuple(1000 + 40 * number for number in frames)
    assert chosen.missing == (0 if words or every > 1 else 2)


@pytest.mark.parametrize("words", ["5", "-", "a-b", "5-3", "0:05-0:03", "1:2:3:4-", "1e3-", "0:0x1-"])
def test_error_selections(words: str) -> None:
    with pytest.raises(ValueError, match=r"frame numbers such as 100-200"):
        Selection.parse(1, words)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (Fraction(11, 25), "0:00.44"),
        (Fraction(599999, 10000), "1:00.00"),
        (Fraction(3723) + Fraction(1, 2), "1:02:03.50"),
    ],
)
def test_times_are_told_as_selections_take_them(seconds: Fraction, words: str) -> None:
    assert time_in_words(seconds) == words
    assert abs(Selection.parse(1, f"{words}-").first - seconds) <= Fraction(1, 200)  # type: ignore[operator]
