"""Training steps as somebody would write them by hand for one backend, on a batch that lies ready.

The players' losses and optimizers are the plugin's, and so are the turns. What is left out is all that the engine adds:
drawing and augmenting faces, the guard against steps that are not finite, schedules, schemes of precision.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..kinds import Trainable
from ..training.step import IdentityBatch, Player

Tensor = Any
Batch = Mapping[str, Mapping[str, Tensor]]
"""For each identity the parts of an `IdentityBatch` by name."""
Move = Callable[[Any, int], Tensor]
"""A player's move, from the numbers of a random key, int32 `[2]`, and the step's number to the sum of its losses."""


def make_bare_step(model: Trainable, batch: Batch) -> Callable[[int], Tensor]:
    """Makes a function that does the step of a number, from 0, and returns a loss that may still be under computation.

    Args:
        model: The model, loaded.
        batch: The batch that every step takes, float32 arrays.
    """
    import numpy as np
    from keras import backend, ops

    players = model.players()
    for player in players:
        if not player.optimizer.built:
            player.optimizer.build(weights_of(model, player))
    ready = {
        name: {part: ops.convert_to_tensor(value) for part, value in parts.items()} for name, parts in batch.items()
    }
    moves = {"tensorflow": _on_tensorflow, "torch": _on_torch, "jax": _on_jax}[backend.backend()](model, players, ready)

    def step(number: int) -> Tensor:
        numbers, loss = np.array([number, 0], np.int32), None
        for player, move in zip(players, moves, strict=True):
            if number % player.interval == 0:
                loss = move(numbers, number)
        return loss

    return step


def weights_of(model: Trainable, player: Player) -> list[Any]:
    """The weights that a player moves."""
    return [weight for name in player.networks for weight in model.networks[name].trainable_variables]


def _on_tensorflow(model: Trainable, players: Sequence[Player], batch: Batch) -> list[Move]:
    """One graph for each player."""
    import tensorflow as tf

    from ...lib.nn.keys import RandomKey
    from ..training.backends.tensorflow import TensorFlowStep

    def made(player: Player) -> Move:
        weights = weights_of(model, player)

        @tf.function  # type: ignore[untyped-decorator]
        def graph(numbers: Tensor, number: Tensor) -> Tensor:
            step = TensorFlowStep(RandomKey(numbers), number, tf.zeros(()))
            with tf.GradientTape() as tape:
                total = _total(model, player, batch, step)
            gradients = tape.gradient(total, [weight.value for weight in weights])
            player.optimizer.apply(_filled(gradients, weights), weights)
            return total

        return lambda numbers, number: graph(tf.constant(numbers), tf.constant(number, tf.int32))

    return [made(player) for player in players]


def _on_torch(model: Trainable, players: Sequence[Player], batch: Batch) -> list[Move]:
    """Evaluated as it is written."""
    import torch
    from keras import ops

    from ...lib.nn.keys import RandomKey
    from ..training.backends.torch import TorchStep

    def made(player: Player) -> Move:
        weights = weights_of(model, player)

        def move(numbers: Any, number: int) -> Tensor:
            step = TorchStep(RandomKey(numbers), ops.convert_to_tensor(number, "int32"), ops.zeros(()))
            total = _total(model, player, batch, step)
            gradients = torch.autograd.grad(total, [weight.value for weight in weights], allow_unused=True)
            with torch.no_grad():
                player.optimizer.apply(_filled(gradients, weights), weights)
            return total.detach()

        return move

    return [made(player) for player in players]


def _on_jax(model: Trainable, players: Sequence[Player], batch: Batch) -> list[Move]:
    """One pure function for each player, from all values to all values; what goes in is given away."""
    import jax
    import keras
    from keras import ops

    from ...lib.nn.keys import RandomKey
    from ..training.backends.jax import JaxStep
    from ..training.update import all_variables

    variables = all_variables(model.networks)
    values = [ops.copy(variable.value) for variable in variables]
    moments = {id(player.optimizer): [ops.copy(one.value) for one in player.optimizer.variables] for player in players}

    def made(player: Player) -> Move:
        places = {id(variable): place for place, variable in enumerate(variables)}
        moved = [places[id(weight)] for weight in weights_of(model, player)]

        def pure(values: list[Tensor], moments: list[Tensor], batch: Batch, numbers: Tensor, number: Tensor) -> Any:
            def total(trained: list[Tensor]) -> tuple[Tensor, tuple[Tensor, list[Tensor]]]:
                given = list(values)
                for place, value in zip(moved, trained, strict=True):
                    given[place] = value
                with keras.StatelessScope(state_mapping=list(zip(variables, given, strict=True))) as scope:
                    loss = _total(model, player, batch, JaxStep(RandomKey(numbers), number, ops.zeros(())))
                return loss, (loss, [scope.get_current_value(variable) for variable in variables])

            trained = [values[place] for place in moved]
            gradients, (loss, after) = jax.grad(total, has_aux=True)(trained)
            trained, moments = player.optimizer.stateless_apply(moments, gradients, trained)
            for place, value in zip(moved, trained, strict=True):
                after[place] = value
            return loss, after, moments

        compiled, own = jax.jit(pure, donate_argnums=(0, 1)), id(player.optimizer)

        def move(numbers: Any, number: int) -> Tensor:
            loss, values[:], moments[own] = compiled(values, moments[own], batch, numbers, number)
            return loss

        return move

    return [made(player) for player in players]


def _total(model: Trainable, player: Player, batch: Batch, step: Any) -> Tensor:
    from keras import ops

    shares = {name: IdentityBatch(**parts) for name, parts in batch.items()}
    return sum(ops.cast(loss, "float32") for loss in model.losses(player.name, shares, step).values())


def _filled(gradients: Sequence[Tensor | None], weights: Sequence[Any]) -> list[Tensor]:
    """Gradients, with zeros for weights that are in no loss."""
    from keras import ops

    pairs = zip(gradients, weights, strict=True)
    return [ops.zeros_like(weight) if gradient is None else gradient for gradient, weight in pairs]
