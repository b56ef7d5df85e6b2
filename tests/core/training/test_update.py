"""One weight against the same arithmetic in NumPy; run on the backend of the process, as `test_backends.py` does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from faceswap.core.contract import CropSpec
from faceswap.core.kinds import TrainableModel
from faceswap.core.training.engine import Engine
from faceswap.core.training.faces import TrainingFaces
from faceswap.core.training.recipe import Recipe, computing_in
from faceswap.core.training.step import IdentityBatch, Player, Step
from faceswap.core.training.update import make_updates

STEPS = 9
RATE = 0.125
START = np.array([1.0, -2.0])
PULLS = np.array([[3.0, 4.0], [1.0, -1.0], [0.5, 8.0]])
"""The gradient of each step, again and again."""


class Pulled(TrainableModel):
    """Two weights whose weighted sum is the loss; in some steps this is not a number, or its slope is not."""

    broken_losses: tuple[int, ...] = ()
    broken_slopes: tuple[int, ...] = ()

    @property
    def crop(self) -> CropSpec:
        return CropSpec(8)

    def build(self) -> dict[str, Any]:
        import keras

        networks = {}
        for name in ("moved", "other"):
            inputs = keras.Input((2,), name="x")
            dense = keras.layers.Dense(1, use_bias=False, name="weight")
            normal = keras.layers.BatchNormalization(momentum=0.5, name="normal", scale=False, center=False)
            networks[name] = keras.Model(inputs, [dense(inputs), normal(inputs)], name=name)
            dense.kernel.assign(START[:, None])
        return networks

    def players(self) -> list[Player]:
        import keras

        return [Player("one", ("moved", "other"), keras.optimizers.SGD(RATE, momentum=0.5))]

    def losses(self, player: str, batch: Mapping[str, IdentityBatch], step: Step) -> dict[str, Any]:
        from keras import ops

        pulls = ops.convert_to_tensor(PULLS.astype(np.float32))
        pull = ops.take(pulls, step.number % len(PULLS), axis=0)[None]
        total = 0.0
        for name in ("moved", "other"):
            weighted, _ = self.networks[name](ops.concatenate([pull, -pull]), training=True)
            total = total + weighted[0, 0]
        # The slope of the root of nothing is not finite; the root itself is.
        steep = ops.cast(_is(step.number, self.broken_slopes), "float32")
        root = steep * ops.sqrt(ops.abs(ops.cast(total, "float32") * (1 - steep)))
        return {"pull": total, "root": root, "noise": ops.where(_is(step.number, self.broken_losses), np.nan, 0.0)}


def _is(number: Any, numbers: tuple[int, ...]) -> Any:
    from keras import ops

    return ops.any(ops.equal(number, ops.convert_to_tensor(np.array(numbers or (-1,), np.int32))))


@pytest.fixture(autouse=True)
def compiling(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a long run; the other tests of training are short ones."""
    monkeypatch.setattr("faceswap.core.training.update._COMPILING", 0)


def _engine(recipe: Recipe, losses: tuple[int, ...] = (), slopes: tuple[int, ...] = ()) -> Engine:
    model = Pulled()
    model.broken_losses, model.broken_slopes = losses, slopes
    with computing_in(recipe.precision):
        model.load()
    faces = TrainingFaces(np.zeros((1, 8, 8, 3), np.uint8), np.zeros((1, 8, 8, 3), np.uint8))
    return Engine(model, {"source": faces, "target": faces}, 1, 0, STEPS, recipe=recipe)


def _run(engine: Engine) -> Engine:
    for _ in range(STEPS):
        engine.advance()
    return engine


def _values(engine: Engine) -> dict[str, np.ndarray]:
    """The kernel, its average and the moving variance of each network."""
    averages = {id(weight): average for update in engine.updates for weight, average in update.averages}
    values = {}
    for name, network in engine.model.networks.items():
        kernel, _, variance = network.variables
        values |= {name: kernel, f"{name} variance": variance}
        if averages:
            values[f"{name} average"] = averages[id(kernel)]
    return {name: np.ravel(np.asarray(_numpy(variable))) for name, variable in values.items()}


def _numpy(variable: Any) -> Any:
    from keras import ops

    return ops.convert_to_numpy(variable)


def _expected(recipe: Recipe, skipped: tuple[int, ...] = ()) -> dict[str, np.ndarray]:
    """The same as `_values` in float64, of a network that moves together with an equal one."""
    weight, average, variance = START.copy(), START.copy(), np.ones(2)
    momentum, gathered, done = np.zeros(2), np.zeros(2), 0
    for step in range(STEPS):
        if step in skipped:
            continue
        pull = PULLS[step % len(PULLS)]
        variance = 0.5 * variance + 0.5 * pull**2
        rate = min(1.0, (step + 1) / (recipe.warm_up or 1)) * (1 - step / STEPS if recipe.schedule == "linear" else 1)
        gathered = gathered + pull
        if (done + 1) % recipe.accumulate == 0:
            slope, gathered = gathered / recipe.accumulate, np.zeros(2)
            norm = np.linalg.norm(np.concatenate([slope, slope]))
            slope = slope * min(1.0, recipe.clip / norm) if recipe.clip else slope
            momentum = 0.5 * momentum - RATE * rate * slope
            weight = weight + momentum
        # The first weights that moved are where the average starts.
        moved = done // recipe.accumulate
        decay = min(recipe.ema, (1 + moved) / (10 + moved)) if moved else 0.0
        average = decay * average + (1 - decay) * weight
        done += 1
    values = {"": weight, " variance": variance} | ({" average": average} if recipe.ema else {})
    return {name + kind: value for name in ("moved", "other") for kind, value in values.items()}


