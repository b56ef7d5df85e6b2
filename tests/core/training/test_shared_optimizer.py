from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from faceswap import CropSpec
from faceswap.core.errors import OptionError, PluginError
from faceswap.core.kinds import TrainableModel
from faceswap.core.training.backends import seed_weights
from faceswap.core.training.checkpointing import resume, save_checkpoint
from faceswap.core.training.engine import Engine
from faceswap.core.training.faces import TrainingFaces
from faceswap.core.training.recipe import Recipe
from faceswap.core.training.step import IdentityBatch, Player, Step
from faceswap.lib import checkpoint

RATE, MOMENTUM = 0.1, 0.5


class Regularized(TrainableModel):
    """Two weights, pulled down in each step, and one of them up in every second one, by the same optimizer."""

    second_networks: tuple[str, ...] = ("only",)

    @property
    def crop(self) -> CropSpec:
        return CropSpec(8)

    def build(self) -> dict[str, Any]:
        import keras

        networks = {}
        for name in ("only", "other"):
            inputs = keras.Input((2,), name="x")
            layer = keras.layers.Dense(1, name="weight", bias_initializer="ones", kernel_initializer="ones")
            networks[name] = keras.Model(inputs, layer(inputs), name=name)
        return networks

    def players(self) -> list[Player]:
        import keras

        both = keras.optimizers.SGD(RATE, momentum=MOMENTUM)
        return [Player("main", ("only",), both), Player("rare", self.second_networks, both, interval=2)]

    def losses(self, player: str, batch: Mapping[str, IdentityBatch], step: Step) -> dict[str, Any]:
        from keras import ops

        kernel, bias = self.networks["only"].trainable_variables
        return {player: ops.sum(kernel) + ops.sum(bias) if player == "main" else -3.0 * ops.sum(kernel)}


def _engine(model: TrainableModel | None = None, **recipe: Any) -> Engine:
    seed_weights(0)
    model = model or Regularized()
    model.load()
    pictures = np.zeros((4, 16, 16, 3), np.uint8)
    faces = {name: TrainingFaces(pictures, pictures) for name in model.identities}
    return Engine(model, faces, batch_size=2, seed=0, total=10, recipe=Recipe(**recipe))


def _weights(engine: Engine) -> tuple[float, float]:
    kernel, bias = (np.asarray(variable) for variable in engine.model.networks["only"].trainable_variables)
    return float(kernel[0, 0]), float(bias[0])


def test_feature_players_that_share_an_optimizer_move_with_one_momentum() -> None:
    """In numpy: what a rare player's losses leave alone goes on by the momentum, which falls."""
    engine, expected, speed = _engine(), np.ones(2), np.zeros(2)
    for step in range(5):
        for slope in ([1.0, 1.0], *([[-3.0, 0.0]] if step % 2 == 0 else [])):
            speed = MOMENTUM * speed - RATE * np.array(slope)
            expected = expected + speed
        engine.advance()
        assert _weights(engine) == pytest.approx(tuple(expected), abs=1e-5)


def test_feature_a_shared_optimizer_is_saved_once_and_resumed(tmp_path: Path) -> None:
    straight = _engine(ema=0.9)
    for _ in range(3):
        straight.advance()
    save_checkpoint(tmp_path, straight, keep=1)
    names = checkpoint.load_latest(tmp_path).parts["optimizer"]
    assert {name.partition("/")[0] for name in names} == {"main"}
    resumed = _engine(ema=0.9)
    assert resume(tmp_path, resumed) == ()
    straight.advance()
    resumed.advance()
    assert _weights(resumed) == _weights(straight)
    with straight.averaged():
        averaged = _weights(straight)
    assert averaged != _weights(straight)


def test_error_players_of_other_networks_share_an_optimizer() -> None:
    class Other(Regularized):
        second_networks = ("other",)

    with pytest.raises(PluginError, match="`main` and `rare` share an optimizer, so they must move the same networks"):
        _engine(Other())


def test_error_accumulated_gradients_of_players_that_share_an_optimizer() -> None:
    with pytest.raises(OptionError, match=r"--accumulate must be 1 here: the players `main` and `rare` share"):
        _engine(accumulate=2)
