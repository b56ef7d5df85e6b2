"""Random keys: seeds for `keras.random` that hold no state, so that a draw depends on nothing but its key and place."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

Tensor = Any


class RandomKey(keras.random.SeedGenerator):
    """A seed for `keras.random` functions, made of two numbers that may be a traced tensor.

    `keras.random` accepts an integer, which cannot be traced, or a seed generator, whose state would have to be saved
    and restored. This one is a seed generator without state: its n-th draw is a function of the two numbers and n, so
    that the same code drawing from the same numbers gets the same values in every process.

    Args:
        value: The two numbers, int32 `[2]`, a tensor or an array.
    """

    def __init__(self, value: Tensor) -> None:
        # The base class is not called: it would make the variable that this class does without.
        self.value = ops.cast(value, "uint32" if keras.backend.backend() == "jax" else "int32")
        self._draws = 0

    def of(self, place: int) -> RandomKey:
        """The key of one of several parts that are drawn for by the same code; each draws other values."""
        return RandomKey(self.value + ops.cast(np.array([place, 0]), self.value.dtype))

    def next(self, ordered: bool = True) -> Tensor:
        """Gives the numbers of the next draw; called by the `keras.random` functions."""
        draw = np.array([0, self._draws])
        self._draws += 1
        return self.value + ops.cast(draw, self.value.dtype)
