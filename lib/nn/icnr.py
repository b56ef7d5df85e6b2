"""The first weights of a convolution before a pixel shuffle."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

Tensor = Any


@keras.saving.register_keras_serializable(package="faceswap")
class Icnr(keras.initializers.Initializer):
    """Normal weights that are alike for the pixels that a shuffle lays side by side, so that no checkerboard appears.

    Args:
        deviation: Their standard deviation.
        factor: By how much the shuffle enlarges each side.

    Reference:
        A. Aitken et al., Checkerboard artifact free sub-pixel convolution, arXiv:1707.02937, 2017.
    """

    def __init__(self, deviation: float, factor: int = 2) -> None:
        self.deviation, self.factor = deviation, factor

    def __call__(self, shape: tuple[int, ...], dtype: Any = None, **kwargs: Any) -> Tensor:
        """Makes a kernel `[height width inputs outputs]`; the outputs are a multiple of `factor` squared."""
        repeats = self.factor**2
        drawn = keras.initializers.RandomNormal(0, self.deviation)((*shape[:-1], shape[-1] // repeats), dtype=dtype)
        # `PixelShuffle` takes each of the pixels that lie side by side from the next block of channels.
        return ops.tile(drawn, (1, 1, 1, repeats))

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs to make an equal one."""
        return {"deviation": self.deviation, "factor": self.factor}
