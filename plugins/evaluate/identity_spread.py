"""How much the faces of one person differ: the squared distances of the embeddings of all pairs."""

from __future__ import annotations

from collections.abc import Iterable

from ...core.contract import FaceBatch
from ...core.hookspecs import hookimpl
from ...core.kinds import Metric
from .inputs import summed_embeddings

FACESWAP_CONTRACT = 1


class IdentitySpreadMetric(Metric):
    """Mean and variance of the squared embedding distance over all pairs of faces, 0..4; near 0: all alike."""

    needs = frozenset({"embeddings"})

    def measure(self, fake: Iterable[FaceBatch], real: Iterable[FaceBatch] | None = None) -> dict[str, float]:
        """Measures all pairs from sums, so that the cost grows with the number of faces, not with its square."""
        mean, variance = summed_embeddings(fake).pair_distances()
        return {"mean": mean, "variance": variance}


@hookimpl
def faceswap_metric() -> type[IdentitySpreadMetric]:
    """Hands over the metric."""
    return IdentitySpreadMetric
