"""The autoencoder of 64 pixels with three intermediates and one decoder for both: 118 million weights.

The encoder is that of `original`. One intermediate is shared, each person has one of their own, whose code comes first;
the decoder is given both codes. To swap, the target's crop takes the source's intermediate. The figures leave open what
follows the dense layers and what the crop shows: here nothing, as in the other autoencoders, and what `original` sees.

Reference:
    The figures of the "improved autoencoder" of the first open face-swapping programs (2018); there is no paper.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ....core.hookspecs import hookimpl
from ..shared_decoder import SharedDecoderModel

if TYPE_CHECKING:
    from ....lib.nn.autoencoder import Plan

FACESWAP_CONTRACT = 1


class IaeModel(SharedDecoderModel):
    """An autoencoder of 64 pixels with an intermediate for each person and one for both, and one decoder."""

    def plan(self) -> Plan:
        """The figures of the networks at full width: 117,816,003 weights."""
        from ....lib.nn.autoencoder import Plan

        return Plan(
            size=64,
            encoder=(128, 256, 512, 1024),
            bottleneck=1024,
            grid_channels=512,
            code=0,
            picture=(512, 256, 128, 64),
        )

    def mixtures(self) -> dict[str, tuple[str, ...]]:
        """Each person's own intermediate and the shared one."""
        return {name: (f"inter_{name}", "inter_both") for name in self.identities}


@hookimpl
def faceswap_model() -> type[IaeModel]:
    """Hands over the model."""
    return IaeModel
