"""Six steps of `mini` on one device and on two that share the batch; a script for `test_devices.py`.

The processor is divided into two virtual devices, which has to be said before a backend starts. Prints, as JSON, the
largest difference between the losses, and between the weights, of both runs; then what the refusals say.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from typing import Any

os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_force_host_platform_device_count=2"
if os.environ["KERAS_BACKEND"] == "tensorflow":
    import tensorflow as tf

    processor = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(processor, [tf.config.LogicalDeviceConfiguration()] * 2)

import numpy as np

from faceswap.core.errors import PluginError
from faceswap.core.training.backends import import_keras, seed_weights
from faceswap.core.training.backends.devices import on_devices
from faceswap.core.training.engine import Engine
from faceswap.core.training.faces import TrainingFaces
from faceswap.core.training.recipe import Recipe
from faceswap.core.training.step import Variation
from faceswap.plugins.train.models.mini import MiniModel

STEPS = 6
PLAIN = Variation(affine=0, flip=0, color_match=0, color_jitter=0)
"""So that losses fall within a few steps."""


class SlowMini(MiniModel):
    """`mini` under plain gradient descent: Adam makes whole steps of the rounding errors of vanishing gradients."""

    def players(self) -> list[Any]:
        return [replace(player, optimizer=import_keras().optimizers.SGD(0.5)) for player in super().players()]


def train(devices: int) -> tuple[list[float], list[Any]]:
    """The losses of each step, and the weights after the last."""
    random = np.random.default_rng(0)
    pictures = random.integers(100, 256, (4, 5, 128, 128, 3)).astype(np.uint8)
    faces = {"source": TrainingFaces(*pictures[:2]), "target": TrainingFaces(*pictures[2:])}
    with on_devices(devices):
        seed_weights(0)
        model = SlowMini(SlowMini.Options(width=0.05))
        model.load()
        # The gradients' norm is far above the limit, so that the wrong limit would show.
        engine = Engine(model, faces, 4, 0, 100, PLAIN, Recipe(clip=0.05, ema=0.9))
    losses = [float(loss) for _ in range(STEPS) for loss in engine.advance().values()]
    assert model.swap(pictures[0, :3, :64, :64])[0].shape == (3, 64, 64, 3)
    variables = [weight for network in model.networks.values() for weight in network.weights]
    variables += [average for update in engine.updates for _, average in update.averages]
    return losses, [import_keras().ops.convert_to_numpy(variable) for variable in variables]


def refusal(devices: int) -> str:
    """What is said to so many devices."""
    try:
        train(devices)
    except PluginError as error:
        return str(error)
    return ""


if __name__ == "__main__":
    (alone, weights), (shared, other_weights) = (train(devices) for devices in (1, 2))
    told = {
        "losses": max(abs(one - other) for one, other in zip(alone, shared, strict=True)),
        "weights": max(float(abs(one - other).max()) for one, other in zip(weights, other_weights, strict=True)),
        "first and last loss": [alone[0], alone[-2]],
        "refusal": refusal(3),
    }
    json.dump(told, sys.stdout)
