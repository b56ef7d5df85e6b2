"""What a trained generator paints: from latents in memory to pictures of bytes, in batches of one size."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_BATCH = 16
"""Latents that go through the network at a time, whatever is asked for: the network is then built once."""


def painted(network: Any, latents: NDArray[np.float32], size: int) -> NDArray[np.uint8]:
    """Runs latents through a network without randomness.

    Args:
        network: A Keras model from latents `[batch dim]` to pictures `[batch size size 3]`, RGB, -1..1.
        latents: float32 `[count dim]`; there may be none.
        size: Side of the pictures in pixels.

    Returns:
        uint8 `[count size size 3]`.
    """
    parts = [_paint(network, latents[first : first + _BATCH]) for first in range(0, len(latents), _BATCH)]
    return np.concatenate([np.zeros((0, size, size, 3), np.uint8), *parts])


def _paint(network: Any, latents: NDArray[np.float32]) -> NDArray[np.uint8]:
    padded = np.zeros((_BATCH, latents.shape[1]), np.float32)
    padded[: len(latents)] = latents
    pictures = np.asarray(network.predict_on_batch(padded))[: len(latents)]
    return np.rint(np.clip((pictures + 1) * 127.5, 0, 255)).astype(np.uint8)
