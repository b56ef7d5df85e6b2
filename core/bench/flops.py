"""Counts the floating point operations of a training step, from the calls of the networks' layers.

A convolution or dense layer costs two operations for each multiply-add. Forward it costs that once; backward once more
for the gradient of its weights, where the player that moves owns them, and once more for the gradient of its input,
where that depends on the player's weights: a network's first layer, which sees the training faces, has no need of it.
Everything else (activations, losses, the optimizer) is small beside them and not counted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from ..kinds import Trainable
from ..training.faces import REGIONS
from ..training.step import IdentityBatch, Player

Tensor = Any


@dataclass(frozen=True)
class Call:
    """A layer at work.

    Attributes:
        layer: The layer.
        forward: The operations of the call itself.
        tainted: Whether its input depends on the weights of the player that moves.
    """

    layer: Any
    forward: int
    tainted: bool


@dataclass(eq=False)
class CountedStep:
    """The step that is being counted; see `core.training.step.Step`. A gradient costs what its function costs."""

    key: Any
    number: int = 0
    progress: float = 0.0

    def gradient(self, function: Callable[..., Tensor], inputs: Tensor) -> Tensor:
        """Calls the function and returns zeros."""
        from keras import ops

        function(inputs)
        return ops.zeros_like(inputs)


def step_flops(model: Trainable, players: list[Player]) -> float:
    """Returns the operations of a training step of one face of each identity.

    Players that move every `interval` steps count with that share.

    Args:
        model: The model, loaded.
        players: Its players.
    """
    return sum(move_flops(model, player) / player.interval for player in players)


def move_flops(model: Trainable, player: Player) -> int:
    """Returns the operations of one player's move by one face of each identity."""
    from ...lib.nn.keys import RandomKey

    trained = {id(variable) for name in player.networks for variable in model.networks[name].trainable_variables}
    with _tainted(model, player), _recorded() as calls:
        model.losses(player.name, _batch(model), CountedStep(RandomKey([0, 0])))
    return sum(call.forward * (1 + (id(call.layer.kernel) in trained) + call.tainted) for call in calls)


def layer_flops(layer: Any, inputs: Sequence[int], outputs: Sequence[int]) -> int:
    """Returns the operations of a layer's call: two for each multiply-add.

    Args:
        layer: A convolution, transposed convolution or dense layer of Keras.
        inputs: The shape of its input, `[batch ... channels]`.
        outputs: The shape of its output, likewise.
    """
    if hasattr(layer, "kernel_size"):
        # Each output pixel of a convolution, each input pixel of a transposed one, meets the whole kernel.
        pixels = inputs if "Transpose" in type(layer).__name__ else outputs
        kernel: tuple[int, ...] = tuple(layer.kernel.shape)
        return 2 * math.prod(pixels[:-1]) * math.prod(kernel)
    return 2 * math.prod(inputs) * outputs[-1]


@contextmanager
def _tainted(model: Trainable, player: Player) -> Iterator[None]:
    """Makes a player's weights not a number for a while: so is everything then that depends on them."""
    from keras import ops

    variables = [variable for name in player.networks for variable in model.networks[name].trainable_variables]
    kept = [ops.convert_to_numpy(variable.value) for variable in variables]
    for variable in variables:
        variable.assign(ops.full(variable.shape, math.nan))
    yield
    for variable, value in zip(variables, kept, strict=True):
        variable.assign(value)


@contextmanager
def _recorded() -> Iterator[list[Call]]:
    """Notes each call of a layer that multiplies matrices."""
    from keras import layers

    calls: list[Call] = []

    def recording(original: Callable[..., Tensor]) -> Callable[..., Tensor]:
        def call(layer: Any, inputs: Tensor, *arguments: Any, **keywords: Any) -> Tensor:
            outputs = original(layer, inputs, *arguments, **keywords)
            calls.append(Call(layer, layer_flops(layer, tuple(inputs.shape), tuple(outputs.shape)), _has_nan(inputs)))
            return outputs

        return call

    with ExitStack() as patches:
        for kind in (layers.Conv2D, layers.Conv2DTranspose, layers.DepthwiseConv2D, layers.Dense):
            patches.enter_context(patch.object(kind, "call", recording(kind.call)))
        yield calls


def _has_nan(tensor: Tensor) -> bool:
    from keras import ops

    return bool(ops.any(ops.isnan(tensor)))


def _batch(model: Any) -> Mapping[str, IdentityBatch]:
    """One gray face of each identity."""
    from keras import ops

    size = model.crop.size

    def gray(channels: int) -> Tensor:
        return ops.full((1, size, size, channels), 0.5, dtype="float32")

    return {name: IdentityBatch(gray(3), gray(3), *(gray(1) for _ in REGIONS)) for name in model.identities}
