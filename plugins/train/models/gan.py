"""The adversarial autoencoder: 64, 128 or 256 pixels, sharper than the others, 73 million weights and more, for a GPU.

A decoder gives a picture and an alpha, which says where the picture replaces what was shown; both make the composite.
Two discriminators learn to tell composites and pictures from the real face. To swap, `convert` takes the alpha for the
mask, so that the frame itself shows where the alpha is 0. The losses look at pictures in -1..1, whose figures they are.

The perceptual loss needs a file of weights (see `WEIGHTS`) and is off without it; it has not been checked with the real
file. Where the figures leave something open, the choice is ours: when the hinge of the alpha takes its next margin, the
hinge's weight, and that each face has a mixture of its own.

Reference:
    The figures of the open "faceswap-GAN", version 2.2 (2018); X. Mao et al., Least squares generative adversarial
    networks, ICCV 2017; H. Zhang et al., mixup, ICLR 2018; M. Mathieu et al., ICLR 2016, for the edges.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field, field_validator

from ....core.contract import CropSpec
from ....core.hookspecs import hookimpl
from ....core.kinds import TrainableModel
from ....core.training.step import IdentityBatch, Player, Step
from ....lib.errors import WeightsError
from ....lib.weights import WeightsFile, path_of, weights_path

if TYPE_CHECKING:
    from ....lib.nn.gan_losses import GeneratorLosses

FACESWAP_CONTRACT = 1

WEIGHTS = (
    {
        "name": "rcmalli_vggface_tf_notop_resnet50.h5",
        "licence": "unknown (trained on VGGFace2)",
        "commercial": False,
        "source": "https://github.com/rcmalli/keras-vggface/releases/tag/v2.0",
        "optional": True,
    },
)

_DISCRIMINATORS, _GENERATOR = "discriminators", "generator"
_RATES = ((0.66, 0.3), (0.9, 0.1))
"""Marks of progress, and by what the learning rates are multiplied from each on."""
_EXCHANGE = 0.8
"""When the decoders exchange their weights, so that neither rests on what it does by habit."""


class GanModel(TrainableModel):
    """An autoencoder with alpha whose faces two discriminators judge."""

    class Options(TrainableModel.Options):
        """How large the networks are, what counts how much, and how fast they learn."""

        size: int = Field(64, description="Side of the pictures in pixels: 64, 128 or 256.")
        width: float = Field(1, gt=0, le=4, description="Factor on every layer's channels.")
        learning_rate: float = Field(1e-4, gt=0, le=1, description="Adam's learning rate.")
        discriminator_rate: float = Field(2e-4, gt=0, le=1, description="That of the discriminators.")
        adversarial: float = Field(0.1, ge=0, le=10, description="Weight of the discriminators' verdicts.")
        mixup: float = Field(0.2, gt=0, le=10, description="Concentration of the mixtures that they judge.")
        eyes: float = Field(30, ge=0, le=1000, description="Extra weight of the eyes' absolute error.")
        mouth: float = Field(0, ge=0, le=1000, description="Extra weight of the mouth's absolute error.")

        @field_validator("size")
        @classmethod
        def _has_figures(cls, size: int) -> int:
            if size not in (64, 128, 256):
                raise ValueError("must be 64, 128 or 256")
            return size

    options: Options

    @property
    def crop(self) -> CropSpec:
        """The face from the chin to the forehead."""
        return CropSpec(size=self.options.size, face_type="full")

    @property
    def only_trained_with(self) -> tuple[str, ...]:
        """The discriminators."""
        return tuple(f"discriminator_{name}" for name in self.identities)

    def build(self) -> dict[str, Any]:
        """Builds the encoder, the decoders and the discriminators."""
        from ....lib.nn import gan_networks

        return gan_networks.build(self.options.size, self.options.width, self.identities)

    def players(self) -> list[Player]:
        """The discriminators, which move first, and the autoencoder; reads the perceptual network if it is there."""
        from ....lib.nn.gan_networks import adam

        makers = tuple(name for name in self.networks if name not in self.only_trained_with)
        self._rated = [
            (adam(self.options.discriminator_rate), self.options.discriminator_rate),
            (adam(self.options.learning_rate), self.options.learning_rate),
        ]
        self._losses = self._generator_losses()
        (judge, _), (maker, _) = self._rated
        return [Player(_DISCRIMINATORS, self.only_trained_with, judge), Player(_GENERATOR, makers, maker)]

    def losses(self, player: str, batch: Mapping[str, IdentityBatch], step: Step) -> dict[str, Any]:
        """The discriminators' losses, or all that the autoencoder loses, for each person."""
        from ....lib.nn.adversarial_losses import told_apart
        from ....lib.nn.gan_losses import make

        made = make(self.networks, {name: share.input for name, share in batch.items()})
        if player == _GENERATOR:
            return self._losses(made, batch, step.progress)
        return {
            f"discriminator_{name}": told_apart(
                self.networks[f"discriminator_{name}"],
                batch[name].goal * 2 - 1,
                (faces.composite, faces.picture),
                faces.warped,
                self.options.mixup,
                step.key,
            )
            for name, faces in made.items()
        }

    def at(self, progress: float, before: float) -> None:
        """Lowers the learning rates, and once exchanges the decoders' weights."""
        factor = next((factor for mark, factor in reversed(_RATES) if progress >= mark), 1.0)
        for optimizer, rate in self._rated:
            optimizer.learning_rate = rate * factor
        if before < _EXCHANGE <= progress:
            self._exchange()

    def notices(self) -> tuple[str, ...]:
        """That the perceptual loss is off, where it is."""
        place = path_of(WeightsFile.declared(WEIGHTS[0]))
        if place is not None and place.is_file():
            return ()
        return (f"the perceptual loss is off: put {WEIGHTS[0]['name']} at {place} to turn it on",)

    def swap_network(self, identity: str) -> Any:
        """The encoder and the decoder of `identity`: pictures, and alphas as masks."""
        from ....lib.nn.gan_networks import swap_path

        return swap_path(self.networks, identity)

    def _exchange(self) -> None:
        from keras import ops

        ways = zip(*(self.networks[f"decoder_{name}"].variables for name in self.identities), strict=True)
        for first, second in ways:
            kept = ops.convert_to_numpy(first).copy()
            first.assign(ops.convert_to_numpy(second).copy())
            second.assign(kept)

    def _generator_losses(self) -> GeneratorLosses:
        from ....lib.nn.gan_losses import GeneratorLosses

        chosen, perceptual = self.options, self._perceptual()
        return GeneratorLosses(self.networks, chosen.adversarial, chosen.eyes, chosen.mouth, perceptual)

    def _perceptual(self) -> Any:
        """The perceptual loss, or None without its weights."""
        if self.notices():
            return None
        from ....lib.nn import gan_losses

        path = weights_path(WEIGHTS[0])
        try:
            return gan_losses.perceptual_loss(path)
        except ValueError as error:
            raise WeightsError(f"{error}; put another file there, or none") from error


@hookimpl
def faceswap_model() -> type[GanModel]:
    """Hands over the model."""
    return GanModel
