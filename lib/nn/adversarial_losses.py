"""The losses of a generator and its discriminator: least squares, on mixtures of real and made pictures.

Convention:
    Verdicts are what a discriminator answers, of any shape `[batch ...]`: 1 = real, 0 = made.

Reference:
    X. Mao et al., Least squares generative adversarial networks, ICCV 2017;
    H. Zhang et al., mixup: Beyond empirical risk minimization, ICLR 2018.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

Tensor = Any


def mixture_shares(pictures: Tensor, concentration: float, key: Any) -> Tensor:
    """Draws how much of each mixture is real: Beta(concentration, concentration), `[batch 1 1 1]`.

    Args:
        pictures: Pictures of the batch, `[batch height width channels]`.
        concentration: Above 0; near 0 almost every mixture is one of the two pictures, at 1 all shares are alike.
        key: The step's random key.
    """
    shape = (ops.shape(pictures)[0], 1, 1, 1)
    return keras.random.beta(shape, concentration, concentration, dtype="float32", seed=key)


def mixed(real: Tensor, made: Tensor, shares: Tensor) -> Tensor:
    """Mixes real and made pictures, face by face."""
    return shares * ops.cast(real, "float32") + (1 - shares) * ops.cast(made, "float32")


def discriminator_loss(verdicts: Tensor, shares: Tensor) -> Tensor:
    """How far verdicts on mixtures lie from how much of each is real, squared."""
    return ops.mean(ops.square(ops.cast(verdicts, "float32") - shares))


def generator_loss(verdicts: Tensor) -> Tensor:
    """How far verdicts on made pictures lie from `real`, squared."""
    return ops.mean(ops.square(ops.cast(verdicts, "float32") - 1))


def told_apart(
    discriminator: Any, real: Tensor, made: Sequence[Tensor], warped: Tensor, concentration: float, key: Any
) -> Tensor:
    """What a discriminator loses on mixtures of real and made faces; no gradient reaches the maker.

    Args:
        discriminator: From faces and the warped faces they were made of, `[batch size size 6]`, to verdicts.
        real: The real faces, `[batch size size 3]`.
        made: One or more ways in which the same faces were made.
        warped: What they were made of.
        concentration: Of the mixtures; see `mixture_shares`.
        key: The step's random key.

    Returns:
        The losses of all ways, summed.
    """
    faces = ops.stop_gradient(ops.concatenate(list(made), axis=0))
    shares = mixture_shares(faces, concentration, key)
    mixtures = mixed(ops.concatenate([real] * len(made), axis=0), faces, shares)
    return len(made) * discriminator_loss(_verdicts(discriminator, mixtures, warped, len(made)), shares)


def seen_through(discriminator: Any, made: Sequence[Tensor], warped: Tensor) -> Tensor:
    """What the maker of faces loses by the discriminator's verdicts; arguments and answer as `told_apart`."""
    faces = ops.concatenate(list(made), axis=0)
    return len(made) * generator_loss(_verdicts(discriminator, faces, warped, len(made)))


def _verdicts(discriminator: Any, faces: Tensor, warped: Tensor, times: int) -> Tensor:
    pairs = ops.concatenate([faces, ops.concatenate([warped] * times, axis=0)], axis=-1)
    return discriminator(pairs, training=True)
