"""What a faceset shows in numbers, against counts by hand, and its picture and sheets, as far as pixels tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from faceswap.lib.errors import OutputError
from faceswap.lib.face_table import FaceTable
from faceswap.lib.faceset_picture import draw_stats
from faceswap.lib.faceset_sheet import page_paths, sheet_captions, sheet_pages
from faceswap.lib.faceset_stats import faceset_stats, usual_cells
from faceswap.lib.media import read_image


def make_table(count: int = 6, **columns: Any) -> FaceTable:
    whole = np.arange(count)
    given = {name: np.asarray(values) for name, values in columns.items() if name != "sources"}
    defaults = {
        "ids": np.array([f"{number:020x}" for number in whole]),
        "source": np.zeros(count, np.int64),
        "pts": whole,
        "time": whole / 10,
        "index": np.zeros(count, np.int64),
        "score": np.ones(count),
        **{name: np.zeros(count) for name in ("yaw", "pitch", "roll")},
        **{name: np.linspace(1, 2, count) for name in ("size", "sharpness", "brightness")},
        "track": np.full(count, -1),
        "person": np.full(count, -1),
    }
    return FaceTable(sources=columns.get("sources", ("a.mp4",)), **{**defaults, **given})


def test_poses_are_counted_in_cells_and_missing_ones_named() -> None:
    table = make_table(yaw=[0, 4, -44, 200, np.nan, 33], pitch=[0, -4, 24, -100, 3, np.nan])
    stats = faceset_stats(table)
    pose = np.array(stats.pose)
    assert (stats.faces, stats.posed, pose.sum()) == (6, 4, 4)
    assert pose[4, 7] == 2  # Pitch -5..5, yaw -5..5.
    assert pose[6, 3] == 1  # Pitch 15..25, yaw -45..-35.
    assert pose[0, 14] == 1  # Beyond the map.
    assert usual_cells().sum() == 45 and len(stats.missing) == 43
    assert (0.0, 0.0) not in stats.missing and (-40.0, 20.0) not in stats.missing and (0.0, 20.0) in stats.missing
    assert stats.covered == pytest.approx(2 / 45)
    lines = list(stats.lines())
    assert any(line.startswith("few faces look ") and "ahead (8 of 9 cells empty)" in line for line in lines)
    assert any("down and far left (1 of 2 cells empty)" in line for line in lines)
    everywhere = [(x, y) for y in range(-20, 21, 10) for x in range(-40, 41, 10)]
    full = faceset_stats(make_table(45, yaw=[x for x, _ in everywhere], pitch=[y for _, y in everywhere]))
    assert full.covered == 1 and not any("face" in line and "look" in line for line in full.lines())


def test_spreads_are_percentiles_and_leave_out_what_is_unknown() -> None:
    values = np.r_[np.nan, np.random.default_rng(0).gamma(2, 30, 99)]
    stats = faceset_stats(make_table(100, sharpness=values, size=np.full(100, np.nan)))
    spread = stats.spreads["sharpness"]
    ordered = np.sort(values[1:])
    assert (spread.median, sum(spread.counts)) == (ordered[49], 99)
    assert ordered[3] <= spread.low <= ordered[5] and ordered[93] <= spread.high <= ordered[95]
    assert "size" not in stats.spreads


def test_tracks_are_told_with_their_gaps_and_people() -> None:
    table = make_table(
        8,
        sources=("a.mp4", "b.mp4"),
        source=[0, 0, 0, 0, 0, 0, 1, 1],
        time=[0, 0.1, 0.2, 0.9, 1.0, 0.1, 0.5, 0.6],
        track=[1, 1, 1, 1, 1, -1, 1, 1],
        person=[3, 3, 2, 3, -1, -1, -1, -1],
    )
    first, loose, second = sorted(faceset_stats(table).spans, key=lambda span: (span.source, -span.track))
    assert (first.track, first.person, first.faces, first.begins, first.ends) == (1, 3, 5, 0, 1)
    assert first.seen == ((0.0, 0.2), (0.9, 1.0))
    assert (loose.track, loose.faces, loose.seen) == (-1, 1, ((0.1, 0.1),))
    assert (second.source, second.seen) == ("b.mp4", ((0.5, 0.6),))


@pytest.mark.parametrize("count", [0, 40])
def test_any_faceset_can_be_drawn(tmp_path: Path, count: int) -> None:
    stats = faceset_stats(make_table(count, track=np.arange(count)))
    draw_stats(stats, "anna", tmp_path / "stats.png")
    picture = read_image(tmp_path / "stats.png")
    assert picture.shape[0] > 600 and picture.shape[1] == 1430
    missing = (np.abs(picture.astype(int) - (0xF6, 0xD5, 0xCF)).sum(axis=2) < 4).sum()
    cells = 45 - (count > 0)
    assert missing == pytest.approx(missing_area(picture) * cells / 45, rel=0.1)
    with pytest.raises(OutputError):
        draw_stats(stats, "anna", tmp_path / "missing" / "stats.png")


def missing_area(picture: np.ndarray) -> float:
    """The area of the usual poses: what red cells span from the first to the last, all of which can be red."""
    red = np.abs(picture.astype(int) - (0xF6, 0xD5, 0xCF)).sum(axis=2) < 4
    rows, columns = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
    return float((rows[-1] - rows[0]) * (columns[-1] - columns[0])) * 0.94  # White lines part the cells.


def test_sheets_hold_every_face_in_its_place() -> None:
    pictures = [np.full((64, 64, 3), 5 * number, np.uint8) for number in range(11)]
    pages = list(
        sheet_pages(iter(pictures), [f"{number} s" for number in range(11)], "anna", columns=4, rows=2, tile=32)
    )
    assert [page.shape[1] for page in pages] == [pages[0].shape[1]] * 2
    assert pages[1].shape[0] < pages[0].shape[0]
    for number in range(11):
        page, (row, column) = pages[number // 8], divmod(number % 8, 4)
        middle = page[44 + row * 62 + 16, 24 + column * 42 + 16]
        assert middle.tolist() == [5 * number] * 3
    assert (pages[0][:44].min(axis=(0, 2)) < 128).any()  # The title.


def test_captions_stay_within_their_faces() -> None:
    pictures = [np.zeros((64, 64, 3), np.uint8)] * 2
    (page,) = sheet_pages(iter(pictures), ["1.00 s  sharp 33  yaw -12", "  "], "", columns=2, rows=1, tile=64)
    below = page[44 + 64 :].min(axis=(0, 2))
    assert below[24 : 24 + 64].min() < 200 and below[24 + 64 :].min() == 255


def test_captions_and_names_of_pages() -> None:
    table = make_table(2, time=[0.5, 12], sharpness=[33.3, np.nan], yaw=[-12.2, 3])
    assert sheet_captions(table, "time") == ["0.50 s  sharp 33  yaw -12", "12.00 s  sharp ?  yaw +3"]
    assert sheet_captions(table, "brightness") == ["0.50 s  light 1.00", "12.00 s  light 2.00"]
    assert page_paths(Path("a.jpg"), 48, 48) == [Path("a.jpg")]
    assert page_paths(Path("a.jpg"), 49, 48) == [Path("a-1.jpg"), Path("a-2.jpg")]
    assert page_paths(Path("a.jpg"), 0, 48) == [Path("a.jpg")]
