"""The job `train`: what a run leaves, and that stops, seeds and other weights change what they should."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from train_runs import FEW, Facesets, events_of, newest_state, small_job, warnings_in

from faceswap.core.host import PluginChoice
from faceswap.core.jobs.train import TrainJob, TrainReport
from faceswap.core.training.saved_model import load_trained_model
from faceswap.lib import checkpoint
from faceswap.lib.history import read_history

pytestmark = [
    pytest.mark.slow,  # Each trains; the engine's and the checkpoints' own tests are quicker.
    pytest.mark.usefixtures("every_step_told"),
]


def test_feature_what_a_run_leaves(straight: Path, facesets: Facesets) -> None:
    assert checkpoint.saved_steps(straight) == [6]
    assert [line["step"] for line in read_history(straight)][-1] == 6
    assert cv2.imread(str(straight / "previews" / "00000006.png")).shape == (48 + 5 * 132, 5 * 132 - 4, 3)
    (record,) = [json.loads(path.read_text()) for path in (straight / "runs").glob("*.json")]
    assert record["plugins"].keys() == {"model mini", "listener history"}
    report = record["report"]
    assert (report["iterations"], report["faces"]) == (6, {"source": 7, "target": 5})
    assert report["losses"].keys() == {"source", "target"}
    assert report["checkpoint"] == str(straight / "checkpoints" / "6")
    assert report["faces_per_second"] > 0


def test_feature_the_trained_model_swaps(straight: Path) -> None:
    trained = load_trained_model(straight)
    faces, masks = trained.plugin.swap(np.zeros((2, 64, 64, 3), np.uint8), "source")
    assert faces.shape == (2, 64, 64, 3) and masks is None and trained.step == 6


def test_feature_events(tmp_path: Path, facesets: Facesets) -> None:
    events = events_of(
        small_job(tmp_path / "model", facesets, iterations=4, preview_every=2, save_every=3, keep_checkpoints=5)
    )
    training = [event for event in events if getattr(event, "stage", "") == "training"]
    assert [event.done for event in training] == [0, 1, 2, 3, 4, 4]
    assert {event.total for event in training} == {4}
    assert training[-1].figures.keys() == {"source", "target"}
    shown = [Path(event.path).name for event in events if getattr(event, "type", "") == "preview"]
    assert shown == ["00000002.png", "00000004.png"]
    assert checkpoint.saved_steps(tmp_path / "model") == [3, 4]
    stages = {event.stage for event in events if getattr(event, "type", "") == "progress"}
    assert stages == {"reading source faces", "reading target faces", "training"}


@pytest.mark.parametrize("stops", [(3,), (1, 4)])
def test_feature_stopped_and_continued_equals_uninterrupted(
    tmp_path: Path, facesets: Facesets, straight: Path, stops: tuple[int, ...]
) -> None:
    folder = tmp_path / "model"
    for stop in stops:
        events_of(small_job(folder, facesets), stop_at=stop)
        assert checkpoint.saved_steps(folder)[-1] == stop
    report = events_of(small_job(folder, facesets))[-1]
    assert (report.resumed_from, report.iterations) == (stops[-1], 6)
    assert newest_state(folder) == newest_state(straight)
    assert [line["step"] for line in read_history(folder)][-1] == 6


def test_feature_another_seed_is_another_run(tmp_path: Path, facesets: Facesets, straight: Path) -> None:
    events_of(small_job(tmp_path / "model", facesets, seed=1))
    assert newest_state(tmp_path / "model") != newest_state(straight)


def test_feature_a_finished_model_is_left_alone(tmp_path: Path, facesets: Facesets) -> None:
    folder = tmp_path / "model"
    events_of(small_job(folder, facesets, iterations=2))
    before = (folder / "checkpoints" / "2" / "manifest.json").stat().st_mtime_ns
    report = events_of(small_job(folder, facesets, iterations=2))[-1]
    assert (report.iterations, report.resumed_from, report.faces_per_second) == (2, 2, None)
    assert (folder / "checkpoints" / "2" / "manifest.json").stat().st_mtime_ns == before


def test_feature_facesets_without_masks_warn(tmp_path: Path, make_faceset: Callable[..., Path]) -> None:
    bare = make_faceset(tmp_path / "bare", count=2, masked=False)
    events = events_of(small_job(tmp_path / "model", (bare, bare), iterations=1))
    warnings = warnings_in(events)
    assert len(warnings) == 2 and "mask" in warnings[0]


def test_feature_h128_trains_with_masks(tmp_path: Path, facesets: Facesets) -> None:
    model = PluginChoice(name="h128", options={"width": 0.02})
    report = events_of(small_job(tmp_path / "model", facesets, model=model, iterations=1))[-1]
    assert report.losses.keys() == {"source", "source_mask", "target", "target_mask"}


RECIPE = {"ema": 0.9, "accumulate": 3, "clip": 1.0, "warm_up": 4, "schedule": "cosine", "freeze": ("decoder_source",)}


def test_feature_a_stop_between_accumulated_steps_changes_nothing(tmp_path: Path, facesets: Facesets) -> None:
    events_of(small_job(tmp_path / "straight", facesets, **RECIPE))
    events_of(small_job(tmp_path / "stopped", facesets, **RECIPE), stop_at=4)
    events_of(small_job(tmp_path / "stopped", facesets, **RECIPE))
    state = newest_state(tmp_path / "straight")
    assert newest_state(tmp_path / "stopped") == state
    assert {name.split("/")[0] for name in state} == {"weights", "optimizer", "average", "accumulated", "guard"}


def test_feature_a_new_model_starts_from_the_weights_of_another(
    tmp_path: Path, facesets: Facesets, straight: Path
) -> None:
    for iterations in (1, 2):
        job = small_job(tmp_path / "model", facesets, iterations=iterations, init_from=straight, freeze=("encoder",))
        events = events_of(job)
        said = [event.message for event in events if getattr(event, "type", "") == "note"]
        assert [str(straight) in line and "arrays of weights were taken" in line for line in said] == [True] * (
            iterations == 1
        )
        few = [event for event in events if getattr(event, "type", "") == "warning" and FEW in event.message]
        assert bool(few) == (iterations == 1)  # The second run continues, and has been told.
    old, new = (checkpoint.load_latest(folder).parts["weights"] for folder in (straight, tmp_path / "model"))
    assert old.keys() == new.keys()
    assert {name.split("/")[0] for name in old if not np.array_equal(old[name], new[name])} == {
        "decoder_source",
        "decoder_target",
    }


def test_roundtrip_job(tmp_path: Path, facesets: Facesets) -> None:
    job = small_job(tmp_path / "model", facesets, minutes=3.5)
    assert TrainJob.model_validate_json(job.model_dump_json()) == job
    assert TrainReport.model_validate(TrainReport(iterations=3).model_dump()) == TrainReport(iterations=3)


def test_feature_the_job_imports_nothing_heavy(fresh_python: Callable[..., Any]) -> None:
    code = (
        "import sys, faceswap.core.jobs.train, faceswap.plugins.train.models.mini\n"
        "print(sorted({'keras', 'tensorflow', 'tensorboard', 'cv2', 'dlib', 'av', 'scipy'} & sys.modules.keys()))"
    )
    done = fresh_python("-c", code)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


def test_feature_discriminators_come_and_go_in_one_folder(tmp_path: Path, facesets: Facesets) -> None:
    folder = tmp_path / "model"
    for iterations, weight, warned in ((1, 0.1, ""), (2, 0, "leaves its"), (3, 0.1, "starts its")):
        events = events_of(small_job(folder, facesets, iterations=iterations, adversarial=weight))
        warnings = warnings_in(events)
        assert len(warnings) == bool(warned) and all(warned in warning for warning in warnings)
        assert ("source_adversarial" in events[-1].losses) == bool(weight)
        trained = load_trained_model(folder)
        assert (trained.record.name, trained.step) == ("mini", iterations)
        assert set(trained.plugin.networks) == {"encoder", "decoder_source", "decoder_target"}


def test_feature_what_a_model_lets_people_know_is_told(
    tmp_path: Path, facesets: Facesets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACESWAP_WEIGHTS", str(tmp_path / "weights"))
    model = PluginChoice(name="gan", options={"width": 0.02})
    events = events_of(small_job(tmp_path / "model", facesets, model=model, iterations=1))
    (warning,) = warnings_in(events)
    assert warning.startswith("model 'gan': the perceptual loss is off: put ")
