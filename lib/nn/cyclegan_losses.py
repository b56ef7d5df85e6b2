"""What the networks of unpaired translation lose.

Convention:
    Pictures of a batch are `[batch size size 3]`, RGB, 0..1; the networks see them in -1..1.

Reference:
    J.-Y. Zhu et al., arXiv:1703.10593, equations 1 (with least squares, as section 4 has it) to 3, and section 5.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keras import ops

from .adversarial_losses import discriminator_loss, generator_loss
from .losses import mae

Tensor = Any


def generator_losses(
    networks: Mapping[str, Any], batch: Mapping[str, Any], cycle: float, identity: float
) -> dict[str, Tensor]:
    """Returns the generators' losses by name.

    Args:
        networks: `generator_<person>` and `discriminator_<person>` of two people.
        batch: Each person's `goal`.
        cycle: Weight of the way there and back.
        identity: Weight, times `cycle`, of what a generator changes in its own person's faces.
    """
    faces, losses = _signed(batch), {}
    made, kept = _translated(networks, faces)
    for name, other in _pairs(faces):
        back = networks[f"generator_{name}"](made[other], training=True)
        verdicts = networks[f"discriminator_{name}"](made[name], training=True)
        losses[f"{name}_adversarial"] = generator_loss(verdicts)
        losses[f"{name}_cycle"] = cycle * mae(faces[name], back)
        losses[f"{name}_identity"] = cycle * identity * mae(faces[name], kept[name])
    return losses


def told_apart(networks: Mapping[str, Any], batch: Mapping[str, Any], key: Any) -> dict[str, Tensor]:
    """Returns the discriminators' losses by name; no gradient reaches the generators.

    Args:
        networks: As in `generator_losses`, and `pool_<person>` where made faces are remembered.
        batch: Each person's `goal`.
        key: The step's random key.
    """
    faces, losses = _signed(batch), {}
    for name, other in _pairs(faces):
        made = ops.stop_gradient(networks[f"generator_{name}"](faces[other], training=True))
        if f"pool_{name}" in networks:
            made = networks[f"pool_{name}"].draw(made, key)
        discriminator = networks[f"discriminator_{name}"]
        real, fake = (discriminator(pictures, training=True) for pictures in (faces[name], made))
        # Halved, so that discriminators learn more slowly than generators.
        losses[f"discriminator_{name}"] = (discriminator_loss(real, 1.0) + discriminator_loss(fake, 0.0)) / 2
    return losses


def _translated(
    networks: Mapping[str, Any], faces: Mapping[str, Tensor]
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """What each generator makes of the other person's faces, and of its own person's; in one pass."""
    made, kept = {}, {}
    for name, other in _pairs(faces):
        both = ops.concatenate([faces[other], faces[name]], axis=0)
        made[name], kept[name] = ops.split(networks[f"generator_{name}"](both, training=True), 2, axis=0)
    return made, kept


def _pairs(faces: Mapping[str, Tensor]) -> list[tuple[str, str]]:
    """Each of two people with the other."""
    first, second = faces
    return [(first, second), (second, first)]


def _signed(batch: Mapping[str, Any]) -> dict[str, Tensor]:
    """The people's faces in -1..1."""
    return {name: ops.cast(share.goal, "float32") * 2 - 1 for name, share in batch.items()}
