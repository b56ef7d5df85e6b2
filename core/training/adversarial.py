"""A discriminator for each person around any autoencoder: the faces have to pass for real as well.

The model inside knows nothing of it: its batches go through it once, what it answers is judged beside its own losses.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..contract import CropSpec, Faces, Masks
from ..errors import PluginError
from ..kinds import TrainableModel
from .step import IdentityBatch, Player, Step

Tensor = Any

PLAYER = "discriminators"
"""The name of the player that owns the discriminators."""

_RATE = 2e-4
_CONCENTRATION = 0.2


def require_autoencoder(model: TrainableModel, label: str) -> None:
    """Insists that a model says what it reconstructs.

    Args:
        model: The model; it need not be loaded.
        label: The model as messages call it.

    Raises:
        PluginError: It has losses of its own, to which nothing can be added.
    """
    if type(model).losses is not TrainableModel.losses:
        raise PluginError(f"{label} has losses of its own, so `adversarial` cannot judge its faces; leave it at 0")


class AdversarialModel(TrainableModel):
    """An autoencoder with discriminators around it.

    The discriminators are those of `gan`. They see a face inside its mask, on what lies around the real one: models
    that learn what the mask covers may give anything elsewhere, and a swap takes nothing from there.

    Args:
        model: The autoencoder, loaded; `require_autoencoder` must accept it.
        weight: How much the verdicts count beside the model's own losses.
        width: Factor on the discriminators' channels.
    """

    def __init__(self, model: TrainableModel, weight: float, width: float = 1) -> None:
        from ...lib.nn.gan_networks import build_discriminator

        super().__init__()
        self.model, self._weight, self.warp = model, weight, model.warp
        self._discriminators = {
            name: build_discriminator(model.crop.size, width, f"discriminator_{name}") for name in model.identities
        }
        judges = {network.name: network for network in self._discriminators.values()}
        self.networks = {**model.networks, **judges}

    @property
    def crop(self) -> CropSpec:
        """The model's."""
        return self.model.crop

    @property
    def only_trained_with(self) -> tuple[str, ...]:
        """The discriminators, beside what the model names."""
        return (*self.model.only_trained_with, *(network.name for network in self._discriminators.values()))

    def players(self) -> list[Player]:
        """The model's players, and behind them one for the discriminators."""
        from ...lib.nn.gan_networks import adam

        judges = tuple(network.name for network in self._discriminators.values())
        return [*self.model.players(), Player(PLAYER, judges, adam(_RATE))]

    def losses(self, player: str, batch: Mapping[str, IdentityBatch], step: Step) -> dict[str, Tensor]:
        """The model's losses and what it loses by the verdicts; or the discriminators' losses."""
        from ...lib.nn.adversarial_losses import seen_through, told_apart

        answers = self.model.reconstructed(batch)
        faces = {name: _judged(answers[name], share) for name, share in batch.items()}
        if player == PLAYER:
            return {
                f"discriminator_{name}": told_apart(
                    network,
                    _signed(batch[name].goal),
                    [faces[name]],
                    _signed(batch[name].input),
                    _CONCENTRATION,
                    step.key,
                )
                for name, network in self._discriminators.items()
            }
        verdicts = {
            f"{name}_adversarial": self._weight * seen_through(network, [faces[name]], _signed(batch[name].input))
            for name, network in self._discriminators.items()
        }
        return {**self.model.reconstruction_losses(batch, answers, step), **verdicts}

    def ema(self, batch_size: int) -> float:
        """The model's."""
        return self.model.ema(batch_size)

    def at(self, progress: float, before: float) -> None:
        """What the model does between steps."""
        self.model.at(progress, before)

    def shown(self, faces: int) -> None:
        """What the model does between steps."""
        self.model.shown(faces)
        self.phase = self.model.phase

    def notices(self) -> tuple[str, ...]:
        """The model's."""
        return self.model.notices()

    def swap(self, crops: Any, identity: str = "source") -> tuple[Faces, Masks | None]:
        """What the model answers."""
        return self.model.swap(crops, identity)

    def swap_network(self, identity: str) -> Any:
        """The model's."""
        return self.model.swap_network(identity)


def _judged(answer: Any, share: IdentityBatch) -> Tensor:
    """The face inside its mask, on what lies around the real one, -1..1."""
    from keras import ops

    face = answer[0] if isinstance(answer, (list, tuple)) else answer
    mask = ops.cast(share.mask, "float32")
    return _signed(mask * ops.cast(face, "float32") + (1 - mask) * ops.cast(share.goal, "float32"))


def _signed(pictures: Tensor) -> Tensor:
    """Brings pictures from 0..1 to -1..1."""
    from keras import ops

    return ops.cast(pictures, "float32") * 2 - 1
