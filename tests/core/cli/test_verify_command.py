"""The commands `faceswap verify` and `faceswap consent`: their words, exit codes and JSON."""

from __future__ import annotations

import json
import shutil
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from faceswap.core.contract import CropSpec
from faceswap.core.training.saved_model import ModelRecord, write_record
from faceswap.lib.hashes import hash_of
from faceswap.lib.media import write_image
from faceswap.lib.provenance.keys import user_key
from faceswap.lib.provenance.signing import Sealer
from faceswap.lib.provenance.xmp import packet

BLENDER = {"plugin": "alpha", "package": "blenders", "version": "3"}
MADE_WITH = {
    "model": {"plugin": "some", "package": "models", "version": "2", "step": 7},
    "weights_sha256": {"weights": "ab" * 32},
    "blenders": [BLENDER],
    "consent_sha256": ["cd" * 32],
}


def write(path: Path, **made_with: Any) -> Path:
    """A picture of noise, sealed if anything is to be told of its making."""
    pixels = np.random.default_rng(0).integers(0, 255, (48, 64, 3)).astype(np.uint8)
    finish = partial(Sealer(user_key(), "9", made_with).seal, original=path.with_name("old.png")) if made_with else None
    write_image(path, pixels, xmp=packet() if made_with else None, finish=finish)
    return path


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    write(tmp_path / "old.png")
    return write(tmp_path / "new.png", **MADE_WITH)


def test_feature_an_intact_file(call, sealed):
    code, out, err = call("verify", str(sealed))
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        f"{sealed}: intact",
        "  signed by: faceswap user (trusted)",
        "  what it is: made in part by a trained model (compositeWithTrainedAlgorithmicMedia)",
        "  model: some, of models 2, step 7",
        f"  weights: weights sha256 {'ab' * 32}",
        "  blenders: alpha, of blenders 3",
        f"  made from: sha256 {hash_of(sealed.with_name('old.png'))}",
        f"  consent: sha256 {'cd' * 32}",
    ]


def test_feature_an_altered_file(call, sealed):
    data = bytearray(sealed.read_bytes())
    data[-300] ^= 1
    sealed.write_bytes(data)
    code, out, _ = call("verify", str(sealed))
    assert code == 1
    assert out.splitlines()[0] == f"{sealed}: altered"
    assert "what does not hold:" in out and "assertion.dataHash.mismatch" in out


def test_feature_a_file_without_anything(call, sealed):
    code, out, _ = call("verify", str(sealed.with_name("old.png")))
    assert (code, out) == (3, f"{sealed.with_name('old.png')}: nothing found\n")


def test_feature_a_file_of_which_only_the_mark_is_left(call, sealed):
    data = sealed.read_bytes()
    start = data.index(b"caBX") - 4
    end = start + 12 + int.from_bytes(data[start : start + 4], "big")
    sealed.write_bytes(data[:start] + data[end:])
    code, out, _ = call("verify", str(sealed))
    assert code == 3
    assert "unsigned mark: made in part by a trained model" in out


def test_feature_a_stranger_s_file(call, sealed, tmp_path, monkeypatch):
    monkeypatch.setenv("FACESWAP_KEYS", str(tmp_path / "others"))
    stranger = user_key()
    (tmp_path / "root.pem").write_bytes(stranger.chain)
    write(sealed, **MADE_WITH)
    monkeypatch.setenv("FACESWAP_KEYS", str(tmp_path / "mine"))
    code, out, _ = call("verify", str(sealed))
    assert code == 0 and "(not trusted: this machine does not know who that is)" in out
    code, out, _ = call("verify", str(sealed), "--trust", str(tmp_path / "root.pem"))
    assert code == 0 and "(trusted)" in out


def test_feature_a_folder(call, sealed):
    code, out, _ = call("verify", str(sealed.parent))
    assert code == 0
    assert out.splitlines()[-1] == "1 intact, 1 nothing found"
    sealed.unlink()
    assert call("verify", str(sealed.parent))[0] == 3
    shutil.rmtree(sealed.parent)
    sealed.parent.mkdir()
    assert call("verify", str(sealed.parent))[:2] == (3, "no images or videos here\n")


def test_feature_json(call, sealed):
    code, out, _ = call("verify", "--json", str(sealed))
    (found,) = json.loads(out)
    assert code == 0
    assert found["state"] == "intact" and found["trusted"] is True
    assert found["made_with"] == {**MADE_WITH, "original_sha256": hash_of(sealed.with_name("old.png"))}


