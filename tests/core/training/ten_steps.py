"""Ten steps of each model from the same weights on the same batch; a script for `test_parity.py`, run on each backend.

The first run makes the weights. Every run leaves its losses and weights in `<folder>/<model>/<backend>-<optimizer>`.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from faceswap.core.kinds import Trainable
from faceswap.core.training.backends import import_keras, make_adapter, running_backend, seed_weights
from faceswap.core.training.checkpointing import WEIGHTS, read_arrays, write_arrays
from faceswap.core.training.engine import random_numbers
from faceswap.core.training.faces import TrainingFaces
from faceswap.core.training.recipe import Recipe
from faceswap.core.training.step import IdentityBatch
from faceswap.core.training.update import make_updates
from faceswap.lib import checkpoint
from faceswap.plugins.train.generators.dcgan import DcganGenerator
from faceswap.plugins.train.generators.stylegan import StyleGanGenerator
from faceswap.plugins.train.generators.stylegan2 import StyleGan2Generator
from faceswap.plugins.train.generators.vae import VaeGenerator
from faceswap.plugins.train.models.cyclegan import CycleGanModel
from faceswap.plugins.train.models.gan import GanModel
from faceswap.plugins.train.models.mini import MiniModel

STEPS, FACES = 10, 2
RATES = {"mini": 0.2, "gan": 1e-4, "cyclegan": 3e-6, "dcgan": 0.02, "stylegan": 1e-3, "stylegan2": 1e-3, "vae": 1e-6}
"""Of stochastic gradient descent."""
NOISE = np.random.default_rng(9).uniform(-1, 1, (FACES, 4)).astype(np.float32)
SHARES = np.array([0.1, 0.9] * 2, np.float32).reshape(4, 1, 1, 1)


class ChangingGenerator(StyleGan2Generator):
    """One that changes half of what the discriminator sees from the first step on."""

    def load(self) -> None:
        super().load()
        self.networks["state"].assign("chance", 0.5)


def make(name: str) -> Trainable:
    """Makes a model, small; what it draws at random is the same on every backend."""
    if name == "mini":
        return MiniModel(MiniModel.Options(width=0.1))
    if name == "stylegan2":
        _draw_alike()
        return ChangingGenerator(StyleGan2Generator.Options(width=0.01, r1_every=2, path_every=3))
    if name == "stylegan":
        _draw_alike()
        # Steps of two faces: four at 8 pixels, four that blend 16 in, and two at 16 pixels.
        return StyleGanGenerator(StyleGanGenerator.Options(width=0.01, growing=0.008))
    if name == "cyclegan":
        return CycleGanModel(CycleGanModel.Options(width=0.05, blocks=1, pool=0, cycle=1))
    if name in ("dcgan", "vae"):
        random = import_keras().random
        random.uniform = random.normal = lambda *given, **more: import_keras().ops.convert_to_tensor(NOISE)
        if name == "vae":
            return VaeGenerator(VaeGenerator.Options(dim=4, width=0.05))
        return DcganGenerator(DcganGenerator.Options(noise=4, width=0.05))
    losses: Any = import_module("faceswap.lib.nn.adversarial_losses")
    losses.mixture_shares = lambda *given: import_keras().ops.convert_to_tensor(SHARES)
    # At its own rates and weights ten steps make of rounding what the tolerances are.
    return GanModel(GanModel.Options(width=0.02, eyes=1, learning_rate=1e-5, discriminator_rate=2e-5))


def _draw_alike() -> None:
    """Makes what is drawn a function of the place of the draw in its move, on every backend."""
    keras = import_keras()

    def drawn(kind: str, shape: Any, seed: Any, *numbers: float) -> Any:
        rng = np.random.default_rng(seed._draws)
        seed.next()
        return keras.ops.convert_to_tensor(np.asarray(getattr(rng, kind)(*numbers, shape), np.float32))

    random = keras.random
    random.normal = lambda shape, mean=0.0, stddev=1.0, seed=None: drawn("normal", shape, seed, mean, stddev)
    random.uniform = lambda shape, low=0.0, high=1.0, seed=None: drawn("uniform", shape, seed, low, high)
    random.randint = lambda shape, low, high, seed=None: drawn("integers", shape, seed, low, high)


def run(folder: Path, name: str, optimizer: str) -> None:
    """Trains on the running backend."""
    seed_weights(0)
    model = make(name)
    model.load()
    networks = {part: network.variables for part, network in model.networks.items()}
    folder.mkdir(exist_ok=True)
    if not checkpoint.saved_steps(folder):
        checkpoint.save(folder, 0, {WEIGHTS: read_arrays(networks)}, {})
    write_arrays(networks, checkpoint.load_latest(folder).parts[WEIGHTS], folder)

    players = model.players()
    if optimizer == "sgd":
        players = [replace(player, optimizer=import_keras().optimizers.SGD(RATES[name])) for player in players]
    # Adam's moves are compiled where the backend compiles them in long runs alone.
    updates = make_updates(players, model.networks, Recipe(), STEPS if optimizer == "sgd" else None)
    faces = {identity: _faces(seed) for seed, identity in enumerate(model.identities)}
    adapter = make_adapter(model, _unchanged, faces)
    indices = {identity: np.arange(FACES) for identity in faces}
    losses: dict[str, list[float]] = {}
    for step in range(STEPS):
        model.shown(step * FACES)
        for turn, update in enumerate(updates):
            if step % update.player.interval:
                continue
            moved = adapter.move(update, indices, random_numbers(0, turn, step), step, step / STEPS)
            for loss, value in moved.items():
                losses.setdefault(loss, []).append(float(value))

    out = folder / f"{running_backend()}-{optimizer}"
    out.mkdir()
    curves = {name: np.array(values) for name, values in losses.items()}
    checkpoint.save(out, STEPS, {WEIGHTS: read_arrays(networks), "losses": curves}, {})


def _faces(seed: int) -> TrainingFaces:
    pictures = np.random.default_rng(seed).integers(150, 256, (FACES, 64, 64, 3)).astype(np.uint8)
    return TrainingFaces(pictures, pictures[..., :1])


def _unchanged(faces: Any, masks: Any, key: Any) -> IdentityBatch:
    """The stored faces themselves: backends draw different random numbers."""
    ops = import_keras().ops
    faces, masks = (ops.cast(part, "float32") / 255.0 for part in (faces, masks))
    return IdentityBatch(faces, faces, *(masks,) * 3)


if __name__ == "__main__":
    for chosen in sys.argv[2:]:
        model, _, optimizer = chosen.partition("/")
        run(Path(sys.argv[1]) / model, model, optimizer)
