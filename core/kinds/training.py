"""What is trained: models that swap faces and generators that make them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from .. import contract as c
from ..errors import PluginError
from ..training.step import IdentityBatch, Player, Step, Variation, Warp
from .extracting import CropPlugin

Tensor = Any
"""A tensor of the running Keras backend."""


class SwapModel(CropPlugin):
    """Puts one person's face on another's."""

    kind = "model"
    identities: ClassVar[tuple[str, ...]] = ("source", "target")
    """The names of the people that it knows."""

    def swap(self, crops: c.Crops, identity: str = "source") -> tuple[c.Faces, c.Masks | None]:
        """Gives each crop the face of `identity`, keeping expression, pose and light.

        Args:
            crops: uint8 `[faces size size 3]`.
            identity: One of `identities`.

        Returns:
            The faces, float32 `[faces size size 3]`, 0..1, and their masks or None.
        """
        raise NotImplementedError


class Trainable(CropPlugin):
    """The training part that swap models and generators share; networks are Keras models.

    It is trained from one faceset for each name in `identities`, whose faces are cut as `crop` says.
    """

    identities: ClassVar[tuple[str, ...]]
    """The names under which it is given faces."""
    warp: Warp = Warp()
    """How the faces that it is given in training are warped."""
    variation: Variation = Variation()
    """How they are varied where the user does not say."""
    batch_size: int = 16
    """How many of each identity a step takes where the user does not say."""
    few_faces: ClassVar[tuple[int, str]] = (
        100,
        "expressions and poses that are not among them will look wrong. Footage of a minute with many expressions does "
        "better.",
    )
    """The faces of a faceset below which whoever trains is warned, and of what."""

    phase: int = 0
    """Which form of the networks the losses are computed by; where it changes, compiled steps are made anew."""

    networks: dict[str, Any]

    @property
    def only_trained_with(self) -> tuple[str, ...]:
        """The names of networks that training alone needs, such as discriminators: kept with the optimizers' state."""
        return ()

    def build(self) -> dict[str, Any]:
        """Builds the networks, `{name: keras.Model}`, with fresh weights."""
        raise NotImplementedError

    def load(self) -> None:
        """Builds the networks and keeps them in `self.networks`."""
        self.networks = self.build()

    def players(self) -> list[Player]:
        """The players of the training game: an autoencoder has one, a GAN two."""
        raise NotImplementedError

    def losses(self, player: str, batch: Mapping[str, IdentityBatch], step: Step) -> dict[str, Tensor]:
        """The scalar losses of one player, whose sum it minimizes; ordinary Keras calls on `self.networks`.

        They are compiled: what depends on the values of tensors is written with `keras.ops.where` or `cond`, not `if`.

        Args:
            player: The name of one of `players()`.
            batch: One entry per identity.
            step: The step's number, progress and random key.
        """
        raise NotImplementedError

    def ema(self, batch_size: int) -> float:
        """The decay per step of the average of the weights, 0..1, where the user does not say; 0 for no average."""
        return 0.0

    def at(self, progress: float, before: float) -> None:
        """May change learning rates or weights between steps.

        What is set anew each time follows `progress`. What happens once, at a mark, happens where
        `before < mark <= progress`, in a resumed run as in an uninterrupted one.

        Args:
            progress: The share of the run that is done before the step that comes, 0..1.
            before: The same one step earlier; negative before the first step.
        """

    def shown(self, faces: int) -> None:
        """May change weights and `phase` before a step, as networks do that grow while they are trained.

        What is set here must be a function of `faces` alone, so that a resumed run is as an uninterrupted one.

        Args:
            faces: How many faces of each identity the steps before have taken, whatever the size of their batches.
        """

    def notices(self) -> tuple[str, ...]:
        """What whoever trains the model should know, a line each: a part that is off since a file is missing, say."""
        return ()


