"""How one player's gradients become new weights: written once, in Keras, for the adapters of all backends.

A step whose loss or gradients are not finite changes nothing and is counted; both happen on the device, so that the
host need not wait for it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..errors import OptionError, PluginError
from .recipe import Recipe
from .step import IdentityBatch, Player, Step

Tensor = Any

_FIRST_SCALE = 2.0**15
_SCALE_GROWTH_STEPS = 2000
"""Loss scaling as Keras' `LossScaleOptimizer` has it, which would keep from the guard that it skipped a step."""

_COMPILING, _CALLS = 800_000_000, 200_000
"""What compiling takes, in weights moved once, and what a move takes beside its weights.

On two cores of a server it took 2 s; with it a move took 2.5 ns less for each weight, and 0.5 ms.
"""


class Update:
    """What moves one player.

    Args:
        player: The player, with a fresh optimizer.
        networks: The model's networks by name.
        recipe: How weights move.
        shared: Whether the optimizer is that of a player before it, to whom its variables belong.
        moves: How often the player moves in the whole run; None: very often.

    Attributes:
        player: The player.
        weights: The weights that move: all of the player's that are not frozen.
        skipped: int32 `[2]`: how many of its last steps were skipped in a row, and how many in all.
        scaling: `(loss scale, steps since it changed)` where the loss is scaled, else nothing.
    """

    def __init__(
        self,
        player: Player,
        networks: Mapping[str, Any],
        recipe: Recipe | None = None,
        shared: bool = False,
        moves: int | None = None,
    ) -> None:
        import keras

        recipe = recipe or Recipe()
        self.player, self._networks, self._recipe, self._shared = player, networks, recipe, shared
        self._moves = moves
        if not shared:
            recipe.prepare(player.optimizer, f"the optimizer of `{player.name}`")
        self._all = [weight for name in player.networks for weight in networks[name].trainable_variables]
        moved = [name for name in player.networks if name not in recipe.freeze]
        self.weights = [weight for name in moved for weight in networks[name].trainable_variables]
        if not shared:
            player.optimizer.build(self._all)
        self.skipped = keras.Variable([0, 0], dtype="int32", trainable=False, name="skipped")
        self.scaling: tuple[Any, ...] = ()
        if recipe.precision == "float16":
            scale = keras.Variable(_FIRST_SCALE, dtype="float32", trainable=False, name="loss_scale")
            self.scaling = scale, keras.Variable(0, dtype="int32", trainable=False, name="scale_age")
        self.start_average()

    @property
    def worth_compiling(self) -> bool:
        """Whether a run is long enough that compiling how weights move saves more time than it takes."""
        weights = sum(math.prod(weight.shape) for weight in self.weights)
        return self._moves is None or self._moves * (weights + _CALLS) >= _COMPILING

    @property
    def own(self) -> list[Any]:
        """The variables of the guard and the loss scale."""
        return [self.skipped, *self.scaling]

    @property
    def variables(self) -> list[Any]:
        """All variables that moving changes beside the weights."""
        return [*self.player.optimizer.variables, *self.own]

    @property
    def averages(self) -> list[tuple[Any, Any]]:
        """Pairs of a weight and its average, for all weights of the player; nothing where none is kept."""
        if self._shared or not self._recipe.ema:
            return []
        # Keras keeps both lists private, and their variables among all others.
        return list(zip(self._all, self.player.optimizer._model_variables_moving_average, strict=True))

    @property
    def accumulated(self) -> list[Any]:
        """The gradients of the steps since weights moved, where several are averaged."""
        if self._shared or self._recipe.accumulate == 1:
            return []
        return list(self.player.optimizer._accumulated_gradients)

    @property
    def moments(self) -> list[Any]:
        """The optimizer's variables that it has whatever the recipe."""
        if self._shared:
            return []
        others = {id(variable) for variable in [*self.accumulated, *(average for _, average in self.averages)]}
        return [variable for variable in self.player.optimizer.variables if id(variable) not in others]

    def start_average(self) -> None:
        """Makes the average the weights as they are."""
        for weight, average in self.averages:
            average.assign(weight)

    def losses(self, model: Any, batch: Mapping[str, IdentityBatch], step: Step) -> tuple[dict[str, Tensor], Tensor]:
        """Evaluates the losses: each, and their sum as it is to be differentiated."""
        from keras import ops

        losses = {
            name: ops.convert_to_tensor(loss) for name, loss in model.losses(self.player.name, batch, step).items()
        }
        total = sum(ops.cast(loss, "float32") for loss in losses.values())
        return losses, total * self.scaling[0] if self.scaling else total

    def finite(self, total: Tensor, gradients: Sequence[Tensor | None]) -> Tensor:
        """Whether a step may be taken: a sum is finite only if all that is in it is."""
        from keras import ops

        sums = [ops.sum(gradient) for gradient in gradients if gradient is not None]
        return ops.isfinite(sum(sums, total))

    def apply(self, gradients: Sequence[Tensor | None], rate: Tensor) -> None:
        """Moves the weights, at the optimizer's learning rate times `rate`; those that are in no loss stay."""
        from keras import ops

        optimizer = self.player.optimizer
        learning_rate = ops.copy(optimizer.learning_rate)
        if self.scaling:
            gradients = [None if gradient is None else gradient / self.scaling[0] for gradient in gradients]
        if self._shared:
            # What this player's losses leave alone, others' move: its moments fall as those of all, on every backend.
            whole = zip(gradients, self.weights, strict=True)
            gradients = [ops.zeros_like(weight) if gradient is None else gradient for gradient, weight in whole]
        pairs = [pair for pair in zip(gradients, self.weights, strict=True) if pair[0] is not None]
        if not pairs:
            raise PluginError(f"the losses of the player `{self.player.name}` depend on none of its weights")
        optimizer.learning_rate.assign(learning_rate * rate)
        optimizer.ema_momentum = self._average_decay()
        optimizer.apply(*zip(*pairs, strict=True))
        optimizer.ema_momentum = self._recipe.ema
        optimizer.learning_rate.assign(learning_rate)

    def _average_decay(self) -> Tensor:
        """What is left of the average in a step: less at first, so that it forgets what the weights began with.

        It looks back over a ninth of the steps taken, until that is what the recipe says; the rule is that of
        TensorFlow's `ExponentialMovingAverage` with its `num_updates`.
        """
        from keras import ops

        taken = ops.cast(self.player.optimizer.iterations, "float32")
        return ops.minimum(self._recipe.ema, (1 + taken) / (10 + taken))

    def count(self, finite: Tensor, total: Tensor) -> None:
        """Counts a skipped step; where the loss is scaled, too large a scale is no fault, and is halved."""
        from keras import ops

        fault = ops.logical_not(finite)
        if self.scaling:
            scale, age = (ops.convert_to_tensor(variable) for variable in self.scaling)
            fault = ops.logical_and(fault, ops.logical_or(scale <= 1, ops.logical_not(ops.isfinite(total / scale))))
            grown = age + 1 >= _SCALE_GROWTH_STEPS
            longer = ops.where(grown, 2 * scale, scale)
            self.scaling[0].assign(ops.where(finite, longer, ops.maximum(scale / 2, 1)))
            self.scaling[1].assign(ops.where(ops.logical_and(finite, ops.logical_not(grown)), age + 1, 0))
        fault = ops.cast(fault, "int32")
        # A step that the scale spoiled says nothing of the steps before it.
        kept = ops.where(finite, 0, self.skipped[0])
        self.skipped.assign(ops.stack([kept + fault, self.skipped[1] + fault]))


