"""Training on PyTorch: each move is evaluated as it is written, differentiated by `autograd`, and applied."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from keras import ops

from ....lib.nn.keys import RandomKey
from ...kinds import Trainable
from ..faces import TrainingFaces
from ..step import Player
from . import Prepare
from .stored import StoredFaces

Tensor = Any


@dataclass(eq=False)
class TorchStep:
    """The step that is being computed; see `core.training.step.Step`."""

    key: RandomKey
    number: Tensor
    progress: Tensor

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
        prepare: Makes a batch of stored faces.
        faces: The training faces of each identity.
        resident: Whether the training faces are held in device memory; None decides by what fits.
    """

    def __init__(
        self, model: Trainable, prepare: Prepare, faces: Mapping[str, TrainingFaces], resident: bool | None = None
    ) -> None:
        self._model, self._prepare = model, prepare
        self._stored = StoredFaces(faces, ops.zeros(()).device.type != "cpu", resident)

    def move(
        self, player: Player, indices: Mapping[str, Any], keys: Any, number: int, progress: float
    ) -> dict[str, Tensor]:
        """Moves one player by one batch; see `Adapter.move`."""
        with torch.no_grad():
            batch = self._prepare(self._stored.batch(indices), RandomKey(keys[0]))
        step = TorchStep(
            RandomKey(keys[1]), ops.convert_to_tensor(number, "int32"), ops.convert_to_tensor(progress, "float32")
        )
        losses = {
            name: ops.convert_to_tensor(loss) for name, loss in self._model.losses(player.name, batch, step).items()
        }
        total = sum(ops.cast(loss, "float32") for loss in losses.values())
        networks = [self._model.networks[name] for name in player.networks]
        variables = [variable for network in networks for variable in network.trainable_variables]
        # What is in no loss gets None, as on TensorFlow, and stays.
        gradients = torch.autograd.grad(total, [variable.value for variable in variables], allow_unused=True)
        with torch.no_grad():
            player.optimizer.apply(gradients, variables)
        return {name: loss.detach() for name, loss in losses.items()}
