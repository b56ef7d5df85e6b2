"""A pool of pictures that a generator made earlier, so that its discriminator does not forget them."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers, ops

from .keys import RandomKey

Tensor = Any


@keras.saving.register_keras_serializable(package="faceswap")
class ImagePool(layers.Layer):
    """Remembers pictures, and gives half of the time an older one in place of the one that it is shown.

    The pictures are variables that nothing trains, so that checkpoints keep them and a resumed run is exact.

    Args:
        capacity: How many pictures are remembered.
        size: Their side in pixels.

    Reference:
        A. Shrivastava et al., Learning from simulated and unsupervised images through adversarial training, CVPR 2017,
        section 2.3; J.-Y. Zhu et al., arXiv:1703.10593, section 4, for 50 pictures.
    """

    def __init__(self, capacity: int, size: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.capacity, self.size = capacity, size
        # Devices that share a batch remember what the first one saw; a mean of pictures would be no picture.
        shared: dict[str, Any] = {"trainable": False, "initializer": "zeros", "aggregation": "only_first_replica"}
        self.pictures = self.add_weight(shape=(capacity, size, size, 3), dtype="float32", name="pictures", **shared)
        self.shown = self.add_weight(shape=(), dtype="int32", name="shown", **shared)
        self.built = True

    def draw(self, made: Tensor, key: RandomKey) -> Tensor:
        """Exchanges pictures with the pool.

        The first ones fill it and come back as they are. Afterwards each comes back as it is, or takes the place of one
        that comes back instead. Of a batch that is larger than the pool the rest comes back as it is.

        Args:
            made: The newest pictures, `[batch size size 3]`; the size of the batch is known when it is traced.
            key: The step's random key.

        Returns:
            Pictures to judge, like `made`.
        """
        count = min(int(made.shape[0]), self.capacity)
        new, pictures, shown = made[:count], ops.convert_to_tensor(self.pictures), ops.convert_to_tensor(self.shown)
        places, fills = self._places(shown, count, key)
        coins = keras.random.uniform((count,), seed=key) < 0.5
        old = ops.take(pictures, places, axis=0)
        exchanged = ops.reshape(ops.logical_and(ops.logical_not(fills), coins), (-1, 1, 1, 1))
        kept = ops.logical_or(exchanged, ops.reshape(fills, (-1, 1, 1, 1)))
        self.pictures.assign(ops.scatter_update(pictures, places[:, None], ops.where(kept, new, old)))
        self.shown.assign(ops.minimum(shown + count, self.capacity))
        return ops.concatenate([ops.where(exchanged, old, new), made[count:]], axis=0)

    def _places(self, shown: Tensor, count: int, key: RandomKey) -> tuple[Tensor, Tensor]:
        """A place of its own for each of `count` pictures, int32, and whether it is still empty."""
        numbers = ops.convert_to_tensor(np.arange(self.capacity, dtype=np.int32))
        chances = keras.random.uniform((self.capacity,), seed=key)
        # Empty places first, in order; then the others at random.
        order = ops.argsort(ops.where(numbers >= shown, ops.cast(numbers, "float32"), self.capacity + chances))
        places = ops.cast(order[:count], "int32")
        return places, places >= shown

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs to make an equal layer."""
        return {**super().get_config(), "capacity": self.capacity, "size": self.size}
