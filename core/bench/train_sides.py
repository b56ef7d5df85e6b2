"""The measured side of `bench train`: steps of the engine, beside matrix products and steps of a model that idles.

It lives in a process of its own and answers with what its turn took. The other side is `train_plain`.
"""

from __future__ import annotations

import math
import resource
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..contract import CropSpec
from ..host import PluginChoice
from ..kinds import Trainable
from ..training.recipe import Precision
from ..training.step import IdentityBatch, Player, Step

Tensor = Any

FACES = 48
"""Of each person; random pixels, since a step does the same whatever they show."""

_LOSSES_EVERY = 10
"""Steps after which losses are read, as the job `train` does."""

_WARM_UP_STEPS = 3
_MATRIX_TRIES, _PRODUCTS = 5, 4
_SMALLEST_MATRIX, _LARGEST_MATRIX, _MATRIX_SECONDS = 1024, 8192, 0.05


@dataclass(frozen=True)
class Case:
    """What is trained.

    Attributes:
        backend: The Keras backend.
        kind: `model` or `generator`.
        plugin: Which one.
        batch_size: Faces of each person in a step.
        precision: What the networks compute in.
    """

    backend: str
    kind: str
    plugin: PluginChoice
    batch_size: int
    precision: Precision

    @property
    def label(self) -> str:
        """The plugin with its options."""
        return label_of(self.plugin)


def label_of(plugin: PluginChoice) -> str:
    """A plugin with its options in a few words: `h64 light=true`."""
    return " ".join([plugin.name, *(f"{name}={value}" for name, value in plugin.options.items())])


@dataclass(frozen=True)
class Turn:
    """What one turn of the engine took.

    Attributes:
        step: Seconds of a step.
        idle: Seconds of a step of a model that does nothing with its batch: drawing, fetching, augmenting the faces.
        matrix_rate: Operations per second of large matrix products in the networks' precision.
        faces: Faces in a step, those of all people.
        flops: Operations of a step.
        host_bytes: The most memory that the process has held up to the first turn.
        device_bytes: The same of the device's memory; None where it has none of its own.
        device: The device's name.
    """

    step: float
    idle: float
    matrix_rate: float
    faces: int
    flops: float
    host_bytes: int
    device_bytes: int | None
    device: str


class IdleModel(Trainable):
    """A model of one weight, whose losses look at all of their batch and multiply no matrices.

    Args:
        like: The model whose faces it gets, as often in a step.
    """

    def __init__(self, like: Trainable) -> None:
        super().__init__()
        self.like, self.identities = like, like.identities  # type: ignore[misc]
        self.warp, self.variation = like.warp, like.variation

    @property
    def crop(self) -> CropSpec:
        """The crop of the model that it is like."""
        return self.like.crop

    def build(self) -> dict[str, Any]:
        """Builds a network that scales a number."""
        import keras

        return {"idle": keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])}

    def players(self) -> list[Player]:
        """As many players, which move as often."""
        import keras

        return [
            Player(player.name, ("idle",), keras.optimizers.SGD(1e-3), player.interval)
            for player in self.like.players()
        ]

    def losses(self, player: str, batch: Mapping[str, IdentityBatch], step: Step) -> dict[str, Tensor]:
        """The mean of everything in the batch."""
        from keras import ops

        parts = [part for share in batch.values() for part in vars(share).values()]
        mean = sum(ops.mean(ops.cast(part, "float32")) for part in parts)
        return {"idle": ops.mean(self.networks["idle"](ops.reshape(mean, (1, 1)), training=True))}


def make_engine(case: Case, seconds: float) -> Callable[[], Turn]:
    """Prepares turns of the step engine as the job `train` uses it, on synthetic faces.

    Args:
        case: What is trained.
        seconds: How long a turn of steps shall be at least.
    """
    from ..training.backends.accelerator import device_name, peak_device_memory
    from .flops import step_flops

    model = load(case)
    idle = IdleModel(model)
    idle.load()
    working, waiting = _stepping(model, case), _stepping(idle, case)
    steps = calibrate(working, seconds, cycle_of(model.players()))
    memory = peak_host_memory(), peak_device_memory()
    faces, flops = case.batch_size * len(model.identities), case.batch_size * step_flops(model, model.players())
    calibrate(waiting, 0.0)

    def turn() -> Turn:
        took = working(steps) / steps, waiting(steps) / steps
        return Turn(*took, matrix_rate(case.precision), faces, flops, *memory, device_name())

    return turn