class TrainableModel(Trainable, SwapModel):
    """A swap model that is trained from two facesets.

    An autoencoder says what it gives back (`reconstructed`) and what that costs (`reconstruction_losses`); others can
    then build on it, as `faceswap train --adversarial` does. A model that is no autoencoder overrides `losses` instead.
    """

    def reconstructed(self, batch: Mapping[str, IdentityBatch]) -> dict[str, Any]:
        """What the networks make of each identity's `input`, in training: faces, or a list of faces and masks.

        Args:
            batch: One entry per identity.
        """
        raise NotImplementedError

    def reconstruction_losses(
        self, batch: Mapping[str, IdentityBatch], answers: Mapping[str, Any], step: Step
    ) -> dict[str, Tensor]:
        """The scalar losses of what `reconstructed` answered.

        Args:
            batch: One entry per identity.
            answers: What `reconstructed` made of the batch.
            step: The step's number, progress and random key.
        """
        raise NotImplementedError

    def losses(self, player: str, batch: Mapping[str, IdentityBatch], step: Step) -> dict[str, Tensor]:
        """The losses of the reconstruction, in one pass through the networks."""
        return self.reconstruction_losses(batch, self.reconstructed(batch), step)

    def swap_network(self, identity: str) -> Any:
        """The exportable path: a plain Keras model of fixed size, float32, without randomness.

        Maps `[batch size size 3]` to the faces of `identity`, `[batch size size 3]`, or to a list of faces and masks.
        """
        raise NotImplementedError

    def load(self) -> None:
        """Builds the networks and forgets swap networks that were made of earlier ones."""
        super().load()
        self.__dict__.pop("_swap_networks", None)

    def swap(self, crops: c.Crops, identity: str = "source") -> tuple[c.Faces, c.Masks | None]:
        """Runs `swap_network` on the crops."""
        network, count = self._network(identity), len(crops)
        # Keras predicts no empty batch, and only an answer tells whether there are masks.
        shown = crops if count else np.zeros((1, *crops.shape[1:]), np.uint8)
        answer = network.predict_on_batch(shown.astype(np.float32) / np.float32(255))
        faces, masks = answer if isinstance(answer, (list, tuple)) else (answer, None)
        return np.asarray(faces)[:count], None if masks is None else np.asarray(masks)[:count]

    def _network(self, identity: str) -> Any:
        if identity not in self.identities:
            raise ValueError(f"`identity` must be one of {self.identities}. Received: {identity!r}")
        cache = self.__dict__.setdefault("_swap_networks", {})
        if identity not in cache:
            cache[identity] = self.swap_network(identity)
        return cache[identity]


class Generator(Trainable):
    """Makes faces out of noise; it is trained from one faceset, whose faces it is given as `batch["faces"]`."""

    kind = "generator"
    identities = ("faces",)
    warp = Warp(noise=0)
    variation = Variation(affine=0, color_match=0, color_jitter=0)
    few_faces = (
        500,
        "a generator learns them by heart: what it makes will be near copies of them, or all alike. Some minutes of "
        "footage with many expressions and poses do better.",
    )

    def latents(self, count: int, seed: int) -> c.Embeddings:
        """Draws `count` latents, float32 `[count dim]`, from `seed` alone; more of a seed begin with the same."""
        raise NotImplementedError

    def generate(self, latents: c.Embeddings, truncation: float = 1.0) -> c.Crops:
        """Makes a face of each latent.

        Args:
            latents: float32 `[count dim]`.
            truncation: How far from the mean face they lie, as a share: 1 as they are drawn, 0 all the mean face.

        Returns:
            uint8 `[count size size 3]`, cut as `crop` says.
        """
        raise NotImplementedError

    def mix(self, coarse: c.Embeddings, fine: c.Embeddings, truncation: float = 1.0) -> c.Crops:
        """Makes faces with the pose and shape of some latents, and the colors and detail of others.

        Args:
            coarse: float32 `[count dim]`.
            fine: float32 `[count dim]`.
            truncation: As in `generate`.

        Returns:
            uint8 `[count size size 3]`.

        Raises:
            PluginError: The generator, as most, has no such levels; one that has overrides this method.
        """
        raise PluginError(f"{type(self).__name__} cannot mix: it has no levels that are fed apart")

    @property
    def mixes(self) -> bool:
        """Whether it can mix."""
        return type(self).mix is not Generator.mix
