"""Whether faces make the same expressions."""

from __future__ import annotations

from ...core.contract import FaceBatch
from ...core.hookspecs import hookimpl
from ...core.kinds import PairMetric
from ...lib.head_pose import expression_error
from .inputs import points_of

FACESWAP_CONTRACT = 1


class ExpressionMetric(PairMetric):
    """Mean distance of the inner landmarks in per cent of that between the eyes, place, size and tilt taken out."""

    needs = frozenset({"landmarks"})
    across_people = True
    ranked_by = "expression"

    def compare(self, fake: FaceBatch, real: FaceBatch) -> dict[str, float]:
        """Compares the landmarks of one pair."""
        return {"expression": expression_error(points_of(fake), points_of(real))}


@hookimpl
def faceswap_metric() -> type[ExpressionMetric]:
    """Hands over the metric."""
    return ExpressionMetric