def _assert_equal(got: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    assert got.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(got[name], value, rtol=0, atol=2e-6, err_msg=name)


EVERYTHING = {"ema": 0.75, "accumulate": 2, "clip": 2.0, "warm_up": 4, "schedule": "linear"}


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"clip": 2.0},
        {"accumulate": 2},
        {"ema": 0.75},
        {"ema": 0.25},
        {"warm_up": 4, "schedule": "linear"},
        EVERYTHING,
    ],
    ids=lambda settings: "-".join(settings) or "plain",
)
def test_feature_recipe_in_numbers(settings: dict[str, Any]) -> None:
    recipe = Recipe(**settings)
    _assert_equal(_values(_run(_engine(recipe))), _expected(recipe))


@pytest.mark.parametrize("settings", [{}, EVERYTHING], ids=["plain", "everything"])
def test_feature_a_step_that_is_not_finite_changes_nothing(settings: dict[str, Any]) -> None:
    recipe = Recipe(**settings)
    engine = _run(_engine(recipe, losses=(0, 4), slopes=(3, 8)))
    _assert_equal(_values(engine), _expected(recipe, skipped=(0, 3, 4, 8)))
    assert engine.skipped() == (1, 4)


@pytest.mark.parametrize("queues", [False, True], ids=["processor", "accelerator"])
def test_feature_skipped_steps_leave_every_variable_as_it_was(queues: bool) -> None:
    engine = _engine(Recipe(**EVERYTHING), losses=tuple(range(2, STEPS)))
    if queues and engine.backend != "torch":
        pytest.skip("only PyTorch undoes on an accelerator what it does not take on a processor")
    engine._adapter._queues = queues
    states = []
    for _ in range(STEPS):
        engine.advance()
        (update,) = engine.updates
        networks = [variable for network in engine.model.networks.values() for variable in network.variables]
        states.append([_numpy(variable).tobytes() for variable in [*networks, *update.player.optimizer.variables]])
    assert states[0] != states[1]
    assert all(state == states[1] for state in states[2:])
    assert engine.skipped() == (STEPS - 2, STEPS - 2)


def test_feature_frozen_networks_stay_and_their_gradients_do_not_count() -> None:
    got = _values(_run(_engine(Recipe(freeze=("other",), clip=2.0))))
    # The norm of the one that moves is that of two equal ones over the root of two.
    expected = _expected(Recipe(clip=2.0 * np.sqrt(2)))
    np.testing.assert_allclose(got["moved"], expected["moved"], rtol=0, atol=2e-6)
    assert (got["other"] == START).all()


def test_feature_the_plugins_learning_rate_is_multiplied_and_stays() -> None:
    engine = _engine(Recipe())
    engine.slowing = 0.5
    optimizer = engine.players[0].optimizer
    optimizer.learning_rate = 0.25
    engine.advance()
    np.testing.assert_allclose(_values(engine)["moved"], START - 0.5 * 0.25 * PULLS[0], rtol=0, atol=1e-6)
    assert float(_numpy(optimizer.learning_rate)) == 0.25


def test_feature_averaged_weights_for_a_while() -> None:
    recipe = Recipe(ema=0.75)
    engine = _run(_engine(recipe))
    expected = _expected(recipe)
    with engine.averaged():
        np.testing.assert_allclose(_values(engine)["moved"], expected["moved average"], rtol=0, atol=2e-6)
    _assert_equal(_values(engine), expected)
    engine.advance()


def test_feature_float16_finds_its_scale() -> None:
    """2^15 times the slopes 4, 8 and 8 of steps 0, 2 and 5 is more than float16 holds, 65504, until it is 2^12."""
    recipe = Recipe(precision="float16")
    engine = _run(_engine(recipe))
    _assert_equal(_values(engine), _expected(recipe, skipped=(0, 2, 5)))
    assert float(_numpy(engine.updates[0].scaling[0])) == 2.0**12
    assert engine.skipped() == (0, 0)


@pytest.mark.parametrize(("interval", "steps"), [(1, 4000), (8, 32000)])
def test_feature_only_long_runs_are_worth_compiling(monkeypatch: pytest.MonkeyPatch, interval: int, steps: int) -> None:
    """2 s of compiling, of which each move of the four weights gives half a millisecond back."""
    monkeypatch.undo()
    model = Pulled()
    model.load()
    players = [replace(player, interval=interval) for player in model.players()]
    worth = [
        make_updates(players, model.networks, Recipe(), each)[0].worth_compiling for each in (steps - 1, steps, None)
    ]
    assert worth == [False, True, True]
