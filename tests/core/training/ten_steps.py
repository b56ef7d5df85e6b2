"""Ten steps of `mini` from the same weights on the same batch; a script for `test_backends.py`, run on each backend.

The first run makes the weights. Every run leaves its losses and weights in `<folder>/<backend>-<optimizer>`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from faceswap.core.training.backends import import_keras, make_adapter, running_backend, seed_weights
from faceswap.core.training.checkpointing import WEIGHTS, load_weights, read_arrays
from faceswap.core.training.engine import random_numbers
from faceswap.core.training.faces import TrainingFaces
from faceswap.core.training.step import IdentityBatch
from faceswap.core.training.update import Update
from faceswap.lib import checkpoint
from faceswap.plugins.train.models.mini import MiniModel

STEPS = 10


def run(folder: Path, optimizer: str) -> None:
    """Trains on the running backend."""
    model = MiniModel(MiniModel.Options(width=0.1))
    seed_weights(0)
    model.load()
    networks = {name: network.variables for name, network in model.networks.items()}
    if not checkpoint.saved_steps(folder):
        checkpoint.save(folder, 0, {WEIGHTS: read_arrays(networks)}, {})
    load_weights(folder, model)

    (player,) = model.players()
    if optimizer == "sgd":
        player = replace(player, optimizer=import_keras().optimizers.SGD(0.2))
    update = Update(player, model.networks)
    faces = {name: _faces(seed) for seed, name in enumerate(model.identities)}
    adapter = make_adapter(model, _unchanged, faces)
    indices = {name: np.arange(4) for name in faces}
    losses: dict[str, list[float]] = {name: [] for name in faces}
    for step in range(STEPS):
        for name, loss in adapter.move(update, indices, random_numbers(0, 0, step), step, step / STEPS).items():
            losses[name].append(float(loss))

    out = folder / f"{running_backend()}-{optimizer}"
    out.mkdir()
    curves = {name: np.array(values) for name, values in losses.items()}
    checkpoint.save(out, STEPS, {WEIGHTS: read_arrays(networks), "losses": curves}, {})


def _faces(seed: int) -> TrainingFaces:
    pictures = np.random.default_rng(seed).integers(150, 256, (4, 64, 64, 3)).astype(np.uint8)
    return TrainingFaces(pictures, pictures[..., :1])


def _unchanged(stored: Mapping[str, tuple[Any, Any]], key: Any) -> dict[str, IdentityBatch]:
    """The stored faces themselves: backends draw different random numbers."""
    ops = import_keras().ops
    shares = {name: tuple(ops.cast(part, "float32") / 255.0 for part in parts) for name, parts in stored.items()}
    return {name: IdentityBatch(faces, faces, *(masks,) * 3) for name, (faces, masks) in shares.items()}


if __name__ == "__main__":
    for which in sys.argv[2:]:
        run(Path(sys.argv[1]), which)
