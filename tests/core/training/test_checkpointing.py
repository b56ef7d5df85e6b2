from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from faceswap.core.errors import CheckpointError, FaceswapError
from faceswap.core.training.backends import seed_weights
from faceswap.core.training.checkpointing import (
    load_weights,
    read_arrays,
    resume,
    save_checkpoint,
    take_weights,
    write_arrays,
)
from faceswap.core.training.engine import Engine
from faceswap.core.training.faces import TrainingFaces
from faceswap.core.training.recipe import Recipe
from faceswap.lib import checkpoint
from faceswap.plugins.train.models.mini import MiniModel


def _faces() -> dict[str, TrainingFaces]:
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (2, 5, 128, 128, 3)).astype(np.uint8)
    return {name: TrainingFaces(part, part) for name, part in zip(("source", "target"), pictures, strict=True)}


EVERYTHING = Recipe(ema=0.9, accumulate=2, clip=1.0, warm_up=4, schedule="cosine")


def _engine(seed: int = 0, width: float = 0.05, recipe: Recipe | None = None) -> Engine:
    seed_weights(seed)
    model = MiniModel(MiniModel.Options(width=width))
    model.load()
    return Engine(model, _faces(), batch_size=2, seed=seed, total=10, recipe=recipe)


def _state(engine: Engine) -> dict[str, Any]:
    networks = {name: network.variables for name, network in engine.model.networks.items()}
    return read_arrays({**networks, **{update.player.name: update.variables for update in engine.updates}})


def _weights(model: Any) -> dict[str, Any]:
    return read_arrays({name: network.variables for name, network in model.networks.items()})


def _equal(first: dict[str, Any], second: dict[str, Any]) -> bool:
    return len(first) == len(second) and all(
        (one == other).all() for one, other in zip(first.values(), second.values(), strict=True)
    )


@pytest.mark.slow
@pytest.mark.parametrize("recipe", [None, EVERYTHING], ids=["plain", "everything"])
def test_feature_going_on_equals_never_having_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: Recipe | None
) -> None:
    """Compiled, as long runs are; the third step is the first of two whose gradients are averaged."""
    monkeypatch.setattr("faceswap.core.training.update._COMPILING", 0)
    straight = _engine(recipe=recipe)
    straight.slowing = 0.5
    for _ in range(3):
        straight.advance()
    save_checkpoint(tmp_path, straight, keep=2)
    for _ in range(3):
        straight.advance()

    resumed = _engine(recipe=recipe)
    assert not _equal(_state(resumed), _state(straight))
    assert resume(tmp_path, resumed) == ()
    assert (resumed.step, resumed.slowing) == (3, 0.5)
    for _ in range(3):
        resumed.advance()
    assert _equal(_state(resumed), _state(straight))


def test_feature_settings_of_how_weights_move_may_change_between_runs(tmp_path: Path) -> None:
    plain = _engine()
    plain.advance()
    save_checkpoint(tmp_path, plain, keep=5)

    rich = _engine(recipe=EVERYTHING)
    assert resume(tmp_path, rich) == ()
    (update,) = rich.updates
    assert all((np.asarray(weight) == np.asarray(average)).all() for weight, average in update.averages)
    assert all((np.asarray(gathered) == 0).all() for gathered in update.accumulated)
    rich.advance()
    save_checkpoint(tmp_path, rich, keep=5)
    assert checkpoint.load_latest(tmp_path).parts.keys() == {"weights", "optimizer", "average", "accumulated", "guard"}

    again = _engine()
    resume(tmp_path, again)
    assert again.step == 2
    assert _equal(_weights(again.model), _weights(rich.model))


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


@pytest.mark.parametrize("recipe", [None, EVERYTHING], ids=["plain", "everything"])
def test_feature_weights_alone_are_their_average_where_there_is_one(tmp_path: Path, recipe: Recipe | None) -> None:
    engine = _engine(recipe=recipe)
    for _ in range(4):
        engine.advance()
    save_checkpoint(tmp_path, engine, keep=1)
    other = _model()
    assert load_weights(tmp_path, other).step == 4
    assert _equal(_weights(engine.model), _weights(other)) == (recipe is None)
    with engine.averaged():
        assert _equal(_weights(engine.model), _weights(other))


def _model(width: float = 0.05) -> MiniModel:
    model = MiniModel(MiniModel.Options(width=width))
    model.load()
    return model


def test_feature_weights_of_another_model_are_taken_where_they_fit(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, _engine(width=0.05), keep=1)
    saved = checkpoint.load_latest(tmp_path).parts["weights"]
    same, wider = _model(), _model(0.1)
    assert take_weights(tmp_path, same) == (len(saved), len(saved))
    assert all((array == saved[name]).all() for name, array in _weights(same).items())

    before = _weights(wider)
    fitting = {name for name, array in saved.items() if before[name].shape == array.shape}
    assert take_weights(tmp_path, wider) == (len(fitting), len(saved))
    assert 0 < len(fitting) < len(saved)
    assert all((array == (saved if name in fitting else before)[name]).all() for name, array in _weights(wider).items())


def test_feature_weights_are_taken_by_name_not_by_place(tmp_path: Path) -> None:
    saved = {f"net/{place:03d}/{name}": np.full(2, place, np.float32) for place, name in enumerate("cab")}
    checkpoint.save(tmp_path, 1, {"weights": saved}, {})
    variables = _variables("a/kernel", "b", "z", "c")["net"]
    model = SimpleNamespace(networks={"net": SimpleNamespace(variables=variables)}, only_trained_with=())
    assert take_weights(tmp_path, model) == (2, 4)
    assert [np.asarray(variable.value).tolist() for variable in variables] == [[0, 0], [2, 2], [0, 0], [0, 0]]


def test_error_nothing_to_take(tmp_path: Path) -> None:
    checkpoint.save(tmp_path, 1, {"weights": {"another/000/kernel": np.zeros(3)}}, {})
    with pytest.raises(CheckpointError, match=r"nothing of the model in .* fits"):
        take_weights(tmp_path, _model())
    with pytest.raises(CheckpointError, match="has no checkpoint"):
        take_weights(tmp_path / "nothing", _model())
