"""Training on PyTorch: each move is evaluated as it is written, differentiated by `autograd`, and applied."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import keras
import torch
from keras import ops

from ....lib.nn.keys import RandomKey
from ...kinds import Trainable
from ..faces import TrainingFaces
from ..step import StepNumbers
from ..update import Update, all_variables
from . import Prepare, prepared
from .stored import StoredFaces

Tensor = Any


class TorchStep(StepNumbers):
    """The step that is being computed; see `core.training.step.Step`."""

    def gradient(self, function: Callable[..., Tensor], inputs: Tensor) -> Tensor:
        """Returns the gradient of the scalar `function(inputs)` with respect to `inputs`."""
        inputs = ops.convert_to_tensor(inputs)
        # A view of what has a gradient of its own, so that the outer gradient still flows through it.
        point = inputs.view_as(inputs) if inputs.requires_grad else inputs.detach().requires_grad_()
        return torch.autograd.grad(function(point), point, create_graph=True)[0]


class TorchAdapter:
    """Moves players with `torch.autograd.grad`.

    Args:
        model: The model, loaded.
        prepare: Makes an identity's share of a batch of its stored faces.
        faces: The training faces of each identity.
        resident: Whether the training faces are held in device memory; None decides by what fits.
    """

    def __init__(
        self, model: Trainable, prepare: Prepare, faces: Mapping[str, TrainingFaces], resident: bool | None = None
    ) -> None:
        self._model, self._prepare = model, prepare
        self._variables = all_variables(model.networks)
        self._queues = ops.zeros(()).device.type != "cpu"
        self.stored = StoredFaces(faces, self._queues, resident)

    def move(
        self, update: Update, indices: Mapping[str, Any], keys: Any, number: int, progress: float, rate: float = 1.0
    ) -> dict[str, Tensor]:
        """Moves one player by one batch; see `Adapter.move`."""
        with torch.no_grad():
            batch = prepared(self._prepare, self.stored.batch(indices), RandomKey(keys[0]))
        step = TorchStep(
            RandomKey(keys[1]), ops.convert_to_tensor(number, "int32"), ops.convert_to_tensor(progress, "float32")
        )
        # What the losses assign, as moving statistics, is held back until the step is known to be sound.
        with keras.StatelessScope() as scope:
            losses, total = update.losses(self._model, batch, step)
        # What is in no loss gets None, as on TensorFlow, and stays.
        gradients = torch.autograd.grad(total, [weight.value for weight in update.weights], allow_unused=True)
        with torch.no_grad():
            finite = update.finite(total, gradients)
            take = partial(self._take, update, scope, gradients, rate)
            if not self._queues:
                if finite:
                    take()
            else:
                self._take_or_undo(update, take, finite)
            update.count(finite, total)
        return {name: loss.detach() for name, loss in losses.items()}

    def _take(self, update: Update, scope: Any, gradients: Sequence[Tensor | None], rate: float) -> None:
        for variable in self._variables:
            value = scope.get_current_value(variable)
            if value is not None:
                variable.assign(value)
        update.apply(gradients, rate)

    def _take_or_undo(self, update: Update, take: Callable[[], None], finite: Tensor) -> None:
        """Takes a step, and undoes it where it is not sound.

        An accelerator that is asked whether it is would run dry of work, which cost a third of the step.
        """
        variables = [*self._variables, *update.player.optimizer.variables]
        before = [variable.value.clone() for variable in variables]
        take()
        for variable, value in zip(variables, before, strict=True):
            variable.assign(torch.where(finite, variable.value, value))
