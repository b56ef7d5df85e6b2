from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from faceswap.core.contract import CropSpec
from faceswap.core.training.saved_model import ModelRecord, write_record
from faceswap.core.training.standing import Standing
from faceswap.lib import checkpoint
from faceswap.lib.history import History

FIGURES = {"psnr_source": 27.0, "ssim_source": 0.8, "identity": 0.5}


@pytest.fixture
def model(tmp_path):
    """A model folder as two hundred iterations of `mini` leave it; no network was made for it."""
    folder = tmp_path / "mine"
    (folder / "previews").mkdir(parents=True)
    record = ModelRecord(
        name="mini",
        package="faceswap",
        version="0.1.0",
        options={"width": 0.25},
        crop=CropSpec(64, "full"),
        identities=("source", "target"),
    )
    write_record(folder, record)
    standing = Standing()
    with History(folder, 0) as history:
        for step, score in ((100, 0.4), (200, 0.3)):
            standing = standing.after(step, FIGURES, score)
            parts = {"weights": {"a": np.full(1000, step, np.float32)}}
            checkpoint.save(folder, step, parts, {"seed": 0, "backend": "tensorflow", **standing.info()})
            history.add(step, {"source": 10 / step}, 1e9 + step)
            history.add_validation(step, {**FIGURES, "score": score}, 1e9 + step)
            cv2.imwrite(str(folder / "previews" / f"{step:08d}.png"), np.full((40, 60, 3), step, np.uint8))
    return folder


def test_feature_info_tells_what_there_is(call, model):
    code, output, _ = call("model", "info", str(model))
    lines = output.splitlines()
    assert code == 0
    assert lines[:3] == [
        "model: mini from faceswap 0.1.0",
        "options: width 0.25",
        "crop: 64 px, full, coverage 1",
    ]
    assert lines[3].startswith("trained: 200 iterations; seed 0, backend tensorflow; weights 0.0 MB")
    assert "losses after 200 iterations: source 0.05" in lines
    assert "best by validation: 100 iterations: psnr_source 27, ssim_source 0.8, identity 0.5" in lines
    first, second = [line for line in lines if line.endswith(("verified", "best"))]
    assert first.split()[0] == "100" and first.endswith("verified  best")
    assert second.split()[0] == "200" and second.endswith("verified")


def test_feature_info_as_json_and_damage(call, model):
    path = model / "checkpoints" / "200" / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    code, output, _ = call("model", "info", str(model), "--json")
    told = json.loads(output)
    assert code == 0
    assert [state["step"] for state in told["checkpoints"]] == [100, 200]
    assert told["checkpoints"][0]["fault"] == ""
    assert told["checkpoints"][1]["fault"].startswith("weights.safetensors must be")
    assert told["checkpoints"][0]["info"]["backend"] == "tensorflow"
    assert told["checkpoints"][0]["weights_bytes"] > 4000
    assert (told["best_step"], told["best_figures"], told["snapshots"]) == (100, FIGURES, [])
    assert told["validation"] == {"step": 200, "figures": {**FIGURES, "score": 0.3}}
    assert "DAMAGED: weights.safetensors" in call("model", "info", str(model))[1]


def test_feature_a_snapshot_is_listed_and_restored(call, model):
    code, output, _ = call("model", "snapshot", str(model), "--step", "100")
    assert (code, output.strip()) == (0, f"Step 100 is kept as {model / 'snapshots' / 'step-100'}")
    assert call("model", "snapshot", str(model), "mine")[1].startswith("Step 200 ")
    lines = call("model", "info", str(model))[1].splitlines()
    assert [line.split()[:3] for line in lines[-2:]] == [["mine", "(step", "200)"], ["step-100", "(step", "100)"]]

    code, output, _ = call("model", "restore", str(model), "step-100")
    assert code == 0 and output.splitlines()[-1].startswith(f"{model} stands at step 100; `faceswap train` goes on")
    assert checkpoint.saved_steps(model) == [100]


