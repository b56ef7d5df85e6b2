from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from faceswap.core.contract import CropSpec
from faceswap.core.errors import PluginError
from faceswap.core.kinds import TrainableModel
from faceswap.core.training import backends
from faceswap.core.training.backends import make_adapter, seed_weights
from faceswap.core.training.checkpointing import read_arrays
from faceswap.core.training.engine import Engine, draw_faces, random_numbers
from faceswap.core.training.faces import TrainingFaces
from faceswap.core.training.step import IdentityBatch, Player, Step, Variation, Warp
from faceswap.core.training.update import Update
from faceswap.core.training.variation import augmentation

SIZE = 8
PLAIN = Variation(color_match=0, color_jitter=0)


class Game(TrainableModel):
    """Two players with a weight each: one pulls it to the batch's mean, the other plays every third step."""

    seen: list[tuple[float, float]]

    @property
    def crop(self) -> CropSpec:
        return CropSpec(SIZE)

    def build(self) -> dict[str, Any]:
        import keras

        self.seen = []
        networks = {}
        for name in ("first", "second"):
            inputs = keras.Input((1,), name="x")
            dense = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones", name="weight")
            networks[name] = keras.Model(inputs, dense(inputs), name=name)
        return networks

    def players(self) -> list[Player]:
        import keras

        return [
            Player("one", ("first",), keras.optimizers.SGD(0.25)),
            Player("two", ("second",), keras.optimizers.SGD(1.0), interval=3),
        ]

    def losses(self, player: str, batch: Mapping[str, IdentityBatch], step: Step) -> dict[str, Any]:
        import keras
        from keras import ops

        if player == "one":
            weight = self.networks["first"](ops.ones((1, 1)))[0, 0]
            return {
                "pull": ops.square(weight - ops.mean(batch["source"].goal)),
                "number": ops.cast(step.number, "float32"),
                "progress": step.progress,
                "noise": keras.random.uniform((), seed=step.key),
            }
        # d/dw of (gradient of (w x)^2 by x at 1) = d/dw 2 w^2 = 4 w: second order through step.gradient.
        network = self.networks["second"]
        slope = step.gradient(lambda x: ops.sum(ops.square(network(x))), ops.ones((1, 1)))
        return {"slope": ops.sum(slope)}

    def at(self, progress: float, before: float) -> None:
        self.seen.append((progress, before))


def _faces(level: int = 51) -> dict[str, TrainingFaces]:
    """Faces of one brightness, so that no augmentation changes them."""
    pictures = np.full((5, 16, 16, 3), level, np.uint8)
    masks = np.full((5, 16, 16, 3), 255, np.uint8)
    return {"source": TrainingFaces(pictures, masks), "target": TrainingFaces(pictures, masks)}


def _engine(seed: int = 0, total: int = 10, model: Game | None = None) -> Engine:
    seed_weights(seed)
    model = model or Game()
    model.load()
    return Engine(model, _faces(), batch_size=2, seed=seed, total=total, variation=PLAIN)


def _weight(engine: Engine, name: str) -> float:
    return float(np.ravel(np.asarray(engine.model.networks[name].trainable_variables[0]))[0])


def _floats(losses: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(loss) for name, loss in losses.items()}


def test_feature_a_step_is_one_of_gradient_descent() -> None:
    engine = _engine()
    losses = _floats(engine.advance())
    # The goal is 51/255 = 0.2: the loss (1 - 0.2)^2, its slope 1.6, and the step a quarter of that.
    assert losses["pull"] == pytest.approx(0.64, abs=1e-5)
    assert _weight(engine, "first") == pytest.approx(1 - 0.25 * 1.6, abs=1e-5)


def test_feature_gradient_of_a_gradient() -> None:
    engine = _engine()
    losses = _floats(engine.advance())
    assert losses["slope"] == pytest.approx(2.0, abs=1e-5)
    assert _weight(engine, "second") == pytest.approx(1 - 4.0, abs=1e-5)


def test_feature_players_move_at_their_intervals() -> None:
    engine = _engine()
    names = [sorted(engine.advance()) for _ in range(7)]
    assert [("slope" in step) for step in names] == [True, False, False, True, False, False, True]
    assert all("pull" in step for step in names)


def test_feature_number_progress_and_schedule() -> None:
    engine = _engine(total=4)
    told = [_floats(engine.advance()) for _ in range(4)]
    assert [step["number"] for step in told] == [0, 1, 2, 3]
    assert [step["progress"] for step in told] == pytest.approx([0, 0.25, 0.5, 0.75])
    assert engine.model.seen == [(0, -0.25), (0.25, 0), (0.5, 0.25), (0.75, 0.5)]
    assert engine.step == 4


def test_feature_plugin_key_differs_by_step_and_repeats_by_seed() -> None:
    first, again, other = (
        [_floats(engine.advance())["noise"] for _ in range(3)] for engine in (_engine(), _engine(), _engine(1))
    )
    assert first == again
    assert len(set(first + other)) == 6


def test_feature_setting_the_step_repeats_its_randomness() -> None:
    engine = _engine()
    noises = [_floats(engine.advance())["noise"] for _ in range(4)]
    later = _engine()
    later.step = 3
    assert _floats(later.advance())["noise"] == noises[3]
    assert later.model.seen == engine.model.seen[3:]


class Copying(Game):
    """Before each step the second network becomes a copy of the first."""

    def at(self, progress: float, before: float) -> None:
        copied, original = (self.networks[name].trainable_variables[0] for name in ("second", "first"))
        copied.assign(original.value)


