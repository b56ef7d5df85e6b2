"""The half-face autoencoder of 128 pixels that also learns the face's mask: 138 million weights, for a GPU.

Reference:
    The figures of the H128 of the first DeepFaceLab (2018); Z. Wang et al., Image quality assessment: from error
    visibility to structural similarity, IEEE TIP 13(4), 2004, for the loss.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....core.hookspecs import hookimpl
from ..half_face import HalfFaceModel

if TYPE_CHECKING:
    from ....lib.nn.autoencoder import Plan

FACESWAP_CONTRACT = 1


class H128Model(HalfFaceModel):
    """An autoencoder of 128 pixels whose losses look inside the face's mask only."""

    size = 128

    def full_plan(self) -> Plan:
        """The figures of the model with all its branches: 138,400,520 weights."""
        return self._plan(bottleneck=512, branch=(512, 256, 128))

    def light_plan(self) -> Plan:
        """The figures of the model with fewer weights: 55,918,600."""
        return self._plan(bottleneck=256, branch=(256, 128, 64))

    def _plan(self, bottleneck: int, branch: tuple[int, ...]) -> Plan:
        from ....lib.nn.autoencoder import Plan

        return Plan(
            size=self.size,
            encoder=(128, 256, 512, 1024),
            bottleneck=bottleneck,
            grid=8,
            grid_channels=bottleneck,
            code=bottleneck,
            picture=branch,
            mask=branch,
        )


@hookimpl
def faceswap_model() -> type[H128Model]:
    """Hands over the model."""
    return H128Model
