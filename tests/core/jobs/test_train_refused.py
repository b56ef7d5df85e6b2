"""Trainings that cannot be done as asked: told, and what was there stays."""

from __future__ import annotations

import resource
from pathlib import Path
from typing import Any

import pytest
from train_runs import Facesets, events_of, newest_state, small_job, warnings_in

from faceswap.core.contract import CropSpec
from faceswap.core.errors import CheckpointError, FaceswapError, OptionError, OutputError, PluginError
from faceswap.core.host import PluginChoice, Prepared
from faceswap.core.jobs.job import run_job
from faceswap.core.jobs.train_subject import trainable
from faceswap.core.kinds import SwapModel, TrainableModel
from faceswap.core.registry import Found
from faceswap.lib import checkpoint
from faceswap.lib.lock import FolderLock

pytestmark = [
    pytest.mark.slow,  # Each trains; the engine's and the checkpoints' own tests are quicker.
    pytest.mark.usefixtures("every_step_told"),
]


def test_feature_a_damaged_checkpoint_is_named_and_training_goes_on_before_it(
    tmp_path: Path, facesets: Facesets, straight: Path
) -> None:
    folder = tmp_path / "model"
    events_of(small_job(folder, facesets, save_every=2), stop_at=4)
    part = folder / "checkpoints" / "4" / "optimizer.safetensors"
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 16
    part.write_bytes(content)

    events = events_of(small_job(folder, facesets))
    (warning,) = warnings_in(events)
    assert "checkpoint 4" in warning and "optimizer.safetensors" in warning and "goes on from step 2" in warning
    assert newest_state(folder) == newest_state(straight)


def test_error_one_faceset_in_the_place_of_two(tmp_path: Path, facesets: Facesets) -> None:
    job = small_job(tmp_path / "model", facesets)
    same = job.model_copy(update={"target": job.source})
    with pytest.raises(OptionError, match="--source and --target are both"):
        same.preflight()
    same.model_copy(update={"source_person": ("1",)}).preflight()
    generator = job.model_copy(update={"source": None, "target": None, "faceset": job.source})
    with pytest.raises(OptionError, match="--faceset is for generators: add --generator NAME"):
        generator.preflight()


def test_error_a_batch_that_the_computer_cannot_hold(
    tmp_path: Path, facesets: Facesets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("faceswap.core.training.memory.free_bytes", lambda: 10**7)
    with pytest.raises(FaceswapError, match=r"step of 500 faces .* would fit: --batch-size \d+"):
        run_job(small_job(tmp_path / "model", facesets, batch_size=500))


def test_error_other_options(tmp_path: Path, facesets: Facesets) -> None:
    folder = tmp_path / "model"
    events_of(small_job(folder, facesets, iterations=1))
    state = newest_state(folder)
    wider = PluginChoice(name="mini", options={"width": 0.06})
    with pytest.raises(CheckpointError, match=r"trained with option width 0\.05 instead of 0\.06"):
        run_job(small_job(folder, facesets, model=wider))
    with pytest.raises(CheckpointError, match="holds the model 'mini' of faceswap, and model 'h128' is to be trained"):
        run_job(small_job(folder, facesets, model=PluginChoice(name="h128")))
    assert newest_state(folder) == state


def test_error_full_disk_leaves_the_old_checkpoint(tmp_path: Path, facesets: Facesets) -> None:
    folder = tmp_path / "model"
    job = small_job(folder, facesets, save_every=2)
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


def test_error_frozen_network_that_is_not_there(tmp_path: Path, facesets: Facesets) -> None:
    nowhere = tmp_path / "none", tmp_path / "neither"
    with pytest.raises(OptionError, match=r"--freeze names no network of the model: decoder\. Did you mean 'encoder'"):
        run_job(small_job(tmp_path / "model", nowhere, freeze=("decoder",)))  # Told before a faceset is looked at.


def test_error_two_runs_in_one_folder(tmp_path: Path, facesets: Facesets) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    with FolderLock(folder), pytest.raises(OutputError, match="is being written"):
        run_job(small_job(folder, facesets))


def test_error_folder_of_the_model_folder_is_missing(tmp_path: Path, facesets: Facesets) -> None:
    with pytest.raises(OutputError, match="does not exist"):
        run_job(small_job(tmp_path / "nowhere" / "model", facesets))


def test_error_no_faceset(tmp_path: Path, facesets: Facesets) -> None:
    with pytest.raises(FaceswapError, match="is not a faceset"):
        run_job(small_job(tmp_path / "model", (tmp_path / "nothing", facesets[1])))


def test_error_unknown_model_and_option(tmp_path: Path, facesets: Facesets) -> None:
    with pytest.raises(PluginError, match="Did you mean 'mini'"):
        run_job(small_job(tmp_path / "model", facesets, model=PluginChoice(name="minni")))
    with pytest.raises(OptionError, match=r"no option 'widht'.*Did you mean 'width'"):
        run_job(small_job(tmp_path / "model", facesets, model=PluginChoice(name="mini", options={"widht": 1})))
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


def test_error_discriminators_around_a_model_with_losses_of_its_own(tmp_path: Path, facesets: Facesets) -> None:
    job = small_job(tmp_path / "model", facesets, model=PluginChoice(name="gan"), adversarial=0.1)
    with pytest.raises(PluginError, match=r"model 'gan' has losses of its own.*leave it at 0"):
        events_of(job)
    assert not (tmp_path / "model").exists()
