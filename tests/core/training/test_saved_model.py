from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from faceswap.core.contract import CropSpec
from faceswap.core.errors import CheckpointError, PluginError
from faceswap.core.host import PluginChoice, prepare
from faceswap.core.training.checkpointing import WEIGHTS, read_arrays
from faceswap.core.training.saved_model import ModelRecord, load_trained_model, read_record, settle_record
from faceswap.lib import checkpoint


def _mini(**options: float):  # type: ignore[no-untyped-def]
    return prepare("model", PluginChoice(name="mini", options={"width": 0.05, **options}))


def _save(folder: Path, step: int = 7):  # type: ignore[no-untyped-def]
    """A model folder with one checkpoint, and the plugin that it was made from."""
    prepared = _mini()
    settle_record(folder, prepared)
    plugin = prepared.load()
    weights = read_arrays({name: network.variables for name, network in plugin.networks.items()})
    checkpoint.save(folder, step, {WEIGHTS: weights, "optimizer": {"x": np.zeros(1)}}, {})
    return plugin


def test_roundtrip_record(tmp_path: Path) -> None:
    settle_record(tmp_path, _mini())
    record = read_record(tmp_path)
    assert record == ModelRecord.of(_mini())
    content = yaml.safe_load((tmp_path / "model.yaml").read_text())
    assert content["name"] == "mini" and content["package"] == "faceswap" and content["contract"] == 1
    assert content["options"] == {"width": 0.05, "learning_rate": 2e-4, "eyes": 0.0, "mouth": 0.0}
    assert content["crop"] == {"size": 64, "face_type": "full", "coverage": 1.0}
    assert content["identities"] == ["source", "target"]


def test_roundtrip_trained_model_answers_the_same(tmp_path: Path) -> None:
    plugin = _save(tmp_path)
    trained = load_trained_model(tmp_path)
    crops = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3)).astype(np.uint8)
    assert (trained.plugin.swap(crops, "source")[0] == plugin.swap(crops, "source")[0]).all()
    assert (trained.step, trained.crop, trained.skipped) == (7, CropSpec(64, "full"), ())
    assert trained.record.name == "mini"


def test_feature_a_damaged_checkpoint_is_passed_over(tmp_path: Path) -> None:
    _save(tmp_path)
    _save(tmp_path, step=9)
    (tmp_path / "checkpoints" / "9" / "weights.safetensors").write_bytes(b"")
    trained = load_trained_model(tmp_path)
    assert trained.step == 7
    assert "checkpoint 9" in trained.skipped[0]


def test_feature_a_folder_without_a_checkpoint_takes_other_settings(tmp_path: Path) -> None:
    settle_record(tmp_path, _mini())
    settle_record(tmp_path, _mini(width=0.1))
    assert read_record(tmp_path).options["width"] == 0.1


def test_error_other_options_than_the_checkpoint_was_trained_with(tmp_path: Path) -> None:
    _save(tmp_path)
    settle_record(tmp_path, _mini())
    with pytest.raises(
        CheckpointError, match=r"trained with option width 0\.05 instead of 0\.1\. Choose another folder"
    ):
        settle_record(tmp_path, _mini(width=0.1))
    with pytest.raises(
        CheckpointError, match=r"holds the model 'mini' of faceswap, and model 'original' is to be trained\."
    ):
        settle_record(tmp_path, prepare("model", PluginChoice(name="original")))


def test_error_another_crop(tmp_path: Path) -> None:
    _save(tmp_path)
    record = read_record(tmp_path)
    other = record.model_copy(update={"crop": CropSpec(64, "half")})
    (tmp_path / "model.yaml").write_text(yaml.safe_dump(other.model_dump(mode="json")))
    with pytest.raises(CheckpointError, match="crop 64 px half x1 instead of 64 px full x1"):
        settle_record(tmp_path, _mini())


def test_feature_options_and_versions_that_came_later_are_no_difference(tmp_path: Path) -> None:
    _save(tmp_path)
    content = yaml.safe_load((tmp_path / "model.yaml").read_text())
    del content["options"]["learning_rate"]
    content["version"] = "0.0.1"
    (tmp_path / "model.yaml").write_text(yaml.safe_dump(content))
    settle_record(tmp_path, _mini())


def test_error_no_model_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path, tmp_path / "file"):
        with pytest.raises(CheckpointError, match="is not a model folder"):
            load_trained_model(path)


def test_error_no_checkpoint(tmp_path: Path) -> None:
    settle_record(tmp_path, _mini())
    with pytest.raises(CheckpointError, match="no checkpoint"):
        load_trained_model(tmp_path)


@pytest.mark.parametrize("content", ["a: [", "just text", "!!python/object/apply:os.system ['true']", ""])
def test_error_unreadable_record(tmp_path: Path, content: str) -> None:
    (tmp_path / "model.yaml").write_text(content)
    with pytest.raises(CheckpointError, match=r"model\.yaml cannot be read"):
        read_record(tmp_path)


def test_error_record_of_a_later_contract(tmp_path: Path) -> None:
    settle_record(tmp_path, _mini())
    content = yaml.safe_load((tmp_path / "model.yaml").read_text())
    (tmp_path / "model.yaml").write_text(yaml.safe_dump({**content, "contract": 99, "new": 1}))
    with pytest.raises(CheckpointError, match=r"contract 99.*upgrade faceswap"):
        read_record(tmp_path)


def test_error_record_of_a_later_version_of_the_plugin(tmp_path: Path) -> None:
    _save(tmp_path)
    content = yaml.safe_load((tmp_path / "model.yaml").read_text())
    later = {**content, "version": "99.0", "options": {**content["options"], "wings": 2}}
    (tmp_path / "model.yaml").write_text(yaml.safe_dump(later))
    with pytest.raises(
        CheckpointError, match=r"made by faceswap 99\.0 and does not fit.*no option 'wings'.*Install a ver"
    ):
        settle_record(tmp_path, _mini())


def test_error_plugin_that_is_not_installed(tmp_path: Path) -> None:
    settle_record(tmp_path, _mini())
    content = yaml.safe_load((tmp_path / "model.yaml").read_text())
    (tmp_path / "model.yaml").write_text(yaml.safe_dump({**content, "package": "elsewhere"}))
    with pytest.raises(PluginError, match="mini@elsewhere"):
        load_trained_model(tmp_path)
