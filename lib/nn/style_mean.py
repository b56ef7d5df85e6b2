"""The running mean of styles, towards which they are drawn when fewer and better faces are wanted."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

Tensor = Any


@keras.saving.register_keras_serializable(package="faceswap")
class StyleMean(layers.Layer):
    """Passes styles on; in training it remembers their mean over the batches so far.

    Args:
        decay: What is kept of the mean at each batch.

    Reference:
        T. Karras et al., A style-based generator architecture for GANs, CVPR 2019 (arXiv:1812.04948), appendix B; 0.995
        as in the authors' program.
    """

    def __init__(self, decay: float = 0.995, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.decay = decay

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Makes the mean."""
        shape = (input_shape[-1],)
        self.mean = self.add_weight(
            shape=shape, initializer="zeros", trainable=False, aggregation="mean", name="running_mean"
        )

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        """Returns the styles as they are."""
        if training:
            mean = ops.convert_to_tensor(self.mean)
            self.mean.assign(mean + (1 - self.decay) * (ops.mean(ops.stop_gradient(inputs), axis=0) - mean))
        return inputs

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs to make an equal layer."""
        return {**super().get_config(), "decay": self.decay}
