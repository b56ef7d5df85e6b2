"""The two sides of `bench train`: steps of the engine, and `train_on_batch` of the same networks on ready batches.

Each lives in a process of its own and answers with what its turn took.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..contract import CropSpec
from ..host import PluginChoice
from ..kinds import TrainableModel
from ..training.recipe import Precision
from ..training.step import IdentityBatch, Player, Step

Tensor = Any

FACES = 48
"""Of each person; random pixels, since a step does the same whatever they show."""

_LOSSES_EVERY = 10
"""Steps after which losses are read, as the job `train` does."""

_CHANNELS = {"input": 3, "goal": 3, **dict.fromkeys(("mask", "eyes", "mouth"), 1)}
"""What a batch holds of an identity."""

_WARM_UP_STEPS = 3
_MATRIX_TRIES, _PRODUCTS = 5, 4
_SMALLEST_MATRIX, _LARGEST_MATRIX, _MATRIX_SECONDS = 1024, 8192, 0.05


@dataclass(frozen=True)
class Case:
    """What is trained.

    Attributes:
        backend: The Keras backend.
        model: The model.
        batch_size: Faces of each person in a step.
        precision: What the networks compute in.
    """

    backend: str
    model: PluginChoice
    batch_size: int
    precision: Precision

    @property
    def label(self) -> str:
        """The model with its options."""
        return label_of(self.model)


def label_of(model: PluginChoice) -> str:
    """A model with its options in a few words: `h64 light=true`."""
    return " ".join([model.name, *(f"{name}={value}" for name, value in model.options.items())])


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


class IdleModel(TrainableModel):
    """A model of one weight, whose loss looks at all of its batch and multiplies no matrices.

    Args:
        like: The model whose faces it gets.
    """

    def __init__(self, like: TrainableModel) -> None:
        super().__init__()
        self.like, self.warp = like, like.warp

    @property
    def crop(self) -> CropSpec:
        """The crop of the model that it is like."""
        return self.like.crop

    def build(self) -> dict[str, Any]:
        """Builds a network that scales a number."""
        import keras

        return {"idle": keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])}

    def players(self) -> list[Player]:
        """One player."""
        import keras

        return [Player("idle", ("idle",), keras.optimizers.SGD(1e-3))]

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

    model = _load(case)
    idle = IdleModel(model)
    idle.load()
    working, waiting = _stepping(model, case), _stepping(idle, case)
    steps = _calibrate(working, seconds)
    memory = peak_host_memory(), peak_device_memory()
    faces, flops = case.batch_size * len(model.identities), case.batch_size * step_flops(model, model.players())
    _calibrate(waiting, 0.0)

    def turn() -> Turn:
        took = working(steps) / steps, waiting(steps) / steps
        return Turn(*took, matrix_rate(case.precision), faces, flops, *memory, device_name())

    return turn


def make_plain(case: Case, seconds: float) -> Callable[[], float | None]:
    """Prepares turns of Keras's own `train_on_batch`, with the model's losses and optimizer, on ready batches.

    Each answers with the seconds of a step; with None for a model of several players, which Keras cannot train so.

    Args:
        case: What is trained.
        seconds: How long a turn shall be at least.
    """
    import numpy as np

    model = _load(case)
    if len(model.players()) > 1:
        return lambda: None
    plain, generator, goal = plain_model(model, case.batch_size), np.random.default_rng(0), np.zeros((1, 1), np.float32)
    inputs = {shown.name: generator.random(shown.shape, dtype=np.float32) for shown in plain.inputs}

    def stepping(steps: int) -> float:
        began = time.perf_counter()
        for _ in range(steps):
            loss = plain.train_on_batch(inputs, goal)
        float(loss)
        return time.perf_counter() - began

    steps = _calibrate(stepping, seconds)
    return lambda: stepping(steps) / steps


def plain_model(model: Any, batch_size: int) -> Any:
    """A Keras model from batches to the sum of the losses of a model's only player, which is its loss.

    Args:
        model: The model, loaded.
        batch_size: Faces of each person.

    Returns:
        A compiled Keras model. Its inputs are a dict `identity_part` -> float32 `[batch size size channels]`.
    """
    import keras
    from keras import ops

    from .flops import CountedStep

    (player,), size = model.players(), model.crop.size
    inputs = {
        f"{name}_{part}": keras.Input((size, size, channels), batch_size=batch_size, name=f"{name}_{part}")
        for name in model.identities
        for part, channels in _CHANNELS.items()
    }
    batch = {name: IdentityBatch(**{part: inputs[f"{name}_{part}"] for part in _CHANNELS}) for name in model.identities}
    losses = model.losses(player.name, batch, CountedStep(None)).values()
    plain = keras.Model(inputs, ops.reshape(sum(ops.cast(loss, "float32") for loss in losses), (1, 1)))
    plain.compile(optimizer=player.optimizer, loss=lambda goal, loss: loss)
    return plain


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


def _load(case: Case) -> Any:
    from ..host import prepare, use_backend
    from ..training.backends import import_keras, seed_weights
    from ..training.recipe import computing_in

    prepared = prepare("model", case.model)
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


def _calibrate(stepping: Callable[[int], float], seconds: float) -> int:
    """Warms up, and returns how many steps take so many seconds."""
    stepping(_WARM_UP_STEPS)
    step = stepping(_WARM_UP_STEPS) / _WARM_UP_STEPS
    return max(_WARM_UP_STEPS, round(seconds / step))


def peak_host_memory() -> int:
    """The most memory that this process has held, in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
