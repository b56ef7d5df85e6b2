"""How weights move: the settings of a run that the step engine adds to what a plugin says of itself.

Reference:
    Averaged weights: B. Polyak, A. Juditsky, Acceleration of stochastic approximation by averaging, 1992.
    Clipping by the global norm: R. Pascanu et al., On the difficulty of training recurrent neural networks, ICML 2013.
    Warm-up: P. Goyal et al., Accurate, large minibatch SGD: training ImageNet in 1 hour, 2017.
    Cosine schedule: I. Loshchilov, F. Hutter, SGDR: stochastic gradient descent with warm restarts, ICLR 2017.
    Mixed precision: P. Micikevicius et al., Mixed precision training, ICLR 2018.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from ..errors import OptionError, PluginError, suggest

Precision = Literal["float32", "bfloat16", "float16"]
Schedule = Literal["constant", "linear", "cosine"]


@dataclass(frozen=True)
class Recipe:
    """How weights move.

    Attributes:
        precision: What networks compute in; weights, losses and optimizers are float32 always.
        ema: Decay per step of the average of the weights, 0..1; 0 for none. It rises to that, see `Update.apply`.
        accumulate: Of how many steps the gradients are averaged before weights move.
        clip: The largest global norm of a player's gradients; None for any.
        warm_up: Steps over which the learning rate rises from nothing.
        schedule: How the learning rate falls over the run.
        freeze: Names of networks that stay as they are.
    """

    precision: Precision = "float32"
    ema: float = 0.0
    accumulate: int = 1
    clip: float | None = None
    warm_up: int = 0
    schedule: Schedule = "constant"
    freeze: tuple[str, ...] = ()

    def rate(self, step: int, total: int) -> float:
        """The factor on the plugin's learning rate.

        Args:
            step: The step's number from 0.
            total: The steps of the whole run.

        Returns:
            0..1: the warm-up times the schedule.
        """
        rise = min(1.0, (step + 1) / self.warm_up) if self.warm_up else 1.0
        progress = min(1.0, step / total)
        if self.schedule == "linear":
            return rise * (1 - progress)
        if self.schedule == "cosine":
            return rise * 0.5 * (1 + math.cos(math.pi * progress))
        return rise

    def check_networks(self, known: Iterable[str]) -> None:
        """Insists that the frozen networks are the model's.

        Raises:
            OptionError: One is not.
        """
        known = tuple(known)
        for name in self.freeze:
            if name not in known:
                raise OptionError(f"--freeze names no network of the model: {name}. {suggest(name, known)}", "freeze")
        if known and set(known) <= set(self.freeze):
            raise OptionError("--freeze names all networks of the model; leave one that moves", "freeze")

    def prepare(self, optimizer: Any, label: str) -> None:
        """Gives a fresh optimizer what the recipe says; a clipping of the plugin's own gives way to the recipe's.

        Args:
            optimizer: A Keras optimizer that has not been built.
            label: Whose it is, for messages.

        Raises:
            PluginError: Its learning rate is not a number.
        """
        from keras import Variable

        if not isinstance(optimizer.learning_rate, Variable):
            raise PluginError(
                f"{label} must be given a number as learning rate, which `at` may change. Received: a schedule"
            )
        if self.clip is not None:
            optimizer.clipnorm, optimizer.clipvalue, optimizer.global_clipnorm = None, None, self.clip
        if self.ema:
            optimizer.use_ema, optimizer.ema_momentum = True, self.ema
        if self.accumulate > 1:
            optimizer.gradient_accumulation_steps = self.accumulate


@contextmanager
def computing_in(precision: Precision) -> Iterator[None]:
    """Lets the layers that are made inside compute in a precision; their weights are float32."""
    from keras import config

    before = config.dtype_policy()
    config.set_dtype_policy(precision if precision == "float32" else f"mixed_{precision}")
    try:
        yield
    finally:
        config.set_dtype_policy(before)
