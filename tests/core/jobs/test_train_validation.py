from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from faceswap.core.contract import CropSpec
from faceswap.core.errors import Cancelled, OptionError, WeightsError
from faceswap.core.host import PluginChoice
from faceswap.core.jobs.context import JobContext
from faceswap.core.jobs.job import run_job
from faceswap.core.jobs.train import TrainJob
from faceswap.core.jobs.train_validation import Validation
from faceswap.core.listeners import Listeners
from faceswap.core.training.faces import TrainingFaces
from faceswap.core.training.standing import Standing
from faceswap.core.training.validation import Validator
from faceswap.lib import checkpoint
from faceswap.lib.history import EVENTS, read_events, read_history, read_validations
from faceswap.plugins.extract.recognize.dlib_resnet import DlibResnetRecognizer

pytestmark = pytest.mark.slow  # Each trains.

SMALL = PluginChoice(name="mini", options={"width": 0.05})

Facesets = tuple[Path, Path]


@pytest.fixture(scope="module")
def long_facesets(tmp_path_factory: pytest.TempPathFactory, make_faceset: Callable[..., Path]) -> Facesets:
    """Two facesets of which a tenth are a few faces."""
    folder = tmp_path_factory.mktemp("facesets")
    return make_faceset(folder / "source", count=40), make_faceset(folder / "target", (60, 80, 150), count=50)


def _job(folder: Path, facesets: Facesets, **settings: Any) -> TrainJob:
    settings = {"iterations": 6, "save_every": 4, "validate_every": 2, "recognizer": None, **settings}
    own = {"model": SMALL, "batch_size": 2, "preview_every": 100, "validation": 0.1, "keep_checkpoints": 1}
    return TrainJob(model_dir=folder, source=facesets[0], target=facesets[1], **{**own, **settings})


def _run(job: TrainJob, stop_at: int | None = None) -> list[Any]:
    """The events of a run, which somebody may stop after a step."""
    events: list[Any] = []
    context = JobContext(events.append, job.home(), listeners=Listeners.load(job.listeners))

    def listen(event: Any) -> None:
        events.append(event)
        if event.type == "progress" and event.stage == "training" and event.done == stop_at:
            context.stop()

    context._listener = listen
    if stop_at:
        with pytest.raises(Cancelled):
            job.run(context)
    else:
        events.append(job.run(context))
    return events


def _of(events: list[Any], kind: str) -> list[Any]:
    return [event for event in events if getattr(event, "type", "") == kind]


def _state(folder: Path) -> tuple[dict[str, bytes], Any]:
    saved = checkpoint.load_latest(folder)
    arrays = {f"{part}/{name}": a.tobytes() for part, arrays in saved.parts.items() for name, a in arrays.items()}
    return arrays, saved.info


@pytest.fixture(autouse=True)
def _tell_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faceswap.core.jobs.context._PROGRESS_INTERVAL", 0.0)


