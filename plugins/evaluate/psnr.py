"""How near the pixels of faces come to the true ones: peak signal-to-noise ratio."""

from __future__ import annotations

from ...core.contract import FaceBatch
from ...core.hookspecs import hookimpl
from ...lib.quality import masked_psnr
from .inputs import crop_of, region_of
from .region_metric import RegionMetric

FACESWAP_CONTRACT = 1

_HIGHEST = 100.0
"""Counts for faces that are equal to the truth, whose ratio is infinite."""


class PsnrMetric(RegionMetric):
    """Mean peak signal-to-noise ratio inside the face in dB; 100 where nothing differs."""

    ranked_by = "psnr"

    def compare(self, fake: FaceBatch, real: FaceBatch) -> dict[str, float]:
        """Compares the pixels of one pair."""
        psnr = masked_psnr(crop_of(fake), crop_of(real), region_of(real, self.options.region))
        return {"psnr": min(psnr, _HIGHEST)}


@hookimpl
def faceswap_metric() -> type[PsnrMetric]:
    """Hands over the metric."""
    return PsnrMetric
