"""Numbers that training keeps from step to step, as variables of a network, so that checkpoints hold them."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

Tensor = Any


@keras.saving.register_keras_serializable(package="faceswap")
class Scalars(layers.Layer):
    """Float32 numbers by name, which nothing trains; all begin at 0.

    Args:
        names: Their names.
    """

    def __init__(self, names: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.names = tuple(names)
        self._scalars = [self._made(name) for name in self.names]
        self.built = True

    def __getitem__(self, name: str) -> Tensor:
        """The number of a name, a scalar tensor."""
        return ops.convert_to_tensor(self._variable(name))

    def assign(self, name: str, value: Tensor) -> None:
        """Gives a number a new value."""
        self._variable(name).assign(value)

    def _made(self, name: str) -> Any:
        return self.add_weight(
            shape=(), initializer="zeros", dtype="float32", trainable=False, aggregation="mean", name=name
        )

    def _variable(self, name: str) -> Any:
        return self._scalars[self.names.index(name)]

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs to make an equal layer."""
        return {**super().get_config(), "names": self.names}
