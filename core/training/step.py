"""What a trainable plugin and the step engine say to each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

Tensor = Any
"""A tensor of the running Keras backend."""


@dataclass(frozen=True, eq=False)
class Player:
    """One player of the training game: what it owns and how it learns.

    Players that move the same networks may share an optimizer: one whose losses come more rarely, such as a
    regularization, then moves them with the same moments.

    Attributes:
        name: Its name, given to `losses`.
        networks: Names of the networks whose trainable weights it moves.
        optimizer: A fresh Keras optimizer.
        interval: It moves every so many steps.
    """

    name: str
    networks: tuple[str, ...]
    optimizer: Any
    interval: int = 1


@dataclass(frozen=True)
class Warp:
    """How the faces that a model is given are warped: a grid over the face whose nodes are moved at random.

    The default is the recipe of the first face-swapping autoencoders.

    Attributes:
        cells: The smallest and the largest number of cells along a side of the grid; drawn for each face.
        noise: Standard deviation of a node's move along each axis, as a share of a cell's side.

    Raises:
        ValueError: There is no such grid.
    """

    cells: tuple[int, int] = (4, 4)
    noise: float = 5 / 40

    def __post_init__(self) -> None:
        least, most = self.cells
        if not 1 <= least <= most:
            raise ValueError(f"`cells` must be a smallest and a largest number from 1. Received: {self.cells}")
        if self.noise < 0:
            raise ValueError(f"`noise` must not be negative. Received: {self.noise}")


@dataclass(frozen=True)
class Variation:
    """How training faces are varied.

    Attributes:
        affine: Strength of the random rotation, zoom and shift; 1 is the original recipe.
        flip: Share of the faces that are mirrored.
        color_match: Share of the faces that get the colors of another face of the batch, the same person's.
        color_jitter: Strength of the random change of color.
    """

    affine: float = 1.0
    flip: float = 0.5
    color_match: float = 0.3
    color_jitter: float = 0.5


@dataclass(frozen=True, eq=False)
class IdentityBatch:
    """One identity's share of a training batch.

    Attributes:
        input: The warped faces, `[batch size size 3]`, RGB, 0..1.
        goal: What the network should give for them, like `input`.
        mask: Where the face is in `goal`, `[batch size size 1]`, 0..1.
        eyes: Where its eyes are, likewise; nowhere where the faceset has no landmarks.
        mouth: Where its mouth is, likewise.
    """

    input: Tensor
    goal: Tensor
    mask: Tensor
    eyes: Tensor
    mouth: Tensor


class Step(Protocol):
    """The step that is being computed; written once per backend.

    Attributes:
        key: Random key of the step, to be given as `seed` to `keras.random` functions: a seed generator that keeps no
            state, so that every draw is a function of the run's seed and the step.
        number: The step's number from 0, a scalar tensor.
        progress: The share of the run that is done, 0..1, a scalar tensor.
    """

    key: Tensor
    number: Tensor
    progress: Tensor

    def gradient(self, function: Callable[..., Tensor], inputs: Tensor) -> Tensor:
        """Returns the gradient of the scalar `function(inputs)` with respect to `inputs`."""
        ...


@dataclass(eq=False)
class StepNumbers:
    """What a step is on every backend; each adds its own way to a gradient. See `Step`."""

    key: Tensor
    number: Tensor
    progress: Tensor
