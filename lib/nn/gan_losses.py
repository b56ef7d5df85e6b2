"""What the adversarial autoencoder makes of a batch, and what its autoencoder loses by it.

Convention:
    Pictures are `[batch size size 3]`, RGB, -1..1; those of a batch as the engine gives it, 0..1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras import ops

from .adversarial_losses import seen_through
from .autoencoder import reconstruct
from .gan_networks import halving_kernels
from .losses import gradient_difference, mae, mse, total_variation

Tensor = Any

_DECAY = 1e-4
_EDGES = 0.1
_SHRINK = 1e-2
_SMOOTH = 0.1
_HINGE = 0.1
_PERCEPTUAL_FROM = 0.2
_PERCEPTUAL = (0.01, 0.1, 0.3, 0.1)
"""Weights of the perceptual network's maps of 7, 28, 55 and 112 pixels."""
_MARGINS = ((0.3, 0.5), (0.5, 0.2), (0.65, 0.4), (0.8, 0.1))
"""Marks of progress, and below what the alpha costs from each on; before the first it costs wherever it is above 0."""


@dataclass(frozen=True, eq=False)
class Made:
    """What was made of one person's faces.

    Attributes:
        warped: What was shown.
        alpha: Where the picture replaces it, `[batch size size 1]`, 0..1.
        picture: The picture.
        smaller: The pictures that led to it, from 64 pixels on.
    """

    warped: Tensor
    alpha: Tensor
    picture: Tensor
    smaller: tuple[Tensor, ...]

    @property
    def composite(self) -> Tensor:
        """The picture where the alpha is 1, what was shown where it is 0."""
        return self.alpha * self.picture + (1 - self.alpha) * self.warped


def make(networks: Mapping[str, Any], inputs: Mapping[str, Tensor]) -> dict[str, Made]:
    """Puts each person's faces, 0..1, through the encoder and their decoder."""
    warped = {name: ops.cast(faces, "float32") * 2 - 1 for name, faces in inputs.items()}
    answers = reconstruct(networks, warped)
    return {
        name: Made(warped[name], alpha, picture, tuple(smaller)) for name, (alpha, picture, *smaller) in answers.items()
    }


@dataclass(frozen=True, eq=False)
class GeneratorLosses:
    """All that the autoencoder loses.

    Attributes:
        networks: The encoder and the discriminators, by name.
        adversarial: Weight of the verdicts.
        eyes: Extra weight of the absolute error inside the eyes.
        mouth: That inside the mouth.
        perceptual: From goals and composites, 0..1, to a scalar; None for no such loss.
    """

    networks: Mapping[str, Any]
    adversarial: float
    eyes: float
    mouth: float
    perceptual: Callable[[Tensor, Tensor], Tensor] | None = None

    def __call__(self, made: Mapping[str, Made], batch: Mapping[str, Any], progress: Tensor) -> dict[str, Tensor]:
        """Returns the losses by name.

        Args:
            made: What was made, by person.
            batch: Each person's `goal`, `eyes` and `mouth`.
            progress: The share of the run that is done.
        """
        losses: dict[str, Tensor] = {}
        for name, faces in made.items():
            discriminator = self.networks[f"discriminator_{name}"]
            parts = self._of_person(faces, batch[name], discriminator, progress)
            losses |= {f"{name}{part}": loss for part, loss in parts.items()}
        kernels = halving_kernels(self.networks["encoder"])
        return {**losses, "decay": _DECAY * sum(ops.sum(ops.square(kernel)) for kernel in kernels)}

    def _of_person(self, made: Made, share: Any, discriminator: Any, progress: Tensor) -> dict[str, Tensor]:
        goal = ops.cast(share.goal, "float32") * 2 - 1
        verdicts = seen_through(discriminator, (made.composite, made.picture), made.warped)
        losses = {
            "": mae(goal, made.picture) + sum(mae(_shrunk(goal, small), small) for small in made.smaller),
            "_adversarial": self.adversarial * verdicts,
            "_edges": _EDGES * gradient_difference(goal, made.picture),
            "_alpha": alpha_loss(made.alpha, progress),
        }
        regions = {"_eyes": (self.eyes, share.eyes), "_mouth": (self.mouth, share.mouth)}
        losses |= {part: weight * mae(goal, made.picture, where) for part, (weight, where) in regions.items() if weight}
        if self.perceptual:
            on = ops.cast(progress >= _PERCEPTUAL_FROM, "float32")
            losses["_perceptual"] = on * self.perceptual(share.goal, (made.composite + 1) / 2)
        return losses


def alpha_loss(alpha: Tensor, progress: Tensor) -> Tensor:
    """What an alpha costs: at first that it is there, later that it is too low; always that it is restless."""
    margin = 0.0
    for mark, value in _MARGINS:
        margin = ops.where(progress >= mark, value, margin)
    hinge = _HINGE * ops.mean(ops.relu(margin - alpha))
    size = ops.where(progress >= _MARGINS[0][0], hinge, _SHRINK * ops.mean(alpha))
    return size + _SMOOTH * total_variation(alpha)


def perceptual_loss(path: Path) -> Callable[[Tensor, Tensor], Tensor]:
    """Makes the perceptual loss with the network's weights of a file.

    Raises:
        ValueError: The file is not as `perceptual.read_weights` wants it.
    """
    from .perceptual import PerceptualLoss, build_network, read_weights

    network = build_network()
    read_weights(network, path)
    return PerceptualLoss(network, _PERCEPTUAL, mse)


def _shrunk(pictures: Tensor, like: Tensor) -> Tensor:
    """Averages pictures down to the side of others."""
    factor = pictures.shape[1] // like.shape[1]
    return ops.average_pool(pictures, factor, factor, data_format="channels_last")
