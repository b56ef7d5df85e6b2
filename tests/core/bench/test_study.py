"""The study of generated faces: its footage, and how its report reads."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from faceswap.core.bench.quality import Contestant
from faceswap.core.bench.quality_report import Entry, QualityReport
from faceswap.core.bench.study import SetOfFaces, StudyReport
from faceswap.core.bench.study_footage import Still, render_sets, write_frames
from faceswap.core.bench.timed_training import Trained, train_for, trained
from faceswap.core.host import PluginChoice
from faceswap.core.jobs.context import JobContext
from faceswap.lib.media import probe, read_frames
from faceswap.lib.performers import Script


def test_feature_a_still_head_trembles_and_shows_nothing_else() -> None:
    times = np.arange(100) / 5
    still, free = Still(3).curves(times), Script(3).curves(times)
    assert still.keys() == free.keys()
    for name in ("mouth_open", "smile", "blink", "brows"):
        assert np.ptp(still[name]) == 0 < np.ptp(free[name])
    for name in ("yaw", "pitch", "roll", "shift_x", "shift_y"):
        assert 0 < np.ptp(still[name]) < 0.03 * np.ptp(free[name])


def test_feature_the_sets_are_filmed_once(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("faceswap.core.bench.study_footage.FACES", 3)
    context = JobContext(lambda event: None, tmp_path)
    paths = render_sets(context, tmp_path / "spread", 0)
    assert list(paths) == ["monotone", "varied"]
    frames = {name: [frame.image() for frame in read_frames(probe(path))] for name, path in paths.items()}
    changes = {name: np.abs(shown[0].astype(int) - shown[2]).mean() for name, shown in frames.items()}
    assert len(frames["varied"]) == 3 and 0.2 < changes["monotone"] < changes["varied"] / 2
    write_frames(context, paths["varied"], iter(()), (384, 0, 5))
    assert len(list(read_frames(probe(paths["varied"])))) == 3


def test_feature_the_report_has_a_table_for_each_question() -> None:
    sets = (
        SetOfFaces("real, another take", 100, 100, {"fd": 0.01, "kid": 0.002}),
        SetOfFaces("dcgan", 1000, 950, {"fd": 0.5}, Trained(10.0, 1234)),
    )
    spreads = {"monotone": {"mean": 0.0012, "variance": 0.0}, "varied": {"mean": 0.0526, "variance": 0.00068}}
    report = StudyReport(spreads, sets, QualityReport(10, (Entry("no swap"),)))
    lines = report.markdown().splitlines()
    assert lines[2:4] == ["| monotone | 0.001 | 0.000 |", "| varied | 0.053 | 0.001 |"]
    assert lines[5] == "| set | minutes | iterations | pictures | faces | fd | kid |"
    assert lines[7:9] == [
        "| real, another take | - | - | 100 | 100 | 0.01 | 0.002 |",
        "| dcgan | 10 | 1,234 | 1000 | 950 | 0.5 | - |",
    ]
    told = json.loads(json.dumps(report.as_dict()))
    assert told["sets"][1]["trained"]["iterations"] == 1234 and told["sets"][0]["trained"] is None


def test_feature_minutes_that_are_over_train_no_more(tmp_path: Path) -> None:
    def never(minutes: float) -> None:
        raise AssertionError(minutes)

    (tmp_path / "trained.json").write_text('{"minutes": 2.0, "iterations": 300}')
    train_for(JobContext(lambda event: None, tmp_path), tmp_path, 2.0, never)
    assert trained(tmp_path) == Trained(2.0, 300)
    assert trained(tmp_path / "other") == Trained()


def test_feature_a_contestant_has_a_folder_of_its_name() -> None:
    assert Contestant.of(PluginChoice(name="h64", options={"light": "true"})).folder_name == "h64-light-true"
