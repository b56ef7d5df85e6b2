"""When a training ends and saves, and how many faces a step takes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from train_runs import Facesets, events_of, newest_state, small_job, warnings_in

from faceswap.core.jobs import context, train_loop
from faceswap.core.training.engine import Engine
from faceswap.lib import checkpoint

pytestmark = [
    pytest.mark.slow,  # Each trains; the engine's and the checkpoints' own tests are quicker.
    pytest.mark.usefixtures("every_step_told"),
]


def test_feature_minutes_end_a_run(tmp_path: Path, facesets: Facesets) -> None:
    *events, report = events_of(small_job(tmp_path / "model", facesets, iterations=10**6, minutes=0.03))
    assert 0 < report.iterations < 10**6
    left = [event.seconds_left for event in events if event.type == "progress" and event.stage == "training"]
    assert 1.8 >= left[0] > left[-1] == 0
    assert max(checkpoint.saved_steps(tmp_path / "model")) == report.iterations


def test_feature_start_up_takes_nothing_of_the_minutes(
    tmp_path: Path, facesets: Facesets, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a clock of its own the first step takes 100 seconds, each other one."""
    clock = SimpleNamespace(now=0.0, monotonic=lambda: clock.now)
    advance = Engine.advance

    def timed(engine: Engine) -> Any:
        clock.now += 1 if engine.step else 100
        return advance(engine)

    for module in (train_loop, context):
        monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr(Engine, "advance", timed)
    *events, report = events_of(small_job(tmp_path / "model", facesets, iterations=10**6, minutes=0.05))
    assert (report.iterations, report.ended) == (4, "the 0.05 minutes are over")
    told = [event for event in events if event.type == "progress" and event.stage == "training"]
    assert [event.seconds_left for event in told[2:]] == [2, 1, 0, 0]
    assert told[-1].rate == 1


def test_feature_checkpoints_by_the_clock(tmp_path: Path, facesets: Facesets) -> None:
    events_of(small_job(tmp_path / "model", facesets, iterations=3, save_minutes=1e-9, keep_checkpoints=9))
    assert checkpoint.saved_steps(tmp_path / "model") == [1, 2, 3]


def test_feature_batch_size_auto_is_that_of_the_size_it_finds_and_remembers(tmp_path: Path, facesets: Facesets) -> None:
    """The smaller faceset has five faces: 4 is the largest power of two in which none comes twice."""
    given, found = tmp_path / "given", tmp_path / "found"
    events_of(small_job(given, facesets, batch_size=4))
    events = events_of(small_job(found, facesets, batch_size="auto"), stop_at=3)
    (warning,) = warnings_in(events)
    assert warning.startswith("--batch-size auto: 4 faces of each person in a step")
    assert checkpoint.load_latest(found).info["batch_size"] == 4
    events = events_of(small_job(found, facesets, batch_size="auto"))
    assert warnings_in(events) == [] and events[-1].batch_size == 4
    assert newest_state(found) == newest_state(given)


def test_feature_batch_size_auto_goes_on_with_the_size_so_far(tmp_path: Path, facesets: Facesets) -> None:
    events_of(small_job(tmp_path / "model", facesets, batch_size=3, iterations=1))
    assert events_of(small_job(tmp_path / "model", facesets, batch_size="auto", iterations=2))[-1].batch_size == 3