def test_feature_restoring_a_step_says_what_it_moved(call, model):
    code, output, _ = call("model", "restore", str(model), "100")
    moved, stands = output.splitlines()
    assert code == 0 and stands.startswith(f"{model} stands at step 100")
    assert moved.startswith(f"Moved to {model / 'trash'}") and moved.endswith(
        ": checkpoints/200, previews/00000200.png"
    )
    assert "losses after 100 iterations: source 0.1" in call("model", "info", str(model))[1]


def test_feature_pictures_and_a_video(call, model, tmp_path):
    assert call("model", "plot", str(model))[:2] == (0, f"{model / 'curves.png'}\n")
    assert call("model", "plot", str(model), "--at", "100, 190", "--output", str(tmp_path / "at.png"))[0] == 0
    assert call("model", "timelapse", str(model), "--fps", "2")[:2] == (0, f"{model / 'timelapse.mp4'}: 2 previews\n")
    assert all(path.stat().st_size > 1000 for path in (model / "curves.png", tmp_path / "at.png"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("info",), "is not a model folder"),
        (("restore", "7"), "is not a model folder"),
        (("plot",), "is not a model folder"),
        (("timelapse",), "is not a model folder"),
        (("snapshot",), "is not a model folder"),
    ],
)
def test_error_another_folder(call, tmp_path, words, message):
    code, _, errors = call("model", words[0], str(tmp_path), *words[1:])
    assert code == 2 and message in errors and "Traceback" not in errors


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("restore", "7"), "no checkpoint of step 7; it has: 100, 200"),
        (("restore", "gone"), "no snapshot 'gone'; it has: none"),
        (("snapshot", "a/b"), "a snapshot's name is"),
        (("snapshot", "--step", "7"), "no checkpoint of step 7"),
        (("plot", "--at", "1,b"), "expected iterations with commas"),
        (("plot", "--output", "nowhere/curves.png"), "does not exist; make it first"),
        (("timelapse", "--output", "lapse.avi"), "unknown ending '.avi'"),
    ],
)
def test_error_bad_words(call, model, words, message):
    code, _, errors = call("model", words[0], str(model), *words[1:])
    assert code == 2 and message in errors and "Traceback" not in errors
    assert checkpoint.saved_steps(model) == [100, 200]


def test_feature_the_help_of_the_group_imports_nothing_heavy(fresh_python):
    code = (
        "import sys\nfrom faceswap.core.cli.main import main\n"
        "try:\n    main(['model', '--help'])\nexcept SystemExit:\n    pass\n"
        "print(sorted({'matplotlib', 'numpy', 'pydantic', 'keras', 'cv2', 'av', 'tensorboard'} & sys.modules.keys()))"
    )
    done = fresh_python("-c", code)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr
    assert all(name in done.stdout for name in ("info", "restore", "snapshot", "plot", "timelapse"))


def test_feature_the_best_checkpoint_can_be_chosen(model):
    from faceswap.core.errors import CheckpointError
    from faceswap.core.training.checkpointing import load_chosen

    assert [load_chosen(Path(model), which).step for which in ("newest", "best", "200", "100")] == [200, 100, 200, 100]
    with pytest.raises(CheckpointError, match="no checkpoint of step 5; it has: 100, 200"):
        load_chosen(model, "5")
    with pytest.raises(CheckpointError, match=r"`newest`, `best` or a step\. Received: 'last'"):
        load_chosen(model, "last")


def test_error_no_best_where_nothing_was_validated(tmp_path):
    from faceswap.core.errors import CheckpointError
    from faceswap.core.training.checkpointing import load_chosen

    checkpoint.save(tmp_path, 5, {"weights": {}}, {})
    with pytest.raises(CheckpointError, match="has no best checkpoint"):
        load_chosen(tmp_path, "best")
