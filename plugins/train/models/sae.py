"""The autoencoder whose size and structure are options: `df` or `liae`, 64 to 256 pixels, residual blocks, for a GPU.

The encoder halves four times and doubles its channels each time; the decoders double three times, halve theirs each
time and end with `decoder_channels`, the mask's branch with half of that. The bottleneck opens into a grid of a
sixteenth of the picture's side. The losses are those of `df`. Where the figures leave something open (the defaults, a
residual block after each doubling of the picture's branch alone, the mask's channels), the choice is ours.

Reference:
    I. Perov et al., DeepFaceLab: Integrated, flexible and extensible face-swapping framework, arXiv:2005.05535, 2020;
    K. He et al., Deep residual learning for image recognition, CVPR 2016.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ....core.contract import CropSpec
from ....core.hookspecs import hookimpl
from ....core.training.step import IdentityBatch
from ..masked_losses import MaskedStructureModel
from ..shared_decoder import SharedDecoderModel
from ..shared_encoder import SharedEncoderModel

if TYPE_CHECKING:
    from ....lib.nn.autoencoder import Plan

FACESWAP_CONTRACT = 1

_STRUCTURES: dict[str, type[SharedEncoderModel]] = {"df": SharedEncoderModel, "liae": SharedDecoderModel}
_HALVINGS = 4


class SaeModel(MaskedStructureModel, SharedDecoderModel):
    """A styled autoencoder: the structure of `df` or of `liae`, in the size that the machine can train."""

    class Options(SharedEncoderModel.Options):
        """How the networks are built, what they see, what they learn and how fast."""

        structure: Literal["df", "liae"] = Field(
            "df", description="A decoder for each person (df), or one for both behind two intermediates (liae)."
        )
        size: int = Field(128, ge=64, le=256, multiple_of=16, description="Side of the pictures in pixels.")
        face_type: Literal["half", "mid-full", "full", "whole", "head"] = Field(
            "full", description="How much of the head the model sees."
        )
        bottleneck: int = Field(256, ge=32, le=1024, description="Width of the layer that everything passes through.")
        encoder_channels: int = Field(126, ge=16, le=256, description="Channels of the encoder's first halving.")
        decoder_channels: int = Field(126, ge=16, le=256, description="Channels of the decoders' last doubling.")
        residual: bool = Field(True, description="Refine the picture by a residual block after each doubling.")
        masks: bool = Field(True, description="Learn the face's mask too.")

    options: Options

    @property
    def crop(self) -> CropSpec:
        """As large and as wide as the options say."""
        return CropSpec(size=self.options.size, face_type=self.options.face_type)

    def plan(self) -> Plan:
        """The figures that the options name."""
        from ....lib.nn.autoencoder import Plan

        chosen = self.options
        branch = (4 * chosen.decoder_channels, 2 * chosen.decoder_channels, chosen.decoder_channels)
        return Plan(
            size=chosen.size,
            encoder=tuple(chosen.encoder_channels * 2**halving for halving in range(_HALVINGS)),
            bottleneck=chosen.bottleneck,
            grid=chosen.size // 2**_HALVINGS,
            grid_channels=chosen.bottleneck,
            code=chosen.bottleneck,
            picture=branch,
            mask=tuple(channels // 2 for channels in branch) if chosen.masks else (),
            residual=chosen.residual,
        )

    def mixtures(self) -> dict[str, tuple[str, ...]]:
        """Of the structure `liae`: AB twice for the source, B and AB for the target."""
        return {"source": ("inter_ab", "inter_ab"), "target": ("inter_b", "inter_ab")}

    def build(self) -> dict[str, Any]:
        """Builds the networks of the chosen structure."""
        return self._structure.build(self)

    def reconstructed(self, batch: Mapping[str, IdentityBatch]) -> dict[str, Any]:
        """What the networks make of each person's faces."""
        return self._structure.reconstructed(self, batch)

    def swap_network(self, identity: str) -> Any:
        """The path to `identity` through the networks of the chosen structure."""
        return self._structure.swap_network(self, identity)

    @property
    def _structure(self) -> type[SharedEncoderModel]:
        return _STRUCTURES[self.options.structure]


@hookimpl
def faceswap_model() -> type[SaeModel]:
    """Hands over the model."""
    return SaeModel
