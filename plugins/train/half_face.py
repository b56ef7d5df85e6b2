"""What H64 and H128 have in common: a tight crop, learned masks, and losses that look inside the mask only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from ...core.contract import CropSpec
from ...core.training.step import IdentityBatch, Warp
from .shared_encoder import SharedEncoderModel

if TYPE_CHECKING:
    from ...lib.nn.autoencoder import Plan

_STRUCTURE_WEIGHT = 10.0
_PIXEL_WEIGHT = 50.0
_BLUR = 1 / 32
"""Standard deviation of the mask's blur, as a share of the picture's side; the figures leave it open."""


class HalfFaceModel(SharedEncoderModel):
    """An autoencoder of half faces whose losses look inside the face's mask only; a model says its size and plans."""

    class Options(SharedEncoderModel.Options):
        """How large the networks are, what they learn and how fast."""

        light: bool = Field(False, description="Narrower bottleneck and decoders: less than half of the weights.")
        masks: bool = Field(True, description="Learn the face's mask too.")
        pixel_loss: bool = Field(
            False, description="Compare pixels instead of structure: finer detail, late in training."
        )

    options: Options
    size: ClassVar[int]
    """Side of the pictures in pixels."""
    warp = Warp(cells=(2, 8), noise=0.24)
    """From wide bends to small ones, stronger than the first recipe's."""

    @property
    def crop(self) -> CropSpec:
        """A tight crop: the inner face, from the brows to the lower lip."""
        return CropSpec(size=self.size, face_type="half")

    def plan(self) -> Plan:
        """The figures of the networks at full width, without the mask's branch where masks are not learned."""
        from dataclasses import replace

        plan = self.light_plan() if self.options.light else self.full_plan()
        return plan if self.options.masks else replace(plan, mask=())

    def full_plan(self) -> Plan:
        """The figures of the model with all its branches."""
        raise NotImplementedError

    def light_plan(self) -> Plan:
        """The figures of the model with fewer weights, with all its branches."""
        raise NotImplementedError

    def face_loss(self, share: IdentityBatch, face: Any) -> Any:
        """10 DSSIM in the mask, or 50 times the mean squared error under the blurred mask."""
        from ...lib.nn.losses import mse
        from ...lib.nn.structure import blur, masked_dssim

        if self.options.pixel_loss:
            return _PIXEL_WEIGHT * mse(share.goal, face, blur(share.mask, sigma=self.size * _BLUR))
        return _STRUCTURE_WEIGHT * masked_dssim(share.goal, face, share.mask)

    def mask_loss(self, goal: Any, mask: Any) -> Any:
        """The mean absolute error."""
        from ...lib.nn.losses import mae

        return mae(goal, mask)
