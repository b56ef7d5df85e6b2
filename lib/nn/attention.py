"""Self-attention over the places of a map: what is far apart, such as the two eyes, can agree."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

Tensor = Any

_REDUCTION = 8
_LARGEST = 32


@keras.saving.register_keras_serializable(package="faceswap")
class SelfAttention(layers.Layer):
    """Adds to each place of a map what it finds at all places that it looks at: `[b h w c]` stays `[b h w c]`.

    Queries and keys (f and g of the paper) have an eighth of the channels. Neither they nor the values (h) have biases:
    one of the keys would cancel in the softmax. What is added has a learned factor that begins at 0, so that a new
    layer changes nothing. Maps above 32 pixels look at every fourth place only, the largest of four each, as the
    authors' program does: the cost grows with the places looked at.

    Reference:
        H. Zhang et al., Self-attention generative adversarial networks, ICML 2019, eq. 1-3.
    """

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the three 1x1 convolutions and the factor."""
        channels = int(input_shape[-1] or 0)
        inner = max(1, channels // _REDUCTION)
        self.query, self.key, self.value = (
            layers.Conv2D(count, 1, use_bias=False, data_format="channels_last", dtype=self.dtype_policy, name=name)
            for count, name in ((inner, "query"), (inner, "key"), (channels, "value"))
        )
        for conv in (self.query, self.key, self.value):
            conv.build(input_shape)
        self.factor = self.add_weight((), initializer="zeros", name="factor")

    def call(self, inputs: Tensor) -> Tensor:
        """Looks and adds."""
        height, width, channels = inputs.shape[1:]
        pooled = max(height, width) > _LARGEST
        queries = _places(self.query(inputs), pooled=False)  # [batch, places, channels / 8]
        keys, values = (_places(conv(inputs), pooled) for conv in (self.key, self.value))
        attention = ops.softmax(ops.matmul(queries, ops.transpose(keys, (0, 2, 1))), axis=-1)
        found = ops.reshape(ops.matmul(attention, values), (-1, height, width, channels))
        return inputs + self.factor * found

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """That of the input."""
        return input_shape


def _places(x: Tensor, pooled: bool) -> Tensor:
    """Lays a map in a line: `[batch height width channels]` to `[batch places channels]`."""
    x = ops.max_pool(x, 2, 2, data_format="channels_last") if pooled else x
    return ops.reshape(x, (-1, x.shape[1] * x.shape[2], x.shape[3]))
