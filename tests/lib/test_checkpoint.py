import errno
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from faceswap.lib.checkpoint import load_latest, save, saved_steps
from faceswap.lib.errors import CheckpointError, OutputError

INFO = {"model": "mini", "options": "a1b2c3", "seed": 7, "rate": 0.1 + 0.2, "names": ["source", "target"]}


def make_parts(step):
    """Stands in for a training state: the same step always gives the same arrays."""
    rng = np.random.default_rng(step)
    return {
        "weights": {
            "encoder/kernel:0": rng.normal(size=(3, 3, 4, 8)).astype(np.float32),
            "encoder/bias": rng.normal(size=8).astype(np.float16),
        },
        "optimizer": {"iteration": np.array(step, np.int64), "moment": rng.normal(size=(50, 50)).astype(np.float32)},
        "random": {"key": rng.integers(0, 2**32, 4, np.uint32), "used": np.array([True, False])},
    }


def assert_same(parts, want):
    assert parts.keys() == want.keys()
    for part in want:
        assert parts[part].keys() == want[part].keys()
        for name, array in want[part].items():
            assert parts[part][name].dtype == array.dtype
            assert parts[part][name].shape == array.shape
            assert parts[part][name].tobytes() == array.tobytes()


def train(folder):
    """Goes on from the newest checkpoint for ever, saving each step; prints each that is saved."""
    step = load_latest(folder).step if saved_steps(folder) else 0
    print("open", flush=True)
    while True:
        step += 1
        save(folder, step, make_parts(step), INFO)
        print(step, flush=True)


def flip(path, offset, mask=1):
    data = bytearray(path.read_bytes())
    data[offset] ^= mask
    path.write_bytes(data)


def folders(tmp_path):
    return sorted(entry.name for entry in (tmp_path / "checkpoints").iterdir())


def test_every_array_comes_back_bit_for_bit(tmp_path):
    path = save(tmp_path, 12, make_parts(12), INFO)
    assert path == tmp_path / "checkpoints" / "12"
    loaded = load_latest(tmp_path)
    assert (loaded.step, loaded.info, loaded.skipped) == (12, INFO, ())
    assert_same(loaded.parts, make_parts(12))


