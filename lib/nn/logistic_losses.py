"""The losses of a generator and its discriminator by the logistic function: binary cross-entropy on verdicts.

Convention:
    Verdicts are what a discriminator answers before any sigmoid, of any shape `[batch ...]`: high = real.

Reference:
    I. Goodfellow et al., Generative adversarial networks, NeurIPS 2014, section 3 for the loss that does not saturate;
    T. Salimans et al., Improved techniques for training GANs, NeurIPS 2016, section 3.4 for the one-sided smoothing.
"""

from __future__ import annotations

from typing import Any

from keras import ops

Tensor = Any


def real_loss(verdicts: Tensor, target: float = 1.0) -> Tensor:
    """The cross-entropy of verdicts on real pictures.

    Args:
        verdicts: The verdicts.
        target: The probability that they should come to, 0..1; 0.9 smooths the label.
    """
    verdicts = ops.cast(verdicts, "float32")
    return ops.mean(target * ops.softplus(-verdicts) + (1 - target) * ops.softplus(verdicts))


def made_loss(verdicts: Tensor) -> Tensor:
    """The cross-entropy of verdicts on made pictures, which should be low."""
    return ops.mean(ops.softplus(ops.cast(verdicts, "float32")))


def maker_loss(verdicts: Tensor) -> Tensor:
    """What the generator loses by verdicts on what it made, -log D(G(z)): steepest where it is seen through."""
    return ops.mean(ops.softplus(-ops.cast(verdicts, "float32")))
