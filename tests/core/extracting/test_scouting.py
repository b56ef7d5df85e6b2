"""Looking at videos in another process."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from faceswap.core.errors import Cancelled, MediaError
from faceswap.core.extracting.scouting import Scout, ScoutCare, look, require_readable
from faceswap.lib.media import VideoWriter, probe, scan


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "ein Film.mp4"
    with VideoWriter(path, 64, 48, 25) as video:
        for shade in range(8):
            video.write(np.full((48, 64, 3), 30 * shade, np.uint8))
    return path


def test_feature_videos_are_seen_as_they_are_or_refused(tmp_path: Path, film: Path) -> None:
    (tmp_path / "text.mp4").write_text("no film")
    good, bad = look([film, tmp_path / "text.mp4"], lambda: None)
    assert (good.timeline, good.time_base, good.refused) == (scan(probe(film)), probe(film).time_base, "")
    assert "text.mp4 as a video" in bad.refused
    assert (bad.timeline.times, bad.time_base) == ((), Fraction(1))
    require_readable([film])
    with pytest.raises(MediaError, match=r"text\.mp4 as a video"):
        require_readable([film, tmp_path / "text.mp4"])
    assert look([], lambda: None) == []


def test_feature_a_look_can_be_stopped(film: Path) -> None:
    def stop() -> None:
        raise Cancelled("stop")

    with pytest.raises(Cancelled):
        look([film], stop)


def test_feature_a_video_of_which_two_processes_died_is_refused() -> None:
    care = ScoutCare()
    task = {"number": 3, "path": "bad.mp4"}
    again = care.mend(task, 3, "the worker ended by signal 11")
    assert "refused" not in again and again["path"] == "bad.mp4"
    last = dict(care.mend(again, 3, "the worker ended by signal 11"))
    answer = Scout({}).run(last, lambda place: None)()
    assert answer["number"] == 3
    assert answer["refused"] == (
        "cannot read bad.mp4: it is damaged, since the worker ended by signal 11; leave it out"
    )