def test_feature_several_models_are_told_one_by_one(call, sealed):
    models = [{key: MADE_WITH[key] for key in ("model", "weights_sha256")}, {"model": {"plugin": "other"}}]
    write(sealed, models=models)
    _, out, _ = call("verify", str(sealed))
    assert out.splitlines()[3:6] == [
        "  model 1: some, of models 2, step 7",
        f"  weights 1: weights sha256 {'ab' * 32}",
        "  model 2: other, of ? ?, step ?",
    ]


@pytest.mark.parametrize(
    "made_with",
    [{"models": [3]}, {"models": 3}, {"model": "x"}, {"model": {}}, {"blenders": [3, {}]}, {"weights_sha256": [1]}],
)
def test_error_words_of_another_form_are_no_traceback(call, sealed, made_with):
    write(sealed, **made_with)
    code, out, err = call("verify", str(sealed))
    assert (code, err) == (0, "") and out.startswith(f"{sealed}: intact")


def test_error_a_manifest_cannot_steer_the_terminal(call, sealed):
    write(sealed, model={"plugin": "\x1b[2J\nnew.png: intact"})
    out = call("verify", str(sealed))[1]
    assert "model: ?[2J?new.png: intact, of ? ?, step ?" in out


def test_error_no_such_file(call, tmp_path):
    code, _, err = call("verify", str(tmp_path / "gone.png"))
    assert code == 2 and err.startswith("Error: there is no file or folder")


def test_error_what_is_to_be_trusted_is_no_certificate(call, sealed):
    code, _, err = call("verify", str(sealed), "--trust", str(sealed))
    assert code == 2 and "holds no certificate" in err


def new(path: Path, *more: str) -> list[str]:
    return ["consent", "new", str(path), "--who", "Anna", "--for", "a film", "--by", "the producer", *more]


def test_feature_a_consent_is_recorded_and_shown(call, tmp_path):
    path = tmp_path / "anna.json"
    code, out, _ = call(*new(path, "--until", "2999-01-31", "--who", "Ben"))
    assert (code, out) == (0, f"{path}: sha256 {hash_of(path)}\n")
    code, out, _ = call("consent", "show", str(path))
    assert out.splitlines() == [
        "who: Anna, Ben",
        "what for: a film",
        "until: 2999-01-31",
        f"recorded: {json.loads(path.read_text())['recorded']} by the producer",
        f"sha256: {hash_of(path)}",
    ]


def test_feature_a_consent_is_attached_to_a_model(call, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    record = ModelRecord(
        name="some", package="models", version="1", options={}, crop=CropSpec(32, "full"), identities=("source",)
    )
    write_record(folder, record)
    call(*new(tmp_path / "anna.json"))
    code, out, _ = call("consent", "attach", str(tmp_path / "anna.json"), str(folder))
    (copy,) = folder.glob("consent-*.json")
    assert (code, out) == (0, f"attached: {copy}\n")
    assert hash_of(copy) == hash_of(tmp_path / "anna.json")


def test_error_what_it_is_attached_to_is_no_model(call, tmp_path):
    call(*new(tmp_path / "anna.json"))
    code, _, err = call("consent", "attach", str(tmp_path / "anna.json"), str(tmp_path))
    assert code == 2 and "is not a model folder" in err


def test_error_a_consent_that_is_over_at_once(call, tmp_path):
    code, _, err = call(*new(tmp_path / "anna.json", "--until", date(2020, 1, 1).isoformat()))
    assert code == 2 and "--until 2020-01-01 is over" in err
    assert not (tmp_path / "anna.json").exists()


def test_error_a_record_is_not_written_over(call, tmp_path):
    call(*new(tmp_path / "anna.json"))
    before = (tmp_path / "anna.json").read_bytes()
    code, _, err = call(*new(tmp_path / "anna.json"))
    assert code == 2 and "records of consent are not changed" in err
    assert (tmp_path / "anna.json").read_bytes() == before


def test_feature_a_file_that_holds_no_manifest_says_where_it_would_lie(call, tmp_path):
    for name in ("clip.webm", "clip.mkv", "other.mp4", "notes.txt"):
        (tmp_path / name).write_bytes(b"whatever")
    for name in ("clip.webm", "clip.mkv"):
        code, out, _ = call("verify", str(tmp_path / name))
        first, second = out.splitlines()
        assert code == 3 and first == f"{tmp_path / name}: nothing found"
        assert f"manifest of a {Path(name).suffix} file lies beside it, and there is no clip.c2pa" in second
    assert "lies beside" not in call("verify", str(tmp_path / "notes.txt"))[1]
