"""Looking at videos in another process."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from faceswap.core.errors import Cancelled, MediaError
from faceswap.core.extracting.scouting import Scout, ScoutCare, look, wanted_frames
from faceswap.lib.media import Gathered, VideoWriter, probe, scan


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "ein Film.mp4"
    with VideoWriter(path, 64, 48, 25) as video:
        for shade in range(8):
            video.write(np.full((48, 64, 3), 30 * shade, np.uint8))
    return path


def test_feature_videos_are_seen_as_they_are_or_refused(tmp_path: Path, film: Path) -> None:
    (tmp_path / "text.mp4").write_text("no film")
    media = [Gathered(film), Gathered(tmp_path, ("0.png", "1.png")), Gathered(tmp_path / "text.mp4")]
    good, images, bad = look(media, lambda: None)
    assert (good.timeline, good.time_base, good.refused) == (scan(probe(film)), probe(film).time_base, "")
    assert (images.timeline.times, images.refused) == ((0, 1), "")
    assert "text.mp4 as a video" in bad.refused
    assert (bad.timeline.times, bad.time_base) == ((), Fraction(1))
    assert wanted_frames(media[0], good, "2-6", 2).times == scan(probe(film)).times[2:7:2]
    with pytest.raises(MediaError, match=r"Film\.mp4 has no frame in --frames 8-; it has 8 frames, the last at 0:00"):
        wanted_frames(media[0], good, "8-")
    with pytest.raises(MediaError, match=r"text\.mp4 as a video"):
        wanted_frames(media[2], bad)
    assert look([], lambda: None) == []


def test_feature_a_look_can_be_stopped(film: Path) -> None:
    def stop() -> None:
        raise Cancelled("stop")

    with pytest.raises(Cancelled):
        look([Gathered(film)], stop)


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
