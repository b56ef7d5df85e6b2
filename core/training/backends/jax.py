"""Training on JAX: one compiled pure function per player, from all variables and a batch to all variables after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import keras
import numpy as np
from keras import ops

from ....lib.nn.keys import RandomKey
from ...kinds import Trainable
from ..faces import TrainingFaces
from ..step import Player
from . import Prepare
from .stored import StoredFaces

Tensor = Any
Move = Callable[..., tuple[dict[str, Tensor], list[Tensor]]]


@dataclass(eq=False)
class JaxStep:
    """The step that is being computed; see `core.training.step.Step`."""

    key: RandomKey
    number: Tensor
    progress: Tensor

    def gradient(self, function: Callable[..., Tensor], inputs: Tensor) -> Tensor:
        """Returns the gradient of the scalar `function(inputs)` with respect to `inputs`."""
        return jax.grad(function)(ops.convert_to_tensor(inputs))


class JaxAdapter:
    """Moves players with `jax.jit` and `jax.value_and_grad`.

    The variables keep their values between two moves, so that checkpoints, previews and `Trainable.at` need not know
    of JAX; during a move their memory is given to the compiled function.

    Args:
        model: The model, loaded.
        prepare: Makes a batch of stored faces; becomes a part of the compiled function.
        faces: The training faces of each identity.
        resident: Whether the training faces are held in device memory; None decides by what fits.
    """

    def __init__(
        self, model: Trainable, prepare: Prepare, faces: Mapping[str, TrainingFaces], resident: bool | None = None
    ) -> None:
        self._model, self._prepare = model, prepare
        self._moves: dict[str, Move] = {}
        self._stored = StoredFaces(faces, jax.default_backend() != "cpu", resident)
        everything = (variable for network in model.networks.values() for variable in network.variables)
        self._variables = list({id(variable): variable for variable in everything}.values())

    def move(
        self, player: Player, indices: Mapping[str, Any], keys: Any, number: int, progress: float
    ) -> dict[str, Tensor]:
        """Moves one player by one batch; see `Adapter.move`."""
        if player.name not in self._moves:
            self._moves[player.name] = self._compile(player)
        variables = [*self._variables, *player.optimizer.variables]
        values = _apart([variable.value for variable in variables])
        stored = self._stored.batch(indices)
        losses, values = self._moves[player.name](values, stored, keys, np.int32(number), np.float32(progress))
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        return losses

    def _compile(self, player: Player) -> Move:
        """Makes the function of one player's move; it is compiled at the first call."""
        owned = [variable for name in player.networks for variable in self._model.networks[name].trainable_variables]
        places = {id(variable): place for place, variable in enumerate(self._variables)}
        own, count = [places[id(variable)] for variable in owned], len(self._variables)

        def move(
            values: list[Tensor], stored: Any, keys: Tensor, number: Tensor, progress: Tensor
        ) -> tuple[dict[str, Tensor], list[Tensor]]:
            weights, optimizer = values[:count], values[count:]
            batch = self._prepare(stored, RandomKey(keys[0]))
            step = JaxStep(RandomKey(keys[1]), number, progress)

            def total(trained: list[Tensor]) -> tuple[Tensor, tuple[dict[str, Tensor], list[Tensor]]]:
                known = [*zip(self._variables, weights, strict=True), *zip(owned, trained, strict=True)]
                with keras.StatelessScope(state_mapping=known) as scope:
                    losses = dict(self._model.losses(player.name, batch, step))
                after = [scope.get_current_value(variable) for variable in self._variables]
                return sum(ops.cast(loss, "float32") for loss in losses.values()), (losses, after)

            gradients, (losses, after) = jax.grad(total, has_aux=True)(_at(weights, own))
            trained, optimizer = player.optimizer.stateless_apply(optimizer, gradients, _at(after, own))
            for place, value in zip(own, trained, strict=True):
                after[place] = value
            return losses, [*after, *optimizer]

        compiled: Move = jax.jit(move, donate_argnums=0)
        return compiled


def _apart(values: Sequence[Tensor]) -> list[Tensor]:
    """Copies arrays that stand there twice, as after `a.assign(b)`, since the memory of each is given away once."""
    single = {id(value): place for place, value in enumerate(values)}
    return [value if single[id(value)] == place else value.copy() for place, value in enumerate(values)]


def _at(values: Sequence[Tensor], places: Sequence[int]) -> list[Tensor]:
    return [values[place] for place in places]
