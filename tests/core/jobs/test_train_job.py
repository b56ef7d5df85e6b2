from __future__ import annotations

import json
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from faceswap.core.contract import CropSpec
from faceswap.core.errors import Cancelled, CheckpointError, FaceswapError, OptionError, OutputError, PluginError
from faceswap.core.host import PluginChoice, Prepared
from faceswap.core.jobs.context import JobContext
from faceswap.core.jobs.job import run_job
from faceswap.core.jobs.train import TrainJob, TrainReport
from faceswap.core.jobs.train_subject import trainable
from faceswap.core.kinds import SwapModel, TrainableModel
from faceswap.core.listeners import Listeners
from faceswap.core.registry import Found
from faceswap.core.training.saved_model import load_trained_model
from faceswap.lib import checkpoint
from faceswap.lib.history import read_history
from faceswap.lib.lock import FolderLock

pytestmark = pytest.mark.slow  # Each trains; the engine's and the checkpoints' own tests are quicker.

Facesets = tuple[Path, Path]

FEW = "with fewer than 100"
"""Part of the warning of facesets as small as these."""

SMALL = PluginChoice(name="mini", options={"width": 0.05})


def _job(folder: Path, facesets: Facesets, **settings: Any) -> TrainJob:
    settings = {"model": SMALL, "iterations": 6, "batch_size": 2, "save_every": 100, "preview_every": 100, **settings}
    settings.setdefault("validation", 0.0)  # The facesets are small, and most tests do not ask for it.
    return TrainJob(model_dir=folder, source=facesets[0], target=facesets[1], **settings)


def _run(job: TrainJob, stop_at: int | None = None) -> list[Any]:
    """The events of a run that somebody stops after a step."""
    events: list[Any] = []
    context = JobContext(events.append, job.home(), listeners=Listeners.load(job.listeners))

    def listen(event: Any) -> None:
        events.append(event)
        if event.type == "progress" and event.stage == "training" and stop_at and event.done >= stop_at:
            context.stop()

    context._listener = listen
    if stop_at:
        with pytest.raises(Cancelled, match=f"at step {stop_at}"):
            job.run(context)
    else:
        events.append(job.run(context))
    return events


def _warnings(events: list[Any]) -> list[str]:
    """What was warned of, but that the facesets of these tests are small."""
    messages = [event.message for event in events if getattr(event, "type", "") == "warning"]
    return [message for message in messages if FEW not in message]


def _state(folder: Path) -> dict[str, bytes]:
    """The newest checkpoint's parts as bytes."""
    saved = checkpoint.load_latest(folder)
    return {f"{part}/{name}": array.tobytes() for part, arrays in saved.parts.items() for name, array in arrays.items()}


@pytest.fixture(autouse=True)
def _tell_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("faceswap.core.jobs.context._PROGRESS_INTERVAL", 0.0)


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory, facesets: Facesets) -> Path:
    """A model that was trained for six steps without a stop."""
    folder = tmp_path_factory.mktemp("trained") / "model"
    run_job(_job(folder, facesets))
    return folder


def test_feature_what_a_run_leaves(straight: Path, facesets: Facesets) -> None:
    assert checkpoint.saved_steps(straight) == [6]
    assert [line["step"] for line in read_history(straight)][-1] == 6
    assert cv2.imread(str(straight / "previews" / "00000006.png")).shape == (24 + 5 * 132, 5 * 132 - 4, 3)
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
    events = _run(_job(tmp_path / "model", facesets, iterations=4, preview_every=2, save_every=3, keep_checkpoints=5))
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
        _run(_job(folder, facesets), stop_at=stop)
        assert checkpoint.saved_steps(folder)[-1] == stop
    report = _run(_job(folder, facesets))[-1]
    assert (report.resumed_from, report.iterations) == (stops[-1], 6)
    assert _state(folder) == _state(straight)
    assert [line["step"] for line in read_history(folder)][-1] == 6


def test_feature_listeners_hear_of_training(tmp_path: Path, facesets: Facesets, recording: Any) -> None:
    folder = tmp_path / "model"
    history = PluginChoice(name="history")
    for iterations in (4, 6):
        settings = {"listeners": (recording.choice, history), "save_every": 3, "preview_every": 4}
        run_job(_job(folder, facesets, iterations=iterations, **settings))
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
    run_job(_job(folder, facesets, iterations=1, listeners=()))
    assert not (folder / "history.jsonl").exists() and not (folder / "tensorboard").exists()


def test_feature_another_seed_is_another_run(tmp_path: Path, facesets: Facesets, straight: Path) -> None:
    _run(_job(tmp_path / "model", facesets, seed=1))
    assert _state(tmp_path / "model") != _state(straight)