def test_feature_weights_that_were_copied_between_steps_move_apart() -> None:
    engine = _engine(model=Copying())
    firsts = []
    for _ in range(3):
        firsts.append(_weight(engine, "first"))
        engine.advance()
    # The second player moved in step 0 alone, and what it did was overwritten by the copy of step 2.
    assert _weight(engine, "second") == firsts[2]
    assert len({*firsts, _weight(engine, "first")}) == 4


def test_feature_faces_are_drawn_in_rounds() -> None:
    drawn = np.concatenate([draw_faces(7, 0, 0, step, 4, 10) for step in range(5)])
    assert sorted(drawn[:10]) == sorted(drawn[10:]) == list(range(10))
    assert not (drawn[:10] == drawn[10:]).all()
    for other in ((8, 0, 0), (7, 1, 0), (7, 0, 1)):
        assert not (draw_faces(*other, 0, 10, 10) == draw_faces(7, 0, 0, 0, 10, 10)).all()


def test_feature_more_faces_in_a_batch_than_there_are() -> None:
    drawn = draw_faces(0, 0, 0, 0, 9, 4)
    assert sorted(drawn[:4]) == sorted(drawn[4:8]) == [0, 1, 2, 3]


def test_feature_random_numbers_are_all_different() -> None:
    places = [(seed, turn, step) for seed in (0, 1, 2**40) for turn in (0, 1) for step in (0, 1, 10**6)]
    numbers = [random_numbers(*place) for place in places]
    assert all(value.dtype == np.int32 and value.shape == (2, 2) for value in numbers)
    assert len({row.tobytes() for value in numbers for row in value}) == 2 * len(places)
    assert (random_numbers(*places[3]) == numbers[3]).all()


def test_feature_faces_in_device_memory_give_the_same() -> None:
    rng = np.random.default_rng(0)
    faces = {
        name: TrainingFaces(
            rng.integers(0, 256, (4, 16, 16, 3)).astype(np.uint8),
            np.broadcast_to(np.uint8(255), (4, 16, 16, 3)),
        )
        for name in ("source", "target")
    }
    losses = []
    for resident in (False, True):
        model = Game()
        model.load()
        player = model.players()[0]
        update = Update(player, model.networks)
        adapter = make_adapter(model, augmentation(SIZE, Variation(), Warp()), faces, resident=resident)
        indices = {name: np.array([2, 0], np.int64) for name in faces}
        losses.append(_floats(adapter.move(update, indices, random_numbers(0, 0, 0), 0, 0.0)))
    assert losses[0] == losses[1]
    assert 0 < losses[0]["pull"] < 1


def test_feature_fresh_weights_follow_the_seed() -> None:
    from faceswap.plugins.train.models.mini import MiniModel

    weights = []
    for seed in (5, 5, 6):
        seed_weights(seed)
        networks = MiniModel(MiniModel.Options(width=0.05)).build()
        weights.append(read_arrays({name: network.variables for name, network in networks.items()}))
    assert all((weights[0][name] == weights[1][name]).all() for name in weights[0])
    assert any((weights[0][name] != weights[2][name]).any() for name in weights[0])


def test_feature_the_mini_model_learns() -> None:
    from faceswap.plugins.train.models.mini import MiniModel

    rng = np.random.default_rng(0)
    pictures = rng.integers(60, 90, (3, 128, 128, 3)).astype(np.uint8)
    faces = {name: TrainingFaces(pictures, pictures) for name in ("source", "target")}
    seed_weights(0)
    model = MiniModel(MiniModel.Options(width=0.1, learning_rate=2e-3))
    model.load()
    engine = Engine(model, faces, batch_size=3, seed=0, total=30)
    losses = [sum(_floats(engine.advance()).values()) for _ in range(15)]
    assert losses[-1] < 0.5 * losses[0]


def test_error_backend_without_an_adapter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "_ADAPTERS", {"another": ("another", "None")})
    with pytest.raises(PluginError, match=r"runs on the Keras backend another\. Received: KERAS_BACKEND=\w+$"):
        make_adapter(Game(), augmentation(SIZE, Variation(), Warp()), _faces())


@pytest.mark.slow
def test_feature_importing_keras_says_nothing(fresh_python: Callable[..., Any]) -> None:
    code = "from faceswap.core.training.backends import import_keras; import_keras()"
    done = fresh_python("-c", code, KERAS_BACKEND="tensorflow", TF_CPP_MIN_LOG_LEVEL="2")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_feature_importing_keras_still_raises(fresh_python: Callable[..., Any]) -> None:
    code = "from faceswap.core.training.backends import import_keras; import_keras()"
    done = fresh_python("-c", code, KERAS_BACKEND="nonsense")
    assert done.returncode == 1 and "nonsense" in done.stderr


class Grower(Game):
    """Its losses are computed otherwise after every second step, of two faces each; the second weight is in none."""

    def shown(self, faces: int) -> None:
        self.phase = faces // 4

    def losses(self, player: str, batch: Mapping[str, IdentityBatch], step: Step) -> dict[str, Any]:
        from keras import ops

        network = self.networks["first"]
        return {"phase": ops.sum(network.trainable_variables[0]) * 0 + float(self.phase)}


def test_feature_compiled_steps_are_made_anew_where_the_phase_changes() -> None:
    engine = _engine(model=Grower())
    engine.updates = engine.updates[:1]
    assert [_floats(engine.advance())["phase"] for _ in range(5)] == [0, 0, 1, 1, 2]
    assert engine.shown == 10


def test_error_a_player_whose_losses_do_not_depend_on_its_weights() -> None:
    engine = _engine(model=Grower())
    if engine.backend == "jax":
        pytest.skip("JAX answers with slopes of 0 where there are none")
    engine.updates = engine.updates[1:]
    with pytest.raises(PluginError, match="the losses of the player `two` depend on none of its weights"):
        engine.advance()
