"""Training on TensorFlow: one graph per player that augments, evaluates the losses, differentiates and applies.

What becomes a graph is not converted by AutoGraph: losses run on three backends, so that they hold no Python that
branches on tensors, and to convert them took a fifth of the time before the first step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import lru_cache, partial
from typing import Any

import keras
import tensorflow as tf

from ....lib.nn.keys import RandomKey
from ...kinds import Trainable
from ..faces import TrainingFaces
from ..step import IdentityBatch, StepNumbers
from ..update import Update, all_variables
from . import Prepare, prepared
from .replicas import Replicas
from .stored import StoredFaces

Tensor = Any


class TensorFlowStep(StepNumbers):
    """The step that is being computed; see `core.training.step.Step`."""

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
        prepare: Makes an identity's share of a batch of its stored faces; becomes a part of the graph.
        faces: The training faces of each identity.
        resident: Whether the training faces are held in device memory; None decides by what fits.
    """

    def __init__(
        self, model: Trainable, prepare: Prepare, faces: Mapping[str, TrainingFaces], resident: bool | None = None
    ) -> None:
        _fix_graphs()
        self._model, self._prepare = model, _graph_of(prepare)
        self._variables = all_variables(model.networks)
        self._moves: dict[tuple[str, int], Callable[..., dict[str, Tensor]]] = {}
        self._replicas = Replicas(tf.distribute.get_strategy())
        self.stored = StoredFaces(faces, bool(tf.config.list_physical_devices("GPU")), resident)

    def move(
        self, update: Update, indices: Mapping[str, Any], keys: Any, number: int, progress: float, rate: float = 1.0
    ) -> dict[str, Tensor]:
        """Moves one player by one batch; see `Adapter.move`."""
        form = update.player.name, self._model.phase
        if form not in self._moves:
            self._moves[form] = self._compile(update)
        stored = self.stored.batch(indices)
        return self._moves[form](
            stored,
            tf.constant(keys),
            tf.constant(number, tf.int32),
            tf.constant(progress, tf.float32),
            tf.constant(rate, tf.float32),
        )

    def _compile(self, update: Update) -> Callable[..., dict[str, Tensor]]:
        """Builds the graph of one player's move; it is traced at the first call."""
        replicas = self._replicas
        replicas.divide_clipping(update.player.optimizer)
        take = self._taking(update)

        def move(stored: Any, keys: Tensor, number: Tensor, progress: Tensor, rate: Tensor) -> dict[str, Tensor]:
            batch = prepared(self._prepare, stored, RandomKey(keys[0]))
            parts = replicas.run(
                lambda: self._evaluate(update, replicas.share(batch), keys[1], StepNumbers(None, number, progress))
            )
            losses: dict[str, Tensor] = replicas.first(parts[0])
            total, gradients = (replicas.first(part) for part in parts[1:3])
            finite = update.finite(total, gradients)
            tf.cond(finite, lambda: replicas.run(take, *parts[2:], rate), lambda: None)
            update.count(finite, total)
            return losses

        compiled: Callable[..., dict[str, Tensor]] = tf.function(move, autograph=False)
        return compiled

    def _evaluate(
        self, update: Update, batch: Mapping[str, IdentityBatch], numbers: Tensor, step: StepNumbers
    ) -> tuple[dict[str, Tensor], Tensor, list[Tensor | None], list[Tensor | None]]:
        """Returns the losses, what is differentiated, the gradients, and what the losses assigned to variables.

        What they assign, as moving statistics, is held back until the step is known to be sound.
        """
        key = RandomKey(self._replicas.own_numbers(numbers))
        with tf.GradientTape() as tape, keras.StatelessScope() as scope:
            losses, total = update.losses(self._model, batch, TensorFlowStep(key, step.number, step.progress))
        gradients = tape.gradient(total, [weight.value for weight in update.weights])
        assigned = [scope.get_current_value(variable) for variable in self._variables]
        return (*self._replicas.mean((losses, total, gradients)), assigned)

    def _taking(self, update: Update) -> Callable[[list[Tensor | None], list[Tensor | None], Tensor], None]:
        """`_take` of a player; in long runs on one processor compiled, so that it goes through the weights once.

        An optimizer is a dozen sums and products of arrays as large as the weights, each of which is a pass through
        memory otherwise. GPUs have the bandwidth, and compiling for them needs parts of CUDA that may not be there.
        """
        take = partial(self._take, update)
        compiled = update.worth_compiling and self._replicas.count == 1 and not tf.config.list_physical_devices("GPU")
        return tf.function(take, jit_compile=True, autograph=False) if compiled else take

    def _take(
        self, update: Update, gradients: list[Tensor | None], assigned: list[Tensor | None], rate: Tensor
    ) -> None:
        """Takes a step whose gradients are sound."""
        for variable, value in zip(self._variables, assigned, strict=True):
            if value is not None:
                variable.assign(value)
        update.apply(self._replicas.divided(gradients), rate)


@lru_cache
def _graph_of(prepare: Prepare) -> Prepare:
    """Makes one graph of `prepare`, which all identities, players and phases share.

    To trace it anew for each of them took up to a third of the time before the first step, most with small networks.
    """
    names = [field.name for field in fields(IdentityBatch)]

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def parts(faces: Tensor, masks: Tensor, numbers: Tensor) -> list[Tensor]:
        share = prepare(faces, masks, RandomKey(numbers))
        return [getattr(share, name) for name in names]

    return lambda faces, masks, key: IdentityBatch(*parts(faces, masks, key.value))


def _fix_graphs() -> None:
    """Turns off the graph rewriting that is not the same for every graph.

    The rewritten graph may sum a weight's gradients in another order than the last one made of the same model, so that
    a resumed run would not repeat an uninterrupted one bit for bit. On processors none of it saves time (measured on
    four models: 0.99 to 1.04 of a step), so all is off. On GPUs what chooses the layout of convolutions stays; the
    arithmetic optimizer reorders sums, and the remapper fails on these graphs and says so.
    """
    on_processor = not tf.config.list_physical_devices("GPU")
    tf.config.optimizer.set_experimental_options(
        {"disable_meta_optimizer": on_processor, "arithmetic_optimization": False, "remapping": False}
    )