def make_updates(
    players: Sequence[Player], networks: Mapping[str, Any], recipe: Recipe, steps: int | None = None
) -> list[Update]:
    """Makes what moves each player.

    Args:
        players: The players.
        networks: The model's networks by name.
        recipe: How weights move.
        steps: How many steps the whole run has; None: very many.

    Raises:
        PluginError: Players share an optimizer that do not move the same networks.
        OptionError: They do, and gradients are to be accumulated, which would mix theirs.
    """
    updates: list[Update] = []
    for place, player in enumerate(players):
        owner = next((other for other in players[:place] if other.optimizer is player.optimizer), None)
        if owner is not None:
            _require_sharing(owner, player, recipe)
        moves = None if steps is None else steps // player.interval
        updates.append(Update(player, networks, recipe, owner is not None, moves))
    return updates


def _require_sharing(owner: Player, player: Player, recipe: Recipe) -> None:
    both = f"the players `{owner.name}` and `{player.name}` share an optimizer"
    if owner.networks != player.networks:
        raise PluginError(f"{both}, so they must move the same networks")
    if recipe.accumulate > 1:
        raise OptionError(f"--accumulate must be 1 here: {both}, whose gradients would mix; try a larger batch")


def all_variables(networks: Mapping[str, Any]) -> list[Any]:
    """Every variable of some networks, once."""
    everything: Iterable[Any] = (variable for network in networks.values() for variable in network.variables)
    return list({id(variable): variable for variable in everything}.values())