def test_feature_a_finished_model_is_left_alone(tmp_path: Path, facesets: Facesets) -> None:
    folder = tmp_path / "model"
    _run(_job(folder, facesets, iterations=2))
    before = (folder / "checkpoints" / "2" / "manifest.json").stat().st_mtime_ns
    report = _run(_job(folder, facesets, iterations=2))[-1]
    assert (report.iterations, report.resumed_from, report.faces_per_second) == (2, 2, None)
    assert (folder / "checkpoints" / "2" / "manifest.json").stat().st_mtime_ns == before


def test_feature_a_damaged_checkpoint_is_named_and_training_goes_on_before_it(
    tmp_path: Path, facesets: Facesets, straight: Path
) -> None:
    folder = tmp_path / "model"
    _run(_job(folder, facesets, save_every=2), stop_at=4)
    part = folder / "checkpoints" / "4" / "optimizer.safetensors"
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 16
    part.write_bytes(content)

    events = _run(_job(folder, facesets))
    (warning,) = _warnings(events)
    assert "checkpoint 4" in warning and "optimizer.safetensors" in warning and "goes on from step 2" in warning
    assert _state(folder) == _state(straight)


def test_error_one_faceset_in_the_place_of_two(tmp_path: Path, facesets: Facesets) -> None:
    job = _job(tmp_path / "model", facesets)
    same = job.model_copy(update={"target": job.source})
    with pytest.raises(OptionError, match="--source and --target are both"):
        same.preflight()
    same.model_copy(update={"source_person": ("1",)}).preflight()
    generator = job.model_copy(update={"source": None, "target": None, "faceset": job.source})
    with pytest.raises(OptionError, match="--faceset is for generators: add --generator NAME"):
        generator.preflight()


def test_feature_minutes_end_a_run(tmp_path: Path, facesets: Facesets) -> None:
    *events, report = _run(_job(tmp_path / "model", facesets, iterations=10**6, minutes=0.03))
    assert 0 < report.iterations < 10**6
    left = [event.seconds_left for event in events if event.type == "progress" and event.stage == "training"]
    assert 1.8 >= left[0] > left[-1] == 0
    assert max(checkpoint.saved_steps(tmp_path / "model")) == report.iterations


def test_feature_checkpoints_by_the_clock(tmp_path: Path, facesets: Facesets) -> None:
    _run(_job(tmp_path / "model", facesets, iterations=3, save_minutes=1e-9, keep_checkpoints=9))
    assert checkpoint.saved_steps(tmp_path / "model") == [1, 2, 3]


def test_feature_facesets_without_masks_warn(tmp_path: Path, make_faceset: Callable[..., Path]) -> None:
    bare = make_faceset(tmp_path / "bare", count=2, masked=False)
    events = _run(_job(tmp_path / "model", (bare, bare), iterations=1))
    warnings = _warnings(events)
    assert len(warnings) == 2 and "mask" in warnings[0]


def test_feature_h128_trains_with_masks(tmp_path: Path, facesets: Facesets) -> None:
    model = PluginChoice(name="h128", options={"width": 0.02})
    report = _run(_job(tmp_path / "model", facesets, model=model, iterations=1))[-1]
    assert report.losses.keys() == {"source", "source_mask", "target", "target_mask"}


def test_feature_batch_size_auto_is_that_of_the_size_it_finds_and_remembers(tmp_path: Path, facesets: Facesets) -> None:
    """The smaller faceset has five faces: 4 is the largest power of two in which none comes twice."""
    given, found = tmp_path / "given", tmp_path / "found"
    _run(_job(given, facesets, batch_size=4))
    events = _run(_job(found, facesets, batch_size="auto"), stop_at=3)
    (warning,) = _warnings(events)
    assert warning.startswith("--batch-size auto: 4 faces of each person in a step")
    assert checkpoint.load_latest(found).info["batch_size"] == 4
    events = _run(_job(found, facesets, batch_size="auto"))
    assert _warnings(events) == [] and events[-1].batch_size == 4
    assert _state(found) == _state(given)


def test_feature_batch_size_auto_goes_on_with_the_size_so_far(tmp_path: Path, facesets: Facesets) -> None:
    _run(_job(tmp_path / "model", facesets, batch_size=3, iterations=1))
    assert _run(_job(tmp_path / "model", facesets, batch_size="auto", iterations=2))[-1].batch_size == 3


