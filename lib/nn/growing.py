"""Networks that grow while they are trained: each doubling is blended in slowly.

Convention:
    Pictures are `[batch height width channels]`.

Reference:
    T. Karras et al., Progressive growing of GANs, ICLR 2018 (arXiv:1710.10196), section 2 and figure 2, for the
    blending, its resampling and its pace, and section 3 of appendix A.1 for real pictures, which are blended likewise.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops

Tensor = Any


def grown(faces: int, pace: float, most: int) -> tuple[int, float]:
    """How far networks have grown, when each size is blended in over so many faces and then trained by as many.

    Args:
        faces: How many faces they have been shown; the first `pace` of them train the first size.
        pace: The faces of each of the two; 0 where networks are full-grown from the start.
        most: The doublings of full-grown networks.

    Returns:
        How many doublings have begun, and how far the last one is blended in, 0..1.
    """
    phase, within = divmod(faces / pace, 1.0) if pace else (2 * most, 0.0)
    doublings = int(phase + 1) // 2
    return (doublings, within if phase % 2 else 1.0) if doublings <= most else (most, 1.0)


def doubled(x: Tensor) -> Tensor:
    """Repeats each pixel: `[b h w c]` becomes `[b 2h 2w c]`."""
    return ops.repeat(ops.repeat(x, 2, axis=1), 2, axis=2)


def halved(x: Tensor) -> Tensor:
    """Takes the mean of each four pixels: `[b 2h 2w c]` becomes `[b h w c]`."""
    _, height, width, channels = x.shape
    return ops.mean(ops.reshape(x, (-1, height // 2, 2, width // 2, 2, channels)), axis=(2, 4))


def seen_at(x: Tensor, side: int, fade: Tensor) -> Tensor:
    """Real pictures as networks see them that have grown to a side, blended as theirs are.

    Args:
        x: Pictures, squares whose side is a power of two.
        side: The side to which they are brought.
        fade: How far the last doubling is blended in, 0..1.
    """
    while x.shape[1] > side:
        x = halved(x)
    smaller = doubled(halved(x))
    return smaller + (x - smaller) * fade


@keras.saving.register_keras_serializable(package="faceswap")
class DoubleNearest(layers.Layer):
    """`doubled` as a layer."""

    def call(self, inputs: Tensor) -> Tensor:
        """Doubles pictures."""
        return doubled(inputs)


@keras.saving.register_keras_serializable(package="faceswap")
class HalveMean(layers.Layer):
    """`halved` as a layer."""

    def call(self, inputs: Tensor) -> Tensor:
        """Halves pictures."""
        return halved(inputs)


@keras.saving.register_keras_serializable(package="faceswap")
class Growth(layers.Layer):
    """Blends what a network made before a doubling with what it makes after it; remembers how far it has grown.

    Attributes:
        side: The side in pixels to which the network has grown, a variable that nothing trains.
        fade: How far the last doubling is blended in, 0..1, likewise.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.side, self.fade = (self._made(name) for name in ("side", "fade"))
        self.built = True

    def call(self, inputs: list[Tensor]) -> Tensor:
        """From the smaller network's answer and the larger one's, of equal size, to their blend."""
        smaller, larger = inputs
        return smaller + (larger - smaller) * ops.cast(self.fade, larger.dtype)

    def compute_output_shape(self, input_shape: list[tuple[int | None, ...]]) -> tuple[int | None, ...]:
        """The shape of either."""
        return tuple(input_shape[1])

    def grow(self, side: int, fade: float) -> None:
        """Remembers a side and how far it is blended in."""
        self.side.assign(side)
        self.fade.assign(fade)

    def _made(self, name: str) -> Any:
        return self.add_weight(
            shape=(), initializer="ones", dtype="float32", trainable=False, aggregation="mean", name=name
        )
