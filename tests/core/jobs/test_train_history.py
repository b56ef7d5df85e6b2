"""Who hears of a training, and what is written of it."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import Any

import pytest
from train_runs import Facesets, newest_state, small_job, warnings_in

from faceswap.core.host import PluginChoice
from faceswap.core.jobs.job import run_job
from faceswap.lib.history import read_history

pytestmark = [
    pytest.mark.slow,  # Each trains; the engine's and the checkpoints' own tests are quicker.
    pytest.mark.usefixtures("every_step_told"),
]


def test_feature_listeners_hear_of_training(tmp_path: Path, facesets: Facesets, recording: Any) -> None:
    folder = tmp_path / "model"
    history = PluginChoice(name="history")
    for iterations in (4, 6):
        settings = {"listeners": (recording.choice, history), "save_every": 3, "preview_every": 4}
        run_job(small_job(folder, facesets, iterations=iterations, **settings))
    told = recording.told()
    names = [said["hook"] for said in told if said["hook"] != "training_step"]
    first = ["checkpoint_saved", "preview_made", "checkpoint_saved"]
    second = ["checkpoint_saved", "preview_made"]
    begin, end = ["run_started", "training_started"], ["run_ended"]
    assert names == [*begin, *first, *end, *begin, *second, *end]
    assert [(said["step"], said["iterations"]) for said in recording.told("training_started")] == [(0, 4), (4, 6)]
    assert {said["model_dir"] for said in recording.told("training_started")} == {str(folder)}
    saved = [(said["step"], Path(said["path"])) for said in recording.told("checkpoint_saved")]
    assert saved == [(step, folder / "checkpoints" / str(step)) for step in (3, 4, 6)]
    shown = [Path(said["path"]).name for said in recording.told("preview_made")]
    assert shown == ["00000004.png", "00000006.png"]
    steps = recording.told("training_step")
    assert sum(step["steps"] for step in steps) == 6
    lines = read_history(folder)
    assert [(line["step"], line["losses"]) for line in lines] == [(step["step"], step["losses"]) for step in steps]
    assert [line["time"] for line in lines] == [round(step["time"], 3) for step in steps]
    assert told[-1]["outcome"] == "done" and told[-1]["report"]["resumed_from"] == 4


def test_feature_without_a_listener_no_history_is_kept(tmp_path: Path, facesets: Facesets) -> None:
    folder = tmp_path / "model"
    run_job(small_job(folder, facesets, iterations=1, listeners=()))
    assert not (folder / "history.jsonl").exists() and not (folder / "tensorboard").exists()


@pytest.mark.parametrize("broken", ["history.jsonl", "tensorboard"])
def test_error_a_history_that_cannot_be_written_does_not_end_training(
    tmp_path: Path, facesets: Facesets, straight: Path, broken: str
) -> None:
    folder = tmp_path / "model"
    (folder / ("history.jsonl" if broken == "history.jsonl" else "tensorboard/events.out.tfevents.training")).mkdir(
        parents=True
    )
    events: list[Any] = []
    run_job(small_job(folder, facesets), events.append)
    (warning,) = warnings_in(events)
    assert warning.startswith("listener 'history' from faceswap") and "is switched off: cannot write" in warning
    assert newest_state(folder) == newest_state(straight)


def test_error_full_disk_ends_the_history_and_not_the_training(
    tmp_path: Path, facesets: Facesets, straight: Path
) -> None:
    """The disk is full for a moment, between two checkpoints; the next run goes on with the history."""
    folder = tmp_path / "model"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    warnings: list[str] = []

    def fill(event: Any) -> None:
        if event.type == "training_step" and not warnings:  # A slow machine tells of steps more often.
            resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))  # The listeners are told after this function.
        if event.type == "warning" and "with fewer than 100" not in event.message:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            warnings.append(event.message)

    try:
        run_job(small_job(folder, facesets, iterations=3), fill)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    (warning,) = warnings
    assert "failed in `faceswap_training_step` and is switched off: cannot write" in warning
    assert "the disk is full" in warning
    run_job(small_job(folder, facesets))
    assert newest_state(folder) == newest_state(straight)
    steps = [line["step"] for line in read_history(folder)]
    assert steps == sorted(set(steps)) and steps[0] > 3 and steps[-1] == 6