def test_error_a_batch_that_the_computer_cannot_hold(
    tmp_path: Path, facesets: Facesets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faceswap.core.training.memory.free_bytes", lambda: 10**7)
    with pytest.raises(FaceswapError, match=r"step of 500 faces .* would fit: --batch-size \d+"):
        run_job(_job(tmp_path / "model", facesets, batch_size=500))


def test_error_other_options(tmp_path: Path, facesets: Facesets) -> None:
    folder = tmp_path / "model"
    _run(_job(folder, facesets, iterations=1))
    state = _state(folder)
    wider = PluginChoice(name="mini", options={"width": 0.06})
    with pytest.raises(CheckpointError, match=r"trained with option width 0\.05 instead of 0\.06"):
        run_job(_job(folder, facesets, model=wider))
    with pytest.raises(CheckpointError, match="name mini instead of h128"):
        run_job(_job(folder, facesets, model=PluginChoice(name="h128")))
    assert _state(folder) == state


def test_error_full_disk_leaves_the_old_checkpoint(tmp_path: Path, facesets: Facesets) -> None:
    folder = tmp_path / "model"
    job = _job(folder, facesets, save_every=2)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(event: Any) -> None:
        if event.type == "progress" and event.stage == "training" and event.done == 3:
            resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))  # The system then refuses as on a full disk.

    try:
        with pytest.raises(OutputError, match="the disk is full"):
            run_job(job, fill)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert checkpoint.load_latest(folder).step == 2
    assert [entry.name for entry in (folder / "checkpoints").iterdir()] == ["2"]
    assert run_job(job).resumed_from == 2


@pytest.mark.parametrize("broken", ["history.jsonl", "tensorboard"])
def test_error_a_history_that_cannot_be_written_does_not_end_training(
    tmp_path: Path, facesets: Facesets, straight: Path, broken: str
) -> None:
    folder = tmp_path / "model"
    (folder / ("history.jsonl" if broken == "history.jsonl" else "tensorboard/events.out.tfevents.training")).mkdir(
        parents=True
    )
    events: list[Any] = []
    run_job(_job(folder, facesets), events.append)
    (warning,) = _warnings(events)
    assert warning.startswith("listener 'history' from faceswap") and "is switched off: cannot write" in warning
    assert _state(folder) == _state(straight)


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
        run_job(_job(folder, facesets, iterations=3), fill)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    (warning,) = warnings
    assert "failed in `faceswap_training_step` and is switched off: cannot write" in warning
    assert "the disk is full" in warning
    run_job(_job(folder, facesets))
    assert _state(folder) == _state(straight)
    steps = [line["step"] for line in read_history(folder)]
    assert steps == sorted(set(steps)) and steps[0] > 3 and steps[-1] == 6


RECIPE = {"ema": 0.9, "accumulate": 3, "clip": 1.0, "warm_up": 4, "schedule": "cosine", "freeze": ("decoder_source",)}


def test_feature_a_stop_between_accumulated_steps_changes_nothing(tmp_path: Path, facesets: Facesets) -> None:
    _run(_job(tmp_path / "straight", facesets, **RECIPE))
    _run(_job(tmp_path / "stopped", facesets, **RECIPE), stop_at=4)
    _run(_job(tmp_path / "stopped", facesets, **RECIPE))
    state = _state(tmp_path / "straight")
    assert _state(tmp_path / "stopped") == state
    assert {name.split("/")[0] for name in state} == {"weights", "optimizer", "average", "accumulated", "guard"}


def test_feature_a_new_model_starts_from_the_weights_of_another(
    tmp_path: Path, facesets: Facesets, straight: Path
) -> None:
    for iterations in (1, 2):
        job = _job(tmp_path / "model", facesets, iterations=iterations, init_from=straight, freeze=("encoder",))
        events = _run(job)
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


def test_error_frozen_network_that_is_not_there(tmp_path: Path, facesets: Facesets) -> None:
    nowhere = tmp_path / "none", tmp_path / "neither"
    with pytest.raises(OptionError, match=r"--freeze names no network of the model: decoder\. Did you mean 'encoder'"):
        run_job(_job(tmp_path / "model", nowhere, freeze=("decoder",)))  # Told before a faceset is looked at.