@pytest.mark.parametrize("dtype", ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", ">f4"])
def test_types_shapes_and_strides(tmp_path, dtype):
    whole = (np.random.default_rng(0).random((6, 8)) * 100).astype(dtype)
    arrays = {"scalar": whole[0, 0], "empty": whole[:0], "turned": whole.T, "strided": whole[::2, ::-3]}
    save(tmp_path, 1, {"weights": arrays}, {})
    loaded = load_latest(tmp_path).parts["weights"]
    for name, array in arrays.items():
        assert loaded[name].dtype == np.dtype(dtype).newbyteorder("=")
        assert loaded[name].shape == array.shape
        np.testing.assert_array_equal(loaded[name], array)


def test_the_manifest_holds_size_and_sha256_of_each_file(tmp_path):
    path = save(tmp_path, 3, make_parts(3), INFO)
    manifest = json.loads((path / "manifest.json").read_text())
    assert (manifest["format"], manifest["step"]) == (1, 3)
    files = {entry.name for entry in path.iterdir()}
    assert files == {
        "weights.safetensors",
        "optimizer.safetensors",
        "random.safetensors",
        "state.json",
        "manifest.json",
    }
    assert manifest["files"].keys() == files - {"manifest.json"}
    for name, entry in manifest["files"].items():
        digest = subprocess.run(["sha256sum", path / name], capture_output=True, check=True).stdout.split()[0]
        assert entry == {"size": (path / name).stat().st_size, "sha256": digest.decode()}


@pytest.mark.parametrize("parts", [{"Weights": {}}, {"../weights": {}}, {"": {}}])
def test_a_part_needs_a_plain_name(tmp_path, parts):
    with pytest.raises(ValueError, match="a part's name"):
        save(tmp_path, 1, parts, {})


@pytest.mark.parametrize("array", [np.array(["a"]), np.array([None]), np.array([1j])])
def test_only_plain_numbers_are_stored(tmp_path, array):
    with pytest.raises(ValueError, match="must hold plain numbers"):
        save(tmp_path, 1, {"weights": {"a": array}}, {})


def test_the_newest_n_are_kept_in_the_order_of_numbers(tmp_path):
    for step in (8, 9, 10, 100):
        save(tmp_path, step, make_parts(step), INFO, keep=3)
    assert saved_steps(tmp_path) == [9, 10, 100]
    save(tmp_path, 101, make_parts(101), INFO)
    assert folders(tmp_path) == ["100", "101"]
    assert load_latest(tmp_path).step == 101


def test_keeping_none_is_refused(tmp_path):
    with pytest.raises(ValueError, match="Received: keep=0"):
        save(tmp_path, 1, {}, {}, keep=0)


def test_a_step_saved_again_replaces(tmp_path):
    save(tmp_path, 5, make_parts(1), INFO)
    save(tmp_path, 5, make_parts(2), INFO)
    assert_same(load_latest(tmp_path).parts, make_parts(2))
    assert folders(tmp_path) == ["5"]


@pytest.mark.parametrize("name", ["weights.safetensors", "optimizer.safetensors", "state.json"])
def test_a_flipped_byte_is_named_with_both_hashes_and_the_previous_one_is_used(tmp_path, name):
    save(tmp_path, 1, make_parts(1), INFO)
    damaged = save(tmp_path, 2, make_parts(2), INFO) / name
    expected = hashlib.sha256(damaged.read_bytes()).hexdigest()[:12]
    flip(damaged, damaged.stat().st_size // 2)
    found = hashlib.sha256(damaged.read_bytes()).hexdigest()[:12]
    loaded = load_latest(tmp_path)
    assert loaded.step == 1
    assert_same(loaded.parts, make_parts(1))
    (line,) = loaded.skipped
    assert line == (f"checkpoint 2 of {tmp_path} is damaged: {name} must have SHA-256 {expected}, it has {found}")


def test_no_flipped_bit_of_a_manifest_goes_unnoticed(tmp_path):
    save(tmp_path, 1, {"a": {"x": np.zeros(1, np.float32)}, "c": {"x": np.ones(1, np.float32)}}, {"seed": 1})
    path = tmp_path / "checkpoints" / "1" / "manifest.json"
    whole = path.read_bytes()
    for offset in range(len(whole)):
        for bit in range(8):
            flip(path, offset, 1 << bit)
            with pytest.raises(CheckpointError, match="damaged"):
                load_latest(tmp_path)
            path.write_bytes(whole)
    assert load_latest(tmp_path).info == {"seed": 1}


def test_a_truncated_and_a_missing_file_are_named(tmp_path):
    for step in (1, 2, 3):
        save(tmp_path, step, make_parts(step), INFO, keep=3)
    (tmp_path / "checkpoints" / "3" / "weights.safetensors").unlink()
    weights = tmp_path / "checkpoints" / "2" / "weights.safetensors"
    size = weights.stat().st_size
    os.truncate(weights, size - 1)
    loaded = load_latest(tmp_path)
    assert loaded.step == 1
    assert [line.split("damaged: ")[1] for line in loaded.skipped] == [
        "weights.safetensors cannot be read (FileNotFoundError)",
        f"weights.safetensors must be {size} bytes, it is {size - 1}",
    ]


def test_a_listed_file_that_is_no_safetensors_is_named(tmp_path):
    path = save(tmp_path, 1, make_parts(1), INFO)
    data = b"not the format at all"
    (path / "weights.safetensors").write_bytes(data)
    manifest = json.loads((path / "manifest.json").read_text())
    manifest["files"]["weights.safetensors"] = {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(CheckpointError, match=r"weights\.safetensors cannot be read"):
        load_latest(tmp_path)


def test_a_manifest_cannot_name_a_file_outside(tmp_path):
    path = save(tmp_path, 1, make_parts(1), INFO)
    outside = tmp_path / "x.safetensors"
    outside.write_bytes((path / "weights.safetensors").read_bytes())
    manifest = json.loads((path / "manifest.json").read_text())
    manifest["files"]["../../x.safetensors"] = manifest["files"]["weights.safetensors"]
    (path / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(CheckpointError, match="names a file outside"):
        load_latest(tmp_path)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"format": 1, "step": 1, "files": []}', b"\xff\xfe"])
def test_a_broken_manifest_is_named(tmp_path, content):
    path = save(tmp_path, 1, make_parts(1), INFO)
    (path / "manifest.json").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"manifest\.json"):
        load_latest(tmp_path)


def test_another_format_says_so(tmp_path):
    path = save(tmp_path, 1, make_parts(1), INFO) / "manifest.json"
    path.write_text(path.read_text().replace('"format": 1', '"format": 2'))
    with pytest.raises(CheckpointError, match="has format 2, this program reads 1"):
        load_latest(tmp_path)


def test_all_damaged_names_each(tmp_path):
    for step in (1, 2):
        flip(save(tmp_path, step, make_parts(step), INFO) / "weights.safetensors", 100)
    with pytest.raises(CheckpointError, match=r"checkpoint 2 .*; checkpoint 1 .*; no other checkpoint is left"):
        load_latest(tmp_path)


def test_no_checkpoint_at_all(tmp_path):
    assert saved_steps(tmp_path) == []
    with pytest.raises(CheckpointError, match="has no checkpoint"):
        load_latest(tmp_path)


def test_a_damaged_newer_one_pushes_no_sound_one_out(tmp_path):
    save(tmp_path, 10, make_parts(10), INFO)
    flip(save(tmp_path, 20, make_parts(20), INFO) / "weights.safetensors", 100)
    save(tmp_path, 15, make_parts(15), INFO)
    assert saved_steps(tmp_path) == [10, 15, 20]
    assert load_latest(tmp_path).step == 15
    save(tmp_path, 20, make_parts(20), INFO)
    assert load_latest(tmp_path).step == 20
    assert saved_steps(tmp_path) == [15, 20]


def test_the_old_one_goes_only_after_the_new_one_is_there(tmp_path, monkeypatch):
    for step in (1, 2):
        save(tmp_path, step, make_parts(step), INFO)

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OutputError, match=r"cannot write .*checkpoints/3: the disk is full \([\d.]+ [kM]B needed"):
            save(tmp_path, 3, make_parts(3), INFO)
    assert folders(tmp_path) == ["1", "2"]
    assert_same(load_latest(tmp_path).parts, make_parts(2))
    save(tmp_path, 3, make_parts(3), INFO)
    assert folders(tmp_path) == ["2", "3"]


def test_a_full_disk_while_replacing_keeps_the_old_one(tmp_path, file_size_limit):
    save(tmp_path, 1, make_parts(1), INFO)
    with file_size_limit(5_000), pytest.raises(OutputError, match="disk is full"):
        save(tmp_path, 1, make_parts(2), INFO)
    assert folders(tmp_path) == ["1"]
    assert_same(load_latest(tmp_path).parts, make_parts(1))


def test_a_missing_model_folder_is_named(tmp_path):
    with pytest.raises(OutputError, match="nowhere"):
        save(tmp_path / "nowhere", 1, make_parts(1), INFO)


def test_a_save_killed_between_its_renames_loses_nothing(tmp_path):
    save(tmp_path, 1, make_parts(1), INFO)
    save(tmp_path, 2, make_parts(2), INFO)
    root = tmp_path / "checkpoints"
    (root / "2").rename(root / ".old-2")
    assert load_latest(tmp_path).step == 2
    assert folders(tmp_path) == [".old-2", "1"]  # Reading changes nothing.
    save(tmp_path, 3, make_parts(3), INFO)
    assert folders(tmp_path) == ["2", "3"]


def test_saves_killed_at_random_moments_lose_no_checkpoint(tmp_path):
    rng = random.Random(time.time_ns())
    code = "import runpy, sys; runpy.run_path(sys.argv[1])['train'](sys.argv[2])"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code, __file__, str(tmp_path)]
    last = 0
    for _ in range(3):
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, cwd="/") as process:
            lines = [process.stdout.readline() for _ in range(rng.randint(2, 6))]
            time.sleep(rng.uniform(0, 0.03))
            process.kill()
            lines += process.stdout.readlines()
            process.wait()
            assert process.returncode == -signal.SIGKILL
        assert lines[0] == "open\n"
        assert int(lines[1]) >= last + 1  # It went on from where the killed one was.
        loaded = load_latest(tmp_path)
        assert loaded.skipped == ()
        assert loaded.step in (int(lines[-1]), int(lines[-1]) + 1)  # Killed perhaps before it could tell.
        assert_same(loaded.parts, make_parts(loaded.step))
        last = loaded.step
    save(tmp_path, last + 1, make_parts(last + 1), INFO)
    assert folders(tmp_path) == sorted([str(last), str(last + 1)])
