"""A game of two players that share an optimizer and a counter: the losses of six bare steps, printed by `main`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from faceswap import CropSpec
from faceswap.core.bench.bare_steps import make_bare_step
from faceswap.core.kinds import Trainable
from faceswap.core.training.step import IdentityBatch, Player, Step

RATE, MOMENTUM = 0.1, 0.5
STEPS = 6


class CountingGame(Trainable):
    """Two weights, pulled down in each step, and one of them up in every third one; a counter counts all moves."""

    identities = ("only",)

    @property
    def crop(self) -> CropSpec:
        return CropSpec(8)

    def build(self) -> dict[str, Any]:
        import keras

        from faceswap.lib.nn.scalars import Scalars

        inputs = keras.Input((1,), name="x")
        layer = keras.layers.Dense(1, name="weight", bias_initializer="ones", kernel_initializer="ones")
        return {"only": keras.Model(inputs, layer(inputs), name="only"), "state": Scalars(("count",), name="state")}

    def players(self) -> list[Player]:
        import keras

        both = keras.optimizers.SGD(RATE, momentum=MOMENTUM)
        return [Player("rare", ("only",), both, interval=3), Player("main", ("only",), both)]

    def losses(self, player: str, batch: Mapping[str, IdentityBatch], step: Step) -> dict[str, Any]:
        from keras import ops

        kernel, bias = self.networks["only"].trainable_variables
        state = self.networks["state"]
        state.assign("count", state["count"] + 1)
        if player == "rare":
            return {"rare": -3.0 * ops.sum(kernel)}
        return {"main": ops.sum(kernel) + ops.mean(batch["only"].mask) * ops.sum(bias), "count": state["count"]}


def expected_losses() -> list[float]:
    """The same in numpy: the mask is 2 everywhere, so that the bias is pulled twice as hard."""
    weights, speed, count, told = np.ones(2), np.zeros(2), 0, []
    for step in range(STEPS):
        for slope in ([[-3.0, 0.0]] if step % 3 == 0 else []) + [[1.0, 2.0]]:
            count += 1
            loss = weights[0] + 2 * weights[1] + count
            speed = MOMENTUM * speed - RATE * np.array(slope)
            weights = weights + speed
        told.append(loss)
    return told


def bare_losses() -> list[float]:
    """The loss of the player that moves last, of each step."""
    game = CountingGame()
    game.load()
    part = np.full((4, 8, 8, 1), 2.0, np.float32)
    step = make_bare_step(game, {"only": dict.fromkeys(("input", "goal", "mask", "eyes", "mouth"), part)})
    return [float(step(number)) for number in range(STEPS)]


if __name__ == "__main__":
    print(*bare_losses())