def matrix_rate(precision: str) -> float:
    """The rate of matrix products on the running backend's device: operations per second, the best of some tries.

    The matrices are made larger while a product takes no time worth mentioning.

    Args:
        precision: Their dtype.
    """
    best, seconds, size = 0.0, 0.0, _SMALLEST_MATRIX // 2
    while seconds < _MATRIX_SECONDS and size < _LARGEST_MATRIX:
        size *= 2
        seconds = _product_seconds(size, precision)
        best = max(best, 2 * size**3 / seconds)
    return best


def _product_seconds(size: int, precision: str) -> float:
    """Seconds of one product: of several in a row, so that waiting for a fast device counts little."""
    import keras
    from keras import ops

    # Random values, since chips draw less power for constant ones and run faster.
    matrix = ops.cast(keras.random.normal((size, size), stddev=size**-0.5, seed=0), precision)

    def products() -> float:
        began = time.perf_counter()
        for _ in range(_PRODUCTS):
            product = ops.matmul(matrix, matrix)
        float(product[0, 0])  # Waits for the device.
        return (time.perf_counter() - began) / _PRODUCTS

    return min(products() for _ in range(_MATRIX_TRIES))


def load(case: Case) -> Any:
    """Loads what is trained, in its precision, with fresh weights."""
    from ..host import prepare, use_backend
    from ..training.backends import import_keras, seed_weights
    from ..training.recipe import computing_in

    prepared = prepare(case.kind, case.plugin)
    use_backend([prepared], case.backend)
    import_keras()
    seed_weights(0)
    with computing_in(case.precision):
        return prepared.load()


def _stepping(model: Any, case: Case) -> Callable[[int], float]:
    """A function that does so many steps and returns their seconds, once the device has done them."""
    from ..training.engine import Engine
    from ..training.recipe import Recipe

    faces, recipe = _synthetic_faces(model), Recipe(precision=case.precision)
    engine = Engine(model, faces, case.batch_size, seed=0, total=10**9, recipe=recipe)

    def stepping(steps: int) -> float:
        began = time.perf_counter()
        pending: list[dict[str, Tensor]] = []
        for _ in range(steps):
            pending.append(engine.advance())
            if len(pending) == _LOSSES_EVERY:
                pending = _read(pending)
        _read(pending)
        return time.perf_counter() - began

    return stepping


def _read(pending: list[dict[str, Tensor]]) -> list[dict[str, Tensor]]:
    """Waits for the losses of some steps; returns none."""
    for losses in pending:
        for loss in losses.values():
            float(loss)
    return []


def _synthetic_faces(model: Any) -> dict[str, Any]:
    import numpy as np

    from ..training.faces import REGIONS, TrainingFaces, training_side

    side, generator = training_side(model.crop.size), np.random.default_rng(0)

    def pixels(channels: int) -> Any:
        return generator.integers(0, 256, (FACES, side, side, channels), np.uint8)

    return {name: TrainingFaces(pixels(3), pixels(len(REGIONS))) for name in model.identities}


def cycle_of(players: Sequence[Player]) -> int:
    """After how many steps all players come together again."""
    return math.lcm(*(player.interval for player in players))


def calibrate(stepping: Callable[[int], float], seconds: float, cycle: int = 1) -> int:
    """Warms up, and returns how many steps take so many seconds: whole cycles, so that all turns are alike.

    Args:
        stepping: Does so many steps and returns their seconds.
        seconds: How long the steps shall take at least.
        cycle: The steps of a cycle.
    """
    stepping(_WARM_UP_STEPS)
    few = cycle * -(-_WARM_UP_STEPS // cycle)
    step = stepping(few) / few
    return max(few, cycle * round(seconds / step / cycle))


def peak_host_memory() -> int:
    """The most memory that this process has held, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
