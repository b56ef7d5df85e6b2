"""The other side of `bench train`: the same networks, losses and optimizers on ready batches, without the engine.

A model of one player is trained by Keras's own `train_on_batch`. Several players, and losses that draw random numbers
as those of generators do, are beyond it: their steps are those of `bare_steps`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ..kinds import Trainable, TrainableModel
from ..training.step import IdentityBatch
from .bare_steps import make_bare_step
from .train_sides import Case, calibrate, cycle_of, load

_CHANNELS = {"input": 3, "goal": 3, **dict.fromkeys(("mask", "eyes", "mouth"), 1)}
"""What a batch holds of an identity."""


def make_plain(case: Case, seconds: float) -> Callable[[], float]:
    """Prepares turns of plain steps; each answers with the seconds of a step.

    Args:
        case: What is trained.
        seconds: How long a turn shall be at least.
    """
    model = load(case)
    players = model.players()
    by_keras = isinstance(model, TrainableModel) and len(players) == 1
    stepping = _by_keras(model, case.batch_size) if by_keras else _by_hand(model, case.batch_size)
    steps = calibrate(stepping, seconds, cycle_of(players))
    return lambda: stepping(steps) / steps


def _by_keras(model: TrainableModel, batch_size: int) -> Callable[[int], float]:
    """Steps of `train_on_batch`."""
    import numpy as np

    plain, generator, goal = plain_model(model, batch_size), np.random.default_rng(0), np.zeros((1, 1), np.float32)
    inputs = {shown.name: generator.random(shown.shape, dtype=np.float32) for shown in plain.inputs}

    def stepping(steps: int) -> float:
        began = time.perf_counter()
        for _ in range(steps):
            loss = plain.train_on_batch(inputs, goal)
        float(loss)
        return time.perf_counter() - began

    return stepping


def _by_hand(model: Trainable, batch_size: int) -> Callable[[int], float]:
    """Steps of `bare_steps`."""
    import numpy as np

    generator, size, done = np.random.default_rng(0), model.crop.size, 0
    batch = {
        name: {
            part: generator.random((batch_size, size, size, channels), dtype=np.float32)
            for part, channels in _CHANNELS.items()
        }
        for name in model.identities
    }
    step = make_bare_step(model, batch)

    def stepping(steps: int) -> float:
        nonlocal done
        began = time.perf_counter()
        for number in range(done, done + steps):
            loss = step(number)
        float(loss)
        done += steps
        return time.perf_counter() - began

    return stepping


def plain_model(model: TrainableModel, batch_size: int) -> Any:
    """A Keras model from batches to the sum of the losses of a model's only player, which is its loss.

    Args:
        model: The model, loaded.
        batch_size: Faces of each person.

    Returns:
        A compiled Keras model. Its inputs are a dict `identity_part` -> float32 `[batch size size channels]`.
    """
    import keras
    from keras import ops

    from .flops import CountedStep

    (player,), size = model.players(), model.crop.size
    inputs = {
        f"{name}_{part}": keras.Input((size, size, channels), batch_size=batch_size, name=f"{name}_{part}")
        for name in model.identities
        for part, channels in _CHANNELS.items()
    }
    batch = {name: IdentityBatch(**{part: inputs[f"{name}_{part}"] for part in _CHANNELS}) for name in model.identities}
    losses = model.losses(player.name, batch, CountedStep(None)).values()
    plain = keras.Model(inputs, ops.reshape(sum(ops.cast(loss, "float32") for loss in losses), (1, 1)))
    plain.compile(optimizer=player.optimizer, loss=lambda goal, loss: loss)
    return plain
