from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from faceswap.lib import checkpoint, checkpoint_files
from faceswap.lib.checkpoint_shelf import restore, restore_snapshot, snapshots, take_snapshot
from faceswap.lib.errors import CheckpointError, OutputError
from faceswap.lib.history import EVENTS, History, read_events, read_history, read_validations


def _save(folder: Path, step: int, value: float | None = None, **more: object) -> Path:
    parts = {"weights": {"a": np.full(3, step if value is None else value, np.float32)}}
    return checkpoint.save(folder, step, parts, {"seed": 1}, keep=9, **more)


def _value(folder: Path) -> float:
    return float(checkpoint.load_latest(folder).parts["weights"]["a"][0])


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Three checkpoints, four previews, and a history up to step 35."""
    folder = tmp_path / "model"
    (folder / "previews").mkdir(parents=True)
    for step in (10, 20, 30):
        _save(folder, step)
    for step in (10, 20, 30, 35):
        (folder / "previews" / f"{step:08d}.png").write_bytes(b"picture")
    (folder / "previews" / "swap.png").write_bytes(b"a conversion's")
    with History(folder, 0) as history:
        for step in range(5, 40, 5):
            history.add(step, {"source": 1.0})
        history.add_validation(35, {"score": 0.5})
    return folder


def test_feature_going_back_moves_what_is_newer(model: Path) -> None:
    done = restore(model, 20)
    assert checkpoint.saved_steps(model) == [10, 20] and _value(model) == 20
    assert sorted(path.name for path in (model / "previews").iterdir()) == ["00000010.png", "00000020.png", "swap.png"]
    assert [line["step"] for line in read_history(model)] == [5, 10, 15, 20] and read_validations(model) == []
    assert done.moved == ("checkpoints/30", "previews/00000030.png", "previews/00000035.png")
    assert checkpoint_files.load_from(done.trash / "checkpoints" / "30", 30).step == 30
    assert len((done.trash / "history.jsonl").read_text().splitlines()) == 8


def test_feature_going_back_to_the_newest_changes_nothing(tmp_path: Path) -> None:
    _save(tmp_path, 10)
    assert restore(tmp_path, 10) == (done := restore(tmp_path, 10)) and done.trash is None
    assert not (tmp_path / "trash").exists()


def test_feature_going_back_to_the_newest_cuts_what_the_history_tells_beyond_it(model: Path) -> None:
    done = restore(model, 30)
    assert [line["step"] for line in read_history(model)] == [5, 10, 15, 20, 25, 30] and read_validations(model) == []
    assert done.moved == ("previews/00000035.png",)
    with History(model, 30) as history:
        history.add(32, {"source": 3.0})  # Told, and killed before it was saved.
    again = restore(model, 30)
    assert again.moved == ("history.jsonl",) and read_history(model)[-1]["step"] == 30


def test_feature_the_history_follows_a_snapshot_of_another_line(model: Path) -> None:
    take_snapshot(model, "first", 30)
    restore(model, 10)
    with History(model, 10) as history:
        history.add(20, {"source": 9.0})
        history.add_validation(20, {"score": 0.1})
    _save(model, 20, value=-20)
    done = restore_snapshot(model, "first")
    assert _value(model) == 30
    told = [(line["step"], line["losses"]["source"]) for line in read_history(model)]
    assert told == [(step, 1.0) for step in range(5, 35, 5)] and read_validations(model) == []
    steps = [event.step for event in read_events(model / EVENTS) if event.HasField("summary")]
    assert steps == list(range(5, 35, 5))
    assert not (model / "checkpoints" / "30" / "history.jsonl").exists()
    assert any('"source": 9.0' in path.read_text() for path in done.trash.glob("history.jsonl*"))
    assert restore_snapshot(model, "first").step == 30


def test_feature_twice_within_a_second_loses_nothing(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.strftime", lambda form: "now")
    restore(model, 20)
    _save(model, 30, value=31)
    restore(model, 20)
    trashed = model / "trash" / "now" / "checkpoints"
    values = [checkpoint_files.load_from(trashed / name, 30).parts["weights"]["a"][0] for name in ("30", "30~2")]
    assert values == [30, 31]


def test_feature_a_snapshot_outlives_pruning_and_comes_back(model: Path) -> None:
    path = take_snapshot(model, "good", 10)
    assert path == model / "snapshots" / "good" and snapshots(model) == {"good": path}
    checkpoint.save(model, 40, {"weights": {}}, {}, keep=1)
    assert checkpoint.saved_steps(model) == [40]
    done = restore_snapshot(model, "good")
    assert (done.step, checkpoint.saved_steps(model), _value(model)) == (10, [10], 10)
    assert done.moved[0] == "checkpoints/40"


def test_feature_a_snapshot_takes_the_place_of_another_checkpoint_of_its_step(model: Path) -> None:
    take_snapshot(model, "good", 20)
    _save(model, 20, value=99)
    done = restore_snapshot(model, "good")
    assert _value(model) == 20 and "checkpoints/20" in done.moved


def test_error_snapshot_names(model: Path) -> None:
    for name in ("../out", "10", "", ".hidden", "a/b"):
        with pytest.raises(CheckpointError, match="a snapshot's name is a letter"):
            take_snapshot(model, name, 10)
    take_snapshot(model, "good", 10)
    with pytest.raises(OutputError, match="it exists already"):
        take_snapshot(model, "good", 20)
    with pytest.raises(CheckpointError, match="no snapshot 'bad'; it has: good"):
        restore_snapshot(model, "bad")


def test_error_what_is_not_there_or_damaged(model: Path) -> None:
    with pytest.raises(CheckpointError, match="no checkpoint of step 15; it has: 10, 20, 30"):
        restore(model, 15)
    (model / "checkpoints" / "20" / "weights.safetensors").write_bytes(b"")
    for act in (lambda: restore(model, 20), lambda: take_snapshot(model, "a", 20)):
        with pytest.raises(CheckpointError, match=r"checkpoint 20 in .* is damaged: weights\.safetensors must be"):
            act()
    assert checkpoint.saved_steps(model) == [10, 20, 30] and not (model / "trash").exists()


def test_feature_others_than_the_newest_are_kept_when_asked(tmp_path: Path) -> None:
    for step in range(1, 7):
        checkpoint.save(tmp_path, step, {"weights": {}}, {}, keep=2, keep_also=(2,))
    assert checkpoint.saved_steps(tmp_path) == [2, 5, 6]


def test_feature_one_step_or_its_state_alone(model: Path) -> None:
    assert checkpoint.load_step(model, 20).parts["weights"]["a"][0] == 20
    path = checkpoint.locate(model, 20)
    assert checkpoint_files.read_info(path, 20) == {"seed": 1} and checkpoint_files.step_of(path) == 20
    assert checkpoint_files.fault(path, 20) == ""
    (path / "state.json").write_text('{"seed": 2}')
    assert checkpoint_files.fault(path, 20).startswith(
        "state.json must have SHA-256"
    ) or "bytes" in checkpoint_files.fault(path, 20)
    with pytest.raises(CheckpointError, match=r"state\.json must"):
        checkpoint_files.read_info(path, 20)
