"""An autoencoder of 128 pixels that also learns the face's mask: 138 million weights, for a GPU."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import Field

from ....core.contract import CropSpec
from ....core.hookspecs import hookimpl
from ....core.training.step import IdentityBatch, Step
from ..shared_encoder import SharedEncoderModel

if TYPE_CHECKING:
    from ....lib.nn.autoencoder import Plan

FACESWAP_CONTRACT = 1

_SIZE = 128
_STRUCTURE_WEIGHT = 10.0
_PIXEL_WEIGHT = 50.0


class H128Model(SharedEncoderModel):
    """An autoencoder of 128 pixels whose losses look inside the face's mask only."""

    class Options(SharedEncoderModel.Options):
        """How large the networks are, what they learn and how fast."""

        light: bool = Field(False, description="Narrower bottleneck and decoders: 56 million weights.")
        masks: bool = Field(True, description="Learn the face's mask too.")
        pixel_loss: bool = Field(
            False, description="Compare pixels instead of structure: finer detail, late in training."
        )

    options: Options

    @property
    def crop(self) -> CropSpec:
        """A tight crop: brows to chin."""
        return CropSpec(size=_SIZE, face_type="half")

    def losses(self, player: str, batch: Mapping[str, IdentityBatch], step: Step) -> dict[str, Any]:
        """The dissimilarity inside the mask and the mask's mean absolute error, for each person."""
        from ....lib.nn.losses import mae

        answers = self.reconstructed(batch)
        losses = {}
        for name, share in batch.items():
            face, mask = answers[name] if self.options.masks else (answers[name], None)
            losses[name] = self._face_loss(share, face)
            if mask is not None:
                losses[f"{name}_mask"] = mae(share.mask, mask)
        return losses

    def plan(self) -> Plan:
        """The figures of the networks at full width."""
        from ....lib.nn.autoencoder import Plan

        narrow = self.options.light
        branch = (256, 128, 64) if narrow else (512, 256, 128)
        return Plan(
            size=_SIZE,
            encoder=(128, 256, 512, 1024),
            bottleneck=256 if narrow else 512,
            grid=8,
            grid_channels=256 if narrow else 512,
            code=256 if narrow else 512,
            picture=branch,
            mask=branch if self.options.masks else (),
        )

    def _face_loss(self, share: IdentityBatch, face: Any) -> Any:
        """10 DSSIM in the mask, or 50 times the mean squared error under the blurred mask."""
        from ....lib.nn.losses import blur, dssim, mse

        if self.options.pixel_loss:
            return _PIXEL_WEIGHT * mse(share.goal, face, blur(share.mask, sigma=_SIZE / 32))
        return _STRUCTURE_WEIGHT * dssim(share.goal * share.mask, face * share.mask)


@hookimpl
def faceswap_model() -> type[H128Model]:
    """Hands over the model."""
    return H128Model
