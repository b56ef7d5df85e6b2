"""The half-face autoencoder of 64 pixels that also learns the face's mask: 113 million weights, 45 million if light.

The learned mask, the losses and `light` are those of `h128`; the encoder is that of `original`.

Reference:
    The figures of the H64 of the first DeepFaceLab (2018); Z. Wang et al., Image quality assessment: from error
    visibility to structural similarity, IEEE TIP 13(4), 2004, for the loss.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....core.hookspecs import hookimpl
from ..half_face import HalfFaceModel

if TYPE_CHECKING:
    from ....lib.nn.autoencoder import Plan

FACESWAP_CONTRACT = 1


class H64Model(HalfFaceModel):
    """An autoencoder of 64 pixels whose losses look inside the face's mask only."""

    size = 64

    def full_plan(self) -> Plan:
        """The figures of the model with all its branches: 112,753,288 weights."""
        from ....lib.nn.autoencoder import Plan

        return Plan(
            size=self.size,
            encoder=(128, 256, 512, 1024),
            bottleneck=1024,
            grid_channels=1024,
            code=512,
            picture=(512, 256, 128),
            mask=(256, 128, 64),
        )

    def light_plan(self) -> Plan:
        """The figures of the model with fewer weights: 44,507,144."""
        from ....lib.nn.autoencoder import Plan

        return Plan(
            size=self.size,
            encoder=(128, 256, 512, 768),
            bottleneck=512,
            grid_channels=512,
            code=256,
            picture=(256, 128, 64),
            mask=(256, 128, 64),
        )


@hookimpl
def faceswap_model() -> type[H64Model]:
    """Hands over the model."""
    return H64Model
