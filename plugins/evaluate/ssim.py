"""How near the structure of faces comes to the true one: structural similarity."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ...core.contract import FaceBatch
from ...core.hookspecs import hookimpl
from ...core.kinds import PairMetric
from ...lib.quality import masked_ssim
from .inputs import crop_of, region_of

FACESWAP_CONTRACT = 1


class SsimMetric(PairMetric):
    """Mean structural similarity inside the face, at most 1."""

    needs = frozenset({"crops", "landmarks"})
    ranked_by = "ssim"
    higher_is_better = True

    class Options(PairMetric.Options):
        """Where it is measured."""

        region: Literal["face", "crop"] = Field(
            "face", description="What counts: the hull of the true face's landmarks, or the whole crop."
        )

    options: Options

    def compare(self, fake: FaceBatch, real: FaceBatch) -> dict[str, float]:
        """Compares the pixels of one pair."""
        return {"ssim": masked_ssim(crop_of(fake), crop_of(real), region_of(real, self.options.region))}


@hookimpl
def faceswap_metric() -> type[SsimMetric]:
    """Hands over the metric."""
    return SsimMetric
