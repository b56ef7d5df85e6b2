"""Several devices that share each batch on TensorFlow: what is done once on one device is done on each for its share.

All replicas hold the same weights. Each evaluates the losses of its share of the batch; the mean of their gradients is
that of the whole batch, and moves the weights everywhere alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import tensorflow as tf

from ..step import IdentityBatch

Tensor = Any


class Replicas:
    """The devices of a strategy; a single device is a strategy of one, for which all of this costs nothing.

    Args:
        strategy: The strategy in whose scope the model's variables were made.
    """

    def __init__(self, strategy: Any) -> None:
        self._strategy, self._divided = strategy, set[int]()
        self.count = int(strategy.num_replicas_in_sync)

    def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Calls a function on each device; of what `run` has returned, each is given its own."""
        return function(*arguments) if self.count == 1 else self._strategy.run(function, arguments)

    def first(self, answers: Any) -> Any:
        """What the first device answered."""
        if self.count == 1:
            return answers
        return tf.nest.map_structure(lambda answer: self._strategy.experimental_local_results(answer)[0], answers)

    def share(self, batch: Mapping[str, IdentityBatch]) -> Mapping[str, IdentityBatch]:
        """The share of a batch that is this device's."""
        if self.count == 1:
            return batch
        place = tf.distribute.get_replica_context().replica_id_in_sync_group

        def cut(part: Tensor) -> Tensor:
            return tf.reshape(part, (self.count, -1, *part.shape[1:]))[place]

        return {
            name: replace(whole, **{field.name: cut(getattr(whole, field.name)) for field in fields(whole)})
            for name, whole in batch.items()
        }

    def own_numbers(self, numbers: Tensor) -> Tensor:
        """The numbers of this device's random key, which draws other values than the other devices' keys."""
        if self.count == 1:
            return numbers
        place = tf.cast(tf.distribute.get_replica_context().replica_id_in_sync_group, numbers.dtype)
        return numbers + tf.stack([place, tf.zeros_like(place)])

    def mean(self, values: Any) -> Any:
        """The mean over the devices of each tensor in a structure."""
        if self.count == 1:
            return values
        context, reduction = tf.distribute.get_replica_context(), tf.distribute.ReduceOp.MEAN
        return tf.nest.map_structure(
            lambda value: None if value is None else context.all_reduce(reduction, value), values
        )

    def divided(self, gradients: Sequence[Tensor | None]) -> list[Tensor | None]:
        """Gradients by the number of devices, over which Keras' optimizers add them up."""
        return [None if gradient is None else gradient / self.count for gradient in gradients]

    def divide_clipping(self, optimizer: Any) -> None:
        """Makes an optimizer, which several players may share, clip divided gradients as it would clip whole ones."""
        if id(optimizer) in self._divided:
            return
        self._divided.add(id(optimizer))
        for name in ("clipnorm", "clipvalue", "global_clipnorm"):
            limit = getattr(optimizer, name)
            setattr(optimizer, name, None if limit is None else limit / self.count)
