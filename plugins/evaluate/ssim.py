"""How near the structure of faces comes to the true one: structural similarity."""

from __future__ import annotations

from ...core.contract import FaceBatch
from ...core.hookspecs import hookimpl
from ...lib.quality import masked_ssim
from .inputs import crop_of, region_of
from .region_metric import RegionMetric

FACESWAP_CONTRACT = 1


class SsimMetric(RegionMetric):
    """Mean structural similarity inside the face, at most 1."""

    ranked_by = "ssim"

    def compare(self, fake: FaceBatch, real: FaceBatch) -> dict[str, float]:
        """Compares the pixels of one pair."""
        return {"ssim": masked_ssim(crop_of(fake), crop_of(real), region_of(real, self.options.region))}


@hookimpl
def faceswap_metric() -> type[SsimMetric]:
    """Hands over the metric."""
    return SsimMetric
