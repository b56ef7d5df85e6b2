"""How much the pictures of a batch differ, shown to the discriminator, so that all alike are known for made."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

Tensor = Any

_EPSILON = 1e-8


@keras.saving.register_keras_serializable(package="faceswap")
class MinibatchDeviation(layers.Layer):
    """Adds a channel: the mean standard deviation over groups of pictures; `[b h w c]` becomes `[b h w c+1]`.

    Args:
        group: Pictures of a group; where the batch is no multiple of it, the largest number below of which it is.

    Reference:
        T. Karras et al., Progressive growing of GANs, ICLR 2018, section 3; groups of 4 as in StyleGAN2.
    """

    def __init__(self, group: int = 4, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.group = group

    def call(self, inputs: Tensor) -> Tensor:
        """Measures each group and appends what came out to all of its pictures, at every pixel."""
        _, *picture = inputs.shape
        # Members of a group lie apart by the number of groups: group first, as in the reference.
        grouped = ops.reshape(inputs, (self._size(inputs.shape[0]), -1, *picture))
        grouped = ops.cast(grouped, "float32")
        variance = ops.mean(ops.square(grouped - ops.mean(grouped, axis=0, keepdims=True)), axis=0, keepdims=True)
        deviation = ops.mean(ops.sqrt(variance + _EPSILON), axis=(2, 3, 4), keepdims=True)  # [1, groups, 1, 1, 1]
        channel = ops.reshape(deviation * ops.ones_like(grouped[..., :1]), (-1, *picture[:-1], 1))
        return ops.concatenate([inputs, ops.cast(channel, inputs.dtype)], axis=-1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """The shape of the answer."""
        return (*input_shape[:-1], None if input_shape[-1] is None else input_shape[-1] + 1)

    def _size(self, batch: int | None) -> int:
        """The pictures of a group; a batch of unknown size must be a multiple of it."""
        if batch is None:
            return self.group
        return next(size for size in range(self.group, 0, -1) if batch % size == 0)

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs to make an equal layer."""
        return {**super().get_config(), "group": self.group}
