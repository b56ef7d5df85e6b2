"""Training on TensorFlow: one graph per player that augments, evaluates the losses, differentiates and applies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from ....lib.nn.keys import RandomKey
from ...kinds import Trainable
from ..faces import TrainingFaces
from ..step import Player
from . import Prepare
from .stored import StoredFaces

Tensor = Any


@dataclass(eq=False)
class TensorFlowStep:
    """The step that is being computed; see `core.training.step.Step`."""

    key: RandomKey
    number: Tensor
    progress: Tensor

    def gradient(self, function: Callable[..., Tensor], inputs: Tensor) -> Tensor:
        """Returns the gradient of the scalar `function(inputs)` with respect to `inputs`."""
        inputs = tf.convert_to_tensor(inputs)
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            value = function(inputs)
        return tape.gradient(value, inputs)


class TensorFlowAdapter:
    """Moves players with `tf.function` and `GradientTape`.

    Args:
        model: The model, loaded.
        prepare: Makes a batch of stored faces; becomes a part of the graph.
        faces: The training faces of each identity.
        resident: Whether the training faces are held in device memory; None decides by what fits.
    """

    def __init__(
        self, model: Trainable, prepare: Prepare, faces: Mapping[str, TrainingFaces], resident: bool | None = None
    ) -> None:
        _fix_graphs()
        self._model, self._prepare = model, prepare
        self._moves: dict[str, Callable[..., dict[str, Tensor]]] = {}
        self._stored = StoredFaces(faces, bool(tf.config.list_physical_devices("GPU")), resident)

    def move(
        self, player: Player, indices: Mapping[str, Any], keys: Any, number: int, progress: float
    ) -> dict[str, Tensor]:
        """Moves one player by one batch; see `Adapter.move`."""
        if player.name not in self._moves:
            self._moves[player.name] = self._compile(player)
        stored = self._stored.batch(indices)
        return self._moves[player.name](
            stored, tf.constant(keys), tf.constant(number, tf.int32), tf.constant(progress, tf.float32)
        )

    def _compile(self, player: Player) -> Callable[..., dict[str, Tensor]]:
        """Builds the graph of one player's move; it is traced at the first call."""
        networks = [self._model.networks[name] for name in player.networks]
        variables = [variable for network in networks for variable in network.trainable_variables]

        def move(stored: Any, keys: Tensor, number: Tensor, progress: Tensor) -> dict[str, Tensor]:
            batch = self._prepare(stored, RandomKey(keys[0]))
            step = TensorFlowStep(RandomKey(keys[1]), number, progress)
            with tf.GradientTape() as tape:
                losses = dict(self._model.losses(player.name, batch, step))
                total = tf.add_n([tf.cast(loss, tf.float32) for loss in losses.values()])
            gradients = tape.gradient(total, [variable.value for variable in variables])
            player.optimizer.apply(gradients, variables)
            return losses

        compiled: Callable[..., dict[str, Tensor]] = tf.function(move)
        return compiled


def _fix_graphs() -> None:
    """Turns off the graph rewriting that is not the same in every process.

    The arithmetic optimizer may sum gradients in another order from process to process, so that a resumed run would
    not repeat an uninterrupted one bit for bit. The remapper fails on these graphs, and says so. Neither saves time.
    """
    tf.config.optimizer.set_experimental_options({"arithmetic_optimization": False, "remapping": False})
