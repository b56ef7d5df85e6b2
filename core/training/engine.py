"""The step engine: whose turn it is, which faces make the batch, which random numbers it gets.

Everything random in a step is a function of the seed, the step and the place in the batch, so that going on from a
checkpoint needs the step's number and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..kinds import Trainable
from .backends import make_adapter, running_backend
from .faces import TrainingFaces
from .memory import memory_errors
from .recipe import Recipe
from .step import Variation
from .update import make_updates
from .variation import augmentation

Tensor = Any


class Engine:
    """Trains a model one step at a time.

    Args:
        model: The model, loaded.
        faces: The training faces of each of the model's identities.
        batch_size: Faces of each identity in a batch.
        seed: Where all randomness comes from, 0 or more.
        total: The steps of the whole run, by which progress is told.
        variation: How faces are varied; as the model wishes when None.
        recipe: How weights move.
        chosen: The places of the faces that are trained on, by identity; all of an identity that is left out.

    Attributes:
        model: The model.
        players: The model's players.
        updates: What moves each of them.
        slowing: A factor on every learning rate; halved where training was about to diverge.
        batch_size: Faces of each identity in a batch.
        step: How many steps have been done.
        shown: How many faces of each identity they have taken.
        seed: The seed.
        backend: The Keras backend that computes.
        precision: What networks compute in.
    """

    def __init__(
        self,
        model: Trainable,
        faces: Mapping[str, TrainingFaces],
        batch_size: int,
        seed: int,
        total: int,
        variation: Variation | None = None,
        recipe: Recipe | None = None,
        chosen: Mapping[str, NDArray[np.int64]] | None = None,
    ) -> None:
        self.model, self.seed, self.step, self.shown, self.slowing = model, seed, 0, 0, 1.0
        self._recipe = recipe or Recipe()
        self.precision = self._recipe.precision
        self._recipe.check_networks(model.networks)
        self.batch_size, self._total = batch_size, total
        self._chosen = {name: np.arange(len(share)) for name, share in faces.items()} | dict(chosen or {})
        self.players = model.players()
        self.updates = make_updates(self.players, model.networks, self._recipe, total)
        self.backend = running_backend()
        prepare = augmentation(model.crop.size, variation or model.variation, model.warp)
        self._adapter = make_adapter(model, prepare, faces)

    def advance(self) -> dict[str, Tensor]:
        """Does one step: every player whose turn it is moves by a batch of its own.

        Returns:
            The losses of all players that moved, as scalar tensors.
        """
        progress = self.step / self._total
        self.model.at(progress, (self.step - 1) / self._total)
        self.model.shown(self.shown)
        rate = self.slowing * self._recipe.rate(self.step, self._total)
        losses: dict[str, Tensor] = {}
        for turn in self._turns(self.step):
            self._adapter.stored.expect(self._indices(*self._following(turn)))
            indices, keys = self._indices(turn, self.step), random_numbers(self.seed, turn, self.step)
            with memory_errors(self.batch_size):
                losses |= self._adapter.move(self.updates[turn], indices, keys, self.step, progress, rate)
        self.step += 1
        self.shown += self.batch_size
        return losses

    def skipped(self) -> tuple[int, int]:
        """How many steps in a row up to now changed nothing, and how many in all; this waits for the device.

        Steps are skipped whose losses or gradients are not finite. Of several players the one that fares worst counts.
        """
        from keras import ops

        counts = np.array([ops.convert_to_numpy(update.skipped) for update in self.updates])
        row, total = counts.max(axis=0)
        return int(row), int(total)

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Gives the networks their averaged weights, where such are kept, for as long as it lasts."""
        from keras import ops

        pairs = [pair for update in self.updates for pair in update.averages]
        raw = [ops.copy(weight) for weight, _ in pairs]
        for weight, average in pairs:
            weight.assign(average)
        try:
            yield
        finally:
            for (weight, _), value in zip(pairs, raw, strict=True):
                weight.assign(value)

    def _turns(self, step: int) -> list[int]:
        """Whose turn it is in a step."""
        return [
            turn for turn, update in enumerate(self.updates) if step % update.player.interval == 0 and update.weights
        ]

    def _following(self, turn: int) -> tuple[int, int]:
        """Whose turn it is after one of this step, and in which step."""
        later = [following for following in self._turns(self.step) if following > turn]
        if later:
            return later[0], self.step
        step = next(step for step in count(self.step + 1) if self._turns(step))
        return self._turns(step)[0], step

    def _indices(self, turn: int, step: int) -> dict[str, NDArray[np.int64]]:
        """The faces of a player's batch in a step, by identity."""
        return {
            name: chosen[draw_faces(self.seed, turn, identity, step, self.batch_size, len(chosen))]
            for identity, (name, chosen) in enumerate(self._chosen.items())
        }


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
