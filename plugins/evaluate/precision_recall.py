"""Whether faces are as good as real ones, and as varied.

Reference:
    T. Kynkäänniemi et al., Improved precision and recall metric for assessing generative models, NeurIPS 2019.
"""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field

from ...core.contract import FaceBatch
from ...core.hookspecs import hookimpl
from ...core.kinds import Metric
from ...lib.set_distances import precision_recall
from .inputs import sampled_embeddings

FACESWAP_CONTRACT = 1


class PrecisionRecallMetric(Metric):
    """Shares of the faces that lie among the real ones (precision), and of the real ones among them (recall)."""

    needs = frozenset({"embeddings"})
    needs_real = True

    class Options(Metric.Options):
        """How near is among."""

        neighbors: int = Field(3, ge=1, description="A face reaches as far as its so-many-th nearest neighbor.")
        most: int = Field(
            5000, ge=2, description="Faces of each side that are compared, each with each; more are drawn from."
        )

    options: Options

    def measure(self, fake: Iterable[FaceBatch], real: Iterable[FaceBatch] | None = None) -> dict[str, float]:
        """Compares all pairs of the faces that are drawn."""
        ours, theirs = (sampled_embeddings(batches, self.options.most) for batches in (fake, real or ()))
        precision, recall = precision_recall(ours, theirs, self.options.neighbors)
        return {"precision": precision, "recall": recall}


@hookimpl
def faceswap_metric() -> type[PrecisionRecallMetric]:
    """Hands over the metric."""
    return PrecisionRecallMetric