class _Breaking:
    """Makes the losses of `mini` numbers no more, from one step of the run's until something heals them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        import keras

        from faceswap.plugins.train.models.mini import MiniModel

        self._switch, honest = keras.Variable(0.0, trainable=False), MiniModel.losses

        def losses(model: Any, *arguments: Any) -> dict[str, Any]:
            told = honest(model, *arguments)
            return {name: keras.ops.where(self._switch > 0, np.nan, loss) for name, loss in told.items()}

        monkeypatch.setattr(MiniModel, "losses", losses)

    def turn(self, on: bool) -> None:
        self._switch.assign(float(on))


def test_feature_training_that_breaks_goes_back_and_on_more_slowly(
    tmp_path: Path, facesets: Facesets, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, breaking, warnings = tmp_path / "model", _Breaking(monkeypatch), []

    def listen(event: Any) -> None:
        if event.type == "progress" and event.stage == "training" and event.done == 4:
            breaking.turn(not warnings)
        if event.type == "warning" and FEW not in event.message:
            warnings.append(event.message)
            breaking.turn(False)

    report = run_job(_job(folder, facesets, iterations=12, save_every=3, keep_checkpoints=9), listen)
    (warning,) = warnings
    assert "before step 9 " in warning and "goes on from step 3 with 0.5 of the learning rate" in warning
    assert report.iterations == 12
    assert checkpoint.saved_steps(folder) == [3, 6, 9, 12]
    assert checkpoint.load_latest(folder).info["slowing"] == 0.5
    steps = [line["step"] for line in read_history(folder)]
    assert steps == sorted(set(steps)) and steps[-1] == 12


def test_error_training_that_stays_broken_is_given_up(
    tmp_path: Path, facesets: Facesets, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, breaking, warnings = tmp_path / "model", _Breaking(monkeypatch), []

    def listen(event: Any) -> None:
        if event.type == "progress" and event.stage == "training" and event.done == 4:
            breaking.turn(True)
        if event.type == "warning" and FEW not in event.message:
            warnings.append(event.message)

    with pytest.raises(FaceswapError, match=r"diverged at step 9: .*not finite.*lower the learning rate"):
        run_job(_job(folder, facesets, iterations=100, save_every=3), listen)
    assert [warning.partition(" with ")[2].split()[0] for warning in warnings] == ["0.5", "0.25", "0.125"]
    assert checkpoint.saved_steps(folder) == [3]


def test_error_two_runs_in_one_folder(tmp_path: Path, facesets: Facesets) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    with FolderLock(folder), pytest.raises(OutputError, match="is being written"):
        run_job(_job(folder, facesets))


def test_error_folder_of_the_model_folder_is_missing(tmp_path: Path, facesets: Facesets) -> None:
    with pytest.raises(OutputError, match="does not exist"):
        run_job(_job(tmp_path / "nowhere" / "model", facesets))


def test_error_no_faceset(tmp_path: Path, facesets: Facesets) -> None:
    with pytest.raises(FaceswapError, match="is not a faceset"):
        run_job(_job(tmp_path / "model", (tmp_path / "nothing", facesets[1])))


def test_error_unknown_model_and_option(tmp_path: Path, facesets: Facesets) -> None:
    with pytest.raises(PluginError, match="Did you mean 'mini'"):
        run_job(_job(tmp_path / "model", facesets, model=PluginChoice(name="minni")))
    with pytest.raises(OptionError, match=r"no option 'widht'.*Did you mean 'width'"):
        run_job(_job(tmp_path / "model", facesets, model=PluginChoice(name="mini", options={"widht": 1})))
    assert not (tmp_path / "model").exists()


class _Fixed(SwapModel):
    """Needs no training."""

    @property
    def crop(self) -> CropSpec:
        return CropSpec(8)


class _Three(TrainableModel):
    """Knows three people."""

    identities = ("a", "b", "c")


def test_error_models_that_this_command_cannot_train() -> None:
    found = Found("model", "fixed", "module", "package", "1.0")
    with pytest.raises(PluginError, match=r"model 'fixed' from package 1\.0 cannot be trained"):
        trainable(Prepared(found, _Fixed()))
    with pytest.raises(PluginError, match="is trained with a, b, c"):
        trainable(Prepared(found, _Three()))


def test_roundtrip_job(tmp_path: Path, facesets: Facesets) -> None:
    job = _job(tmp_path / "model", facesets, minutes=3.5)
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
        events = _run(_job(folder, facesets, iterations=iterations, adversarial=weight))
        warnings = _warnings(events)
        assert len(warnings) == bool(warned) and all(warned in warning for warning in warnings)
        assert ("source_adversarial" in events[-1].losses) == bool(weight)
        trained = load_trained_model(folder)
        assert (trained.record.name, trained.step) == ("mini", iterations)
        assert set(trained.plugin.networks) == {"encoder", "decoder_source", "decoder_target"}


def test_error_discriminators_around_a_model_with_losses_of_its_own(tmp_path: Path, facesets: Facesets) -> None:
    job = _job(tmp_path / "model", facesets, model=PluginChoice(name="gan"), adversarial=0.1)
    with pytest.raises(PluginError, match=r"model 'gan' has losses of its own.*leave it at 0"):
        _run(job)
    assert not (tmp_path / "model").exists()


def test_feature_what_a_model_lets_people_know_is_told(
    tmp_path: Path, facesets: Facesets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FACESWAP_WEIGHTS", str(tmp_path / "weights"))
    model = PluginChoice(name="gan", options={"width": 0.02})
    events = _run(_job(tmp_path / "model", facesets, model=model, iterations=1))
    (warning,) = _warnings(events)
    assert warning.startswith("model 'gan': the perceptual loss is off: put ")
