"""The step engine: whose turn it is, which faces make the batch, which random numbers it gets.

Everything random in a step is a function of the seed, the step and the place in the batch, so that going on from a
checkpoint needs the step's number and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..kinds import TrainableModel
from .backends import Prepare, make_adapter, running_backend
from .faces import COVERAGE, REGIONS, TrainingFaces
from .step import IdentityBatch, Player

Tensor = Any


@dataclass(frozen=True)
class Variation:
    """How training faces are varied.

    Attributes:
        affine: Strength of the random rotation, zoom and shift; 1 is the original recipe.
        flip: Share of the faces that are mirrored.
    """

    affine: float = 1.0
    flip: float = 0.5


class Engine:
    """Trains a model one step at a time.

    Args:
        model: The model, loaded.
        faces: The training faces of each of the model's identities.
        batch_size: Faces of each identity in a batch.
        seed: Where all randomness comes from, 0 or more.
        total: The steps of the whole run, by which progress is told.
        variation: How faces are varied.

    Attributes:
        model: The model.
        players: The model's players.
        step: How many steps have been done.
        seed: The seed.
        backend: The Keras backend that computes.
    """

    def __init__(
        self,
        model: TrainableModel,
        faces: Mapping[str, TrainingFaces],
        batch_size: int,
        seed: int,
        total: int,
        variation: Variation | None = None,
    ) -> None:
        self.model, self.seed, self.step = model, seed, 0
        self._faces, self._batch_size, self._total = faces, batch_size, total
        self.players = model.players()
        for player in self.players:
            player.optimizer.build(self._variables(player))
        self.backend = running_backend()
        self._adapter = make_adapter(model, augmentation(model.crop.size, variation or Variation()), faces)

    def advance(self) -> dict[str, Tensor]:
        """Does one step: every player whose turn it is moves by a batch of its own.

        Returns:
            The losses of all players that moved, as scalar tensors.
        """
        progress = self.step / self._total
        self.model.at(progress)
        losses: dict[str, Tensor] = {}
        for turn, player in enumerate(self.players):
            if self.step % player.interval == 0:
                indices = {
                    name: draw_faces(self.seed, turn, identity, self.step, self._batch_size, len(share.pictures))
                    for identity, (name, share) in enumerate(self._faces.items())
                }
                keys = random_numbers(self.seed, turn, self.step)
                losses |= self._adapter.move(player, indices, keys, self.step, progress)
        self.step += 1
        return losses

    def _variables(self, player: Player) -> list[Any]:
        return [variable for name in player.networks for variable in self.model.networks[name].trainable_variables]


def augmentation(size: int, variation: Variation) -> Prepare:
    """Returns the function that makes batches of pictures of `size` pixels by the training augmentation."""
    from ...lib.nn.augment import Augmentation, augment

    recipe, strength = Augmentation(size, coverage=COVERAGE, flip=variation.flip), variation.affine
    settings = replace(
        recipe, rotation=strength * recipe.rotation, zoom=strength * recipe.zoom, shift=strength * recipe.shift
    )

    def share(faces: Tensor, masks: Tensor, key: Any) -> IdentityBatch:
        inputs, goals, regions = augment(faces, masks, key, settings)
        return IdentityBatch(inputs, goals, *(regions[..., place : place + 1] for place in range(len(REGIONS))))

    def prepare(stored: Mapping[str, tuple[Tensor, Tensor]], key: Any) -> dict[str, IdentityBatch]:
        return {name: share(*parts, key) for name, parts in stored.items()}

    return prepare


def random_numbers(seed: int, turn: int, step: int) -> NDArray[np.int32]:
    """Returns the numbers of a move's two random keys, int32 `[2 2]`."""
    return np.random.SeedSequence([seed, turn, step]).generate_state(4).view(np.int32).reshape(2, 2)


def draw_faces(seed: int, turn: int, identity: int, step: int, batch_size: int, count: int) -> NDArray[np.int64]:
    """Draws the faces of a batch: all faces in random order, then all again in another order, and so on.

    Args:
        seed: The run's seed.
        turn: The place of the player that moves.
        identity: The place of the identity.
        step: The step's number from 0.
        batch_size: How many faces are drawn.
        count: How many there are.

    Returns:
        Their numbers, int64 `[batch_size]`, a function of the arguments alone.
    """
    places = step * batch_size + np.arange(batch_size, dtype=np.int64)
    rounds, positions = np.divmod(places, count)
    return np.array(
        [
            _order(seed, turn, identity, number, count)[position]
            for number, position in zip(rounds.tolist(), positions, strict=True)
        ]
    )


@lru_cache(maxsize=8)
def _order(seed: int, turn: int, identity: int, number: int, count: int) -> NDArray[np.int64]:
    """The order of one round through all faces."""
    return np.random.default_rng([seed, turn, identity, number]).permutation(count)
