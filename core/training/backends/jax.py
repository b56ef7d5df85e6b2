"""Training on JAX: one compiled pure function per player, from all variables and a batch to all variables after it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import jax
import keras
import numpy as np
from keras import ops

from ....lib.nn.keys import RandomKey
from ...kinds import Trainable
from ..faces import TrainingFaces
from ..step import StepNumbers
from ..update import Update, all_variables
from . import Prepare, prepared
from .stored import StoredFaces

Tensor = Any
Move = Callable[..., tuple[dict[str, Tensor], list[Tensor]]]


class JaxStep(StepNumbers):
    """The step that is being computed; see `core.training.step.Step`."""

    def gradient(self, function: Callable[..., Tensor], inputs: Tensor) -> Tensor:
        """Returns the gradient of the scalar `function(inputs)` with respect to `inputs`."""
        return jax.grad(function)(ops.convert_to_tensor(inputs))


class JaxAdapter:
    """Moves players with `jax.jit` and `jax.value_and_grad`.

    The variables keep their values between two moves, so that checkpoints, previews and `Trainable.at` need not know
    of JAX; during a move their memory is given to the compiled function.

    Args:
        model: The model, loaded.
        prepare: Makes an identity's share of a batch of its stored faces; becomes a part of the compiled function.
        faces: The training faces of each identity.
        resident: Whether the training faces are held in device memory; None decides by what fits.
    """

    def __init__(
        self, model: Trainable, prepare: Prepare, faces: Mapping[str, TrainingFaces], resident: bool | None = None
    ) -> None:
        self._model, self._prepare = model, prepare
        self._moves: dict[tuple[str, int], Move] = {}
        self.stored = StoredFaces(faces, jax.default_backend() != "cpu", resident)
        self._variables = all_variables(model.networks)
        self._distribution = keras.distribution.distribution()

    def move(
        self, update: Update, indices: Mapping[str, Any], keys: Any, number: int, progress: float, rate: float = 1.0
    ) -> dict[str, Tensor]:
        """Moves one player by one batch; see `Adapter.move`."""
        form = update.player.name, self._model.phase
        if form not in self._moves:
            self._moves[form] = self._compile(update)
        variables = [*self._variables, *update.variables]
        values = _apart([variable.value for variable in variables])
        numbers = np.int32(number), np.float32(progress), np.float32(rate)
        losses, values = self._moves[form](values, self._shared(self.stored.batch(indices)), keys, *numbers)
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        return losses

    def _shared(self, stored: Any) -> Any:
        """Lays each device's share of a batch into its memory; the compiler then divides the work."""
        if self._distribution is None:
            return stored

        def place(part: Tensor) -> Tensor:
            layout = self._distribution.get_data_layout(part.shape)
            return keras.distribution.distribute_tensor(part, layout)

        return jax.tree.map(place, stored)

    def _compile(self, update: Update) -> Move:
        """Makes the function of one player's move; it is compiled at the first call."""
        variables = [*self._variables, *update.variables]
        moving = [*update.weights, *update.player.optimizer.variables]

        def move(
            values: list[Tensor], stored: Any, keys: Tensor, number: Tensor, progress: Tensor, rate: Tensor
        ) -> tuple[dict[str, Tensor], list[Tensor]]:
            state = _State(variables, values)
            batch = prepared(self._prepare, stored, RandomKey(keys[0]))
            step = JaxStep(RandomKey(keys[1]), number, progress)

            def total(trained: list[Tensor]) -> tuple[Tensor, tuple[dict[str, Tensor], Tensor, dict[int, Tensor]]]:
                with state.scope(zip(update.weights, trained, strict=True)) as scope:
                    losses, total = update.losses(self._model, batch, step)
                return total, (losses, total, state.changed(scope, update.weights, trained))

            gradients, (losses, summed, assigned) = jax.grad(total, has_aux=True)(state.of(update.weights))
            with state.scope():
                finite = update.finite(summed, gradients)
            kept = state.of(moving)
            for place, value in assigned.items():
                state.values[place] = ops.where(finite, value, state.values[place])

            def take() -> list[Tensor]:
                with state.scope() as scope:
                    update.apply(gradients, rate)
                return [scope.get_current_value(variable) for variable in moving]

            state.put(moving, jax.lax.cond(finite, take, lambda: kept))
            with state.scope() as scope:
                update.count(finite, summed)
            state.put(update.own, [scope.get_current_value(variable) for variable in update.own])
            return losses, state.values

        compiled: Move = jax.jit(move, donate_argnums=0)
        return compiled


class _State:
    """The values of variables within a pure function."""

    def __init__(self, variables: Sequence[Any], values: Sequence[Tensor]) -> None:
        self.variables, self.values = variables, list(values)
        self._places = {id(variable): place for place, variable in enumerate(variables)}

    def scope(self, instead: Iterable[tuple[Any, Tensor]] = ()) -> Any:
        """Opens a scope in which the variables have these values, or others instead."""
        return keras.StatelessScope(state_mapping=[*zip(self.variables, self.values, strict=True), *instead])

    def of(self, variables: Sequence[Any]) -> list[Tensor]:
        """The values of some variables."""
        return [self.values[self._places[id(variable)]] for variable in variables]

    def put(self, variables: Sequence[Any], values: Sequence[Tensor]) -> None:
        """Gives some variables new values."""
        for variable, value in zip(variables, values, strict=True):
            self.values[self._places[id(variable)]] = value

    def changed(self, scope: Any, variables: Sequence[Any], values: Sequence[Tensor]) -> dict[int, Tensor]:
        """The values that were assigned in a scope, by place, where `variables` had other values from the start."""
        before = dict(enumerate(self.values))
        before |= {self._places[id(variable)]: value for variable, value in zip(variables, values, strict=True)}
        after = {place: scope.get_current_value(self.variables[place]) for place in before}
        return {place: value for place, value in after.items() if value is not before[place]}


def _apart(values: Sequence[Tensor]) -> list[Tensor]:
    """Copies arrays that stand there twice, as after `a.assign(b)`, since the memory of each is given away once."""
    single = {id(value): place for place, value in enumerate(values)}
    return [value if single[id(value)] == place else value.copy() for place, value in enumerate(values)]
