"""Counts the floating point operations of a training step, from the calls of convolutions and matrix products.

Each costs two operations for each multiply-add. Forward it costs that once; backward once more for the gradient of its
kernel, where that depends on weights of the player that moves, and once more for the gradient of its input, likewise: a
network's first layer, which sees the training faces, has no need of it. Everything else (activations, losses, the
optimizer) is small beside them and not counted. They are counted as Keras' operations, below the layers, so that layers
which scale their kernels count as those of Keras do.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from ..kinds import Trainable
from ..training.faces import REGIONS
from ..training.step import IdentityBatch, Player

Tensor = Any
Shape = tuple[int, ...]

_FACES = 2
"""In the counted batch, so that a player who takes half of it can."""
_KERAS_OWN = "keras.src.ops"
"""Where Keras' layers find the operations; plugins find the same ones in `keras.ops`."""


@dataclass(frozen=True)
class Call:
    """A convolution or matrix product.

    Attributes:
        forward: The operations of the call itself.
        tainted: How many of its two operands depend on the weights of the player that moves.
    """

    forward: int
    tainted: int


@dataclass(eq=False)
class CountedStep:
    """The step that is being counted; see `core.training.step.Step`."""

    key: Any
    number: int = 0
    progress: float = 0.0
    calls: list[Call] = field(default_factory=list)

    def gradient(self, function: Callable[..., Tensor], inputs: Tensor) -> Tensor:
        """Calls the function and returns zeros; a gradient makes each product twice, and both are differentiated."""
        from keras import ops

        before = len(self.calls)
        function(ops.full(inputs.shape, math.nan))
        self.calls += self.calls[before:]
        return ops.zeros_like(inputs)


def step_flops(model: Trainable, players: list[Player]) -> float:
    """Returns the operations of a training step of one face of each identity.

    Players that move every `interval` steps count with that share.

    Args:
        model: The model, loaded.
        players: Its players.
    """
    return sum(move_flops(model, player) / player.interval for player in players)


def move_flops(model: Trainable, player: Player) -> float:
    """Returns the operations of one player's move by one face of each identity."""
    from ...lib.nn.keys import RandomKey

    with _tainted(model, player), _recorded() as calls:
        model.losses(player.name, _batch(model), CountedStep(RandomKey([0, 0]), calls=calls))
    return sum(call.forward * (1 + call.tainted) for call in calls) / _FACES


def call_flops(operation: str, inputs: Shape, kernel: Shape, outputs: Shape) -> int:
    """Returns the operations of a call: two for each multiply-add.

    Args:
        operation: One of `OPERATIONS`.
        inputs: The shape of its first operand.
        kernel: The shape of its second one: `[... in out]`, of a transposed convolution `[... out in]`.
        outputs: The shape of its answer.
    """
    if operation == "matmul":
        return 2 * math.prod(outputs) * inputs[-1]
    if operation == "conv_transpose":
        # Each number of the input is spread over the kernel and all channels of the answer.
        return 2 * math.prod(inputs) * math.prod(kernel[:-1])
    # Each number of the answer is a sum over the kernel and, unless each channel is for itself, over all channels.
    return 2 * math.prod(outputs) * math.prod(kernel[: -2 if operation == "depthwise_conv" else -1])


OPERATIONS = "conv", "conv_transpose", "depthwise_conv", "matmul"


@contextmanager
def _tainted(model: Trainable, player: Player) -> Iterator[None]:
    """Makes a player's weights not a number for a while: so is everything then that depends on them."""
    import keras
    from keras import ops

    variables = [variable for name in player.networks for variable in model.networks[name].trainable_variables]
    unknown = [(variable, ops.full(variable.shape, math.nan)) for variable in variables]
    # What the losses assign to other variables ends with the scope.
    with keras.StatelessScope(state_mapping=unknown):
        yield


@contextmanager
def _recorded() -> Iterator[list[Call]]:
    """Notes each convolution and matrix product."""
    from keras import ops

    calls: list[Call] = []

    def recording(name: str, original: Callable[..., Tensor]) -> Callable[..., Tensor]:
        def call(inputs: Tensor, kernel: Tensor, *arguments: Any, **keywords: Any) -> Tensor:
            outputs = original(inputs, kernel, *arguments, **keywords)
            shapes = (tuple(operand.shape) for operand in (inputs, kernel, outputs))
            calls.append(Call(call_flops(name, *shapes), sum(map(_has_nan, (inputs, kernel)))))
            return outputs

        return call

    with ExitStack() as patches:
        for name in OPERATIONS:
            recorder = recording(name, getattr(ops, name))
            for place in (ops, sys.modules[_KERAS_OWN]):
                patches.enter_context(patch.object(place, name, recorder))
        yield calls


def _has_nan(tensor: Tensor) -> bool:
    from keras import ops

    return bool(ops.any(ops.isnan(tensor)))


def _batch(model: Any) -> Mapping[str, IdentityBatch]:
    """Some gray faces of each identity."""
    from keras import ops

    size = model.crop.size

    def gray(channels: int) -> Tensor:
        return ops.full((_FACES, size, size, channels), 0.5, dtype="float32")

    return {name: IdentityBatch(gray(3), gray(3), *(gray(1) for _ in REGIONS)) for name in model.identities}
