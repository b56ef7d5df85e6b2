from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from faceswap.core.errors import CheckpointError, FaceswapError
from faceswap.core.training import checkpointing
from faceswap.core.training.backends import seed_weights
from faceswap.core.training.checkpointing import load_weights, read_arrays, resume, save_checkpoint, write_arrays
from faceswap.core.training.engine import Engine
from faceswap.core.training.faces import TrainingFaces
from faceswap.lib import checkpoint
from faceswap.plugins.train.models.mini import MiniModel


def _faces() -> dict[str, TrainingFaces]:
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (2, 5, 128, 128, 3)).astype(np.uint8)
    return {name: TrainingFaces(part, part) for name, part in zip(("source", "target"), pictures, strict=True)}


def _engine(seed: int = 0, width: float = 0.05) -> Engine:
    seed_weights(seed)
    model = MiniModel(MiniModel.Options(width=width))
    model.load()
    return Engine(model, _faces(), batch_size=2, seed=seed, total=10)


def _state(engine: Engine) -> dict[str, Any]:
    networks = {name: network.variables for name, network in engine.model.networks.items()}
    return read_arrays({**networks, **{player.name: player.optimizer.variables for player in engine.players}})


def _equal(first: dict[str, Any], second: dict[str, Any]) -> bool:
    return len(first) == len(second) and all(
        (one == other).all() for one, other in zip(first.values(), second.values(), strict=True)
    )


@pytest.mark.slow
def test_feature_going_on_equals_never_having_stopped(tmp_path: Path) -> None:
    straight = _engine()
    for _ in range(3):
        straight.advance()
    save_checkpoint(tmp_path, straight, keep=2)
    for _ in range(3):
        straight.advance()

    resumed = _engine(seed=0)
    assert not _equal(_state(resumed), _state(straight))
    assert resume(tmp_path, resumed) == ()
    assert resumed.step == 3
    for _ in range(3):
        resumed.advance()
    assert _equal(_state(resumed), _state(straight))


def test_feature_a_folder_without_checkpoints_starts_from_nothing(tmp_path: Path) -> None:
    engine = _engine()
    assert resume(tmp_path, engine) == ()
    assert engine.step == 0


def test_feature_a_damaged_checkpoint_is_named_and_the_one_before_is_used(tmp_path: Path) -> None:
    engine = _engine()
    engine.advance()
    save_checkpoint(tmp_path, engine, keep=3)
    before = _state(engine)
    engine.advance()
    newest = save_checkpoint(tmp_path, engine, keep=3)
    part = newest / "weights.safetensors"
    content = bytearray(part.read_bytes())
    content[-7] ^= 1
    part.write_bytes(content)

    resumed = _engine()
    (line,) = resume(tmp_path, resumed)
    assert "checkpoint 2" in line and "weights.safetensors" in line
    assert resumed.step == 1 and _equal(_state(resumed), before)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_error_broken_numbers_are_never_saved(tmp_path: Path, value: float) -> None:
    engine = _engine()
    engine.advance()
    save_checkpoint(tmp_path, engine, keep=2)
    weight = engine.model.networks["decoder_target"].trainable_variables[2]
    array = np.array(weight)
    array.flat[3] = value
    weight.assign(array)
    engine.step = 9
    with pytest.raises(FaceswapError, match=r"diverged at step 9.*decoder_target.*learning rate"):
        save_checkpoint(tmp_path, engine, keep=2)
    assert checkpoint.saved_steps(tmp_path) == [1]


def test_error_checkpoint_of_other_shapes(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, _engine(width=0.1), keep=2)
    engine = _engine(width=0.05)
    before = _state(engine)
    with pytest.raises(CheckpointError, match=r"encoder/000/down0_conv/kernel` must be \[5, 5, 3, 2\], it is"):
        resume(tmp_path, engine)
    assert _equal(_state(engine), before)


def _variables(*paths: str) -> dict[str, Any]:
    import keras

    made = []
    for path in paths:
        variable = keras.Variable(np.zeros(2, np.float32), name=path.rpartition("/")[2])
        made.append(SimpleNamespace(path=path, shape=variable.shape, assign=variable.assign, value=variable))
    return {"net": made}


def test_feature_automatic_numbers_in_names_do_not_matter(tmp_path: Path) -> None:
    groups = _variables("conv2d_7/kernel", "conv2d_8/kernel")
    write_arrays(groups, {"net/000/conv2d/kernel": np.ones(2), "net/001/conv2d_1/kernel": np.full(2, 5.0)}, tmp_path)
    assert [np.asarray(variable.value).tolist() for variable in groups["net"]] == [[1, 1], [5, 5]]


@pytest.mark.parametrize(
    ("saved", "message"),
    [
        ({"net/000/a/kernel": 2}, "holds no `net/001/b/bias`"),
        ({"net/000/a/kernel": 2, "net/001/c/bias": 2}, "`net/001/b/bias` was expected, it holds `net/001/c/bias`"),
        ({"net/000/a/kernel": 2, "net/001/b/bias": 3}, r"must be \[2\], it is \[3\]"),
        ({"net/000/a/kernel": 2, "net/001/b/bias": 2, "net/002/d/bias": 2}, "also holds `net/002/d/bias`"),
    ],
)
def test_error_arrays_that_do_not_fit(tmp_path: Path, saved: dict[str, int], message: str) -> None:
    groups = _variables("a/kernel", "b/bias")
    with pytest.raises(CheckpointError, match=message):
        write_arrays(groups, {name: np.ones(size) for name, size in saved.items()}, tmp_path)
    assert all((np.asarray(variable.value) == 0).all() for variable in groups["net"])


def test_feature_weights_alone(tmp_path: Path) -> None:
    engine = _engine()
    engine.advance()
    save_checkpoint(tmp_path, engine, keep=1)
    other = MiniModel(MiniModel.Options(width=0.05))
    other.load()
    assert load_weights(tmp_path, other).step == 1
    mine, theirs = (read_arrays(checkpointing._networks(model)) for model in (engine.model, other))
    assert _equal(mine, theirs)
