"""Losses between the pixels of two batches of pictures; each gives one scalar, in float32 whatever the policy.

Convention:
    Pictures are `[batch height width channels]`. A loss is the mean over all their values. A weight is
    `[batch height width 1]`; the mean stays over all pixels, so that a small region means a small loss.
"""

from __future__ import annotations

from typing import Any

from keras import ops

Tensor = Any


def mae(goal: Tensor, output: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean absolute error, each pixel weighted.

    Args:
        goal: What should have come.
        output: What came.
        weight: How much each pixel counts; all alike when None.
    """
    return _mean(ops.abs(_difference(goal, output)), weight)


def mse(goal: Tensor, output: Tensor, weight: Tensor | None = None) -> Tensor:
    """Mean squared error, each pixel weighted; arguments as `mae`."""
    return _mean(ops.square(_difference(goal, output)), weight)


def gradient_difference(goal: Tensor, output: Tensor) -> Tensor:
    """How much steeper or flatter than it should be a picture is: sharp edges that came out blurred cost.

    The mean absolute difference between the magnitudes of the first differences, down and to the right, summed.

    Reference:
        M. Mathieu, C. Couprie, Y. LeCun, Deep multi-scale video prediction beyond mean square error, ICLR 2016, eq. 6
        with alpha = 1, here as means.
    """
    wanted, got = _first_differences(goal), _first_differences(output)
    return sum(mae(ops.abs(first), ops.abs(second)) for first, second in zip(wanted, got, strict=True))


def total_variation(pictures: Tensor) -> Tensor:
    """How restless pictures are: the mean magnitudes of their first differences, down and to the right, summed.

    Reference:
        L. Rudin, S. Osher, E. Fatemi, Nonlinear total variation based noise removal algorithms, Physica D 60, 1992; the
        anisotropic form.
    """
    return sum(ops.mean(ops.abs(part)) for part in _first_differences(pictures))


def _first_differences(pictures: Tensor) -> tuple[Tensor, Tensor]:
    """Of rows and of columns."""
    x = ops.cast(pictures, "float32")
    return x[:, 1:] - x[:, :-1], x[:, :, 1:] - x[:, :, :-1]


def _mean(values: Tensor, weight: Tensor | None) -> Tensor:
    return ops.mean(values if weight is None else values * ops.cast(weight, "float32"))


def _difference(goal: Tensor, output: Tensor) -> Tensor:
    return ops.cast(goal, "float32") - ops.cast(output, "float32")