@pytest.fixture
def scores(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Lets validations come out as a test wants it."""

    def script(*values: float) -> None:
        left = iter(values)
        monkeypatch.setattr(Validator, "measure", lambda self: {"ssim_source": next(left)})

    return script


def test_feature_validations_are_told_written_and_kept(tmp_path: Path, long_facesets: Facesets, recording: Any) -> None:
    folder = tmp_path / "model"
    listeners = (PluginChoice(name="history"), recording.choice)
    job = _job(folder, long_facesets, iterations=5, listeners=listeners)
    events: list[Any] = []
    report = run_job(job, events.append)
    told = _of(events, "validated")
    assert [event.step for event in told] == [2, 4, 5]
    assert set(told[0].figures) == {"psnr_source", "ssim_source", "psnr_target", "ssim_target"}
    assert told[0].score == pytest.approx((told[0].figures["ssim_source"] + told[0].figures["ssim_target"]) / 2)
    lines = read_validations(folder)
    assert [(line["step"], line["validation"]) for line in lines] == [
        (event.step, {**event.figures, "score": event.score}) for event in told
    ]
    assert [said["figures"] for said in recording.told("validated")] == [event.figures for event in told]
    board = {
        (event.step, value.tag): value.simple_value
        for event in read_events(folder / EVENTS)
        for value in event.summary.value
    }
    assert board[4, "validation/psnr_target"] == pytest.approx(told[1].figures["psnr_target"])
    assert report.held_out == {"source": 4, "target": 5} and report.faces == {"source": 40, "target": 50}
    assert report.ended == "all 5 iterations are done" and report.validation == told[-1].figures
    assert report.validation_score == told[-1].score and f"validation score: {told[-1].score:.4g}" in report.lines()
    best = max(told, key=lambda event: event.score)
    assert report.best_step == best.step == Standing.of(checkpoint.load_latest(folder).info, "").best_step


def test_feature_held_out_faces_are_never_drawn(
    tmp_path: Path, long_facesets: Facesets, monkeypatch: pytest.MonkeyPatch
) -> None:
    from faceswap.core.training import engine

    drawn: dict[str, set[int]] = {"source": set(), "target": set()}
    honest = engine.make_adapter

    def spying(*arguments: Any) -> Any:
        adapter = honest(*arguments)
        move = adapter.move

        def spy(player: Any, indices: Any, *rest: Any) -> Any:
            for name, places in indices.items():
                drawn[name].update(places.tolist())
            return move(player, indices, *rest)

        adapter.move = spy
        return adapter

    monkeypatch.setattr(engine, "make_adapter", spying)
    _run(_job(tmp_path / "model", long_facesets, iterations=30, validate_every=30))
    assert drawn["source"] == set(range(40)) - set(range(18, 22))
    missing = sorted(set(range(50)) - drawn["target"])
    assert missing in ([22, 23, 24, 25, 26], [23, 24, 25, 26, 27])  # The middle five.


def test_feature_the_best_checkpoint_outlives_newer_ones(
    tmp_path: Path, long_facesets: Facesets, scores: Callable[..., None]
) -> None:
    folder = tmp_path / "model"
    scores(0.5, 0.9, 0.6, 0.7, 0.8)
    report = _run(_job(folder, long_facesets, iterations=10, save_every=1))[-1]
    assert report.best_step == 4
    assert checkpoint.saved_steps(folder) == [4, 10]
    scores(0.95)
    assert _run(_job(folder, long_facesets, iterations=12, save_every=1))[-1].best_step == 12
    assert checkpoint.saved_steps(folder) == [12]


def test_feature_a_new_best_is_saved_at_once(
    tmp_path: Path, long_facesets: Facesets, scores: Callable[..., None]
) -> None:
    scores(0.5, 0.4, 0.6)
    events = _run(_job(tmp_path / "model", long_facesets, save_every=100))
    assert [event.step for event in _of(events, "checkpoint")] == [2, 6]


def test_feature_training_ends_when_validation_is_flat_and_stays_ended(
    tmp_path: Path, long_facesets: Facesets, scores: Callable[..., None]
) -> None:
    job = _job(tmp_path / "model", long_facesets, iterations=100, stop_when_flat=True, patience=2)
    scores(0.5, 0.6, 0.55, 0.55, 0.55, 0.55)
    report = _run(job)[-1]
    # The means of three are 0.5, 0.55, 0.55, 0.567, 0.55, 0.55.
    assert report.iterations == 12 and report.best_step == 4
    assert report.ended == "validation has not improved 2 times in a row (best after 4 iterations)"
    again = _run(job)[-1]
    assert (again.iterations, again.resumed_from, again.ended) == (12, 12, report.ended)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, long_facesets: Facesets) -> Path:
    """A model that was trained for eight steps without a stop."""
    folder = tmp_path_factory.mktemp("trained") / "model"
    _run(_job(folder, long_facesets, iterations=8))
    return folder


@pytest.mark.parametrize("stop", [3, 4])
def test_feature_stopped_and_continued_equals_uninterrupted(
    tmp_path: Path, long_facesets: Facesets, whole: Path, stop: int
) -> None:
    """Weights, optimizer and what is known of validations; each validation is told once."""
    folder, job = tmp_path / "stopped", _job(tmp_path / "stopped", long_facesets, iterations=8)
    _run(job, stop_at=stop)
    _run(job)
    assert _state(folder) == _state(whole)
    assert [line["step"] for line in read_validations(folder)] == [2, 4, 6, 8]
    losses = [line["step"] for line in read_history(folder)]
    assert losses == sorted(set(losses)) and losses[-1] == 8


def test_feature_validation_moves_nothing_of_the_training(tmp_path: Path, long_facesets: Facesets, whole: Path) -> None:
    _run(_job(tmp_path / "model", long_facesets, iterations=8, validate_every=100))
    assert _state(tmp_path / "model")[0] == _state(whole)[0]


def test_feature_small_facesets_are_trained_on_as_a_whole_and_say_so(tmp_path: Path, facesets: Facesets) -> None:
    events = _run(_job(tmp_path / "model", facesets, iterations=2))
    messages = [event.message for event in _of(events, "warning")]
    (warning,) = [message for message in messages if "with fewer than 100" not in message]
    assert warning.startswith("7 faces of the source and 5 faces of the target are too few to keep 10% of them")
    assert not _of(events, "validated") and events[-1].held_out == {"source": 0, "target": 0}


def test_feature_a_recognizer_that_cannot_be_loaded_costs_the_identity_alone(
    tmp_path: Path, long_facesets: Facesets, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(self: object) -> None:
        raise WeightsError("the weights are missing")

    monkeypatch.setattr(DlibResnetRecognizer, "load", missing)
    recognizer = PluginChoice(name="dlib-resnet")
    events = _run(_job(tmp_path / "model", long_facesets, recognizer=recognizer))
    warnings = [event.message for event in _of(events, "warning") if "fewer than 100" not in event.message]
    assert warnings == ["Validations have no figure of identity: the weights are missing"]
    assert len(_of(events, "validated")) == 3 and "identity" not in events[-1].validation


def test_feature_the_built_in_recognizer_measures_identity(tmp_path: Path, long_facesets: Facesets) -> None:
    job = _job(tmp_path / "model", long_facesets, iterations=2, recognizer=PluginChoice(name="dlib-resnet"))
    events: list[Any] = []
    run_job(job, events.append)
    (told,) = _of(events, "validated")
    assert 0 < told.figures["identity"] < 2
    assert "recognizer dlib-resnet" in events[0].plugins


def test_error_flat_without_validation(tmp_path: Path, long_facesets: Facesets) -> None:
    with pytest.raises(OptionError, match="--stop-when-flat goes by validations"):
        run_job(_job(tmp_path / "model", long_facesets, validation=0, stop_when_flat=True))


def test_feature_going_back_takes_up_what_the_checkpoint_says(tmp_path: Path, long_facesets: Facesets) -> None:
    """No training is needed for this: the state of another run stands for the checkpoint's."""
    folder, job = tmp_path / "model", _job(tmp_path / "model", long_facesets)
    standing = Standing().after(2, {"ssim_source": 0.5}, 0.5)
    folder.mkdir()
    checkpoint.save(folder, 4, {"weights": {}}, standing.info())
    faces = {name: TrainingFaces(np.zeros((40, 1, 1, 3), np.uint8), np.zeros((40, 1, 1, 3), np.uint8)) for name in "ab"}
    validation = Validation(job, JobContext(lambda event: None, folder), faces, CropSpec(64))
    validation.standing = standing.after(6, {"ssim_source": 0.9}, 0.9)
    validation.recall(4)
    assert validation.standing == standing
    validation.recall(0)
    assert validation.standing == Standing()


def test_feature_crops_too_small_to_be_measured_say_so(tmp_path: Path, long_facesets: Facesets) -> None:
    told: list[Any] = []
    faces = {"source": TrainingFaces(np.zeros((40, 1, 1, 3), np.uint8), np.zeros((40, 1, 1, 3), np.uint8))}
    job = _job(tmp_path / "model", long_facesets)
    validation = Validation(job, JobContext(told.append, tmp_path), faces, CropSpec(8))
    assert validation.held == {"source": 0}
    assert [event.message for event in told] == ["The model's crops of 8 pixels are too small to be validated."]
