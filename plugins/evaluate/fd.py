"""How far the embeddings of two sets of faces are apart, taken for Gaussians.

Reference:
    M. Heusel et al., GANs trained by a two time-scale update rule converge to a local Nash equilibrium, NeurIPS 2017,
    eq. 6. It speaks of the Inception network of 2015; with other features the figure has another name and scale.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...core.contract import FaceBatch
from ...core.hookspecs import hookimpl
from ...core.kinds import Metric
from ...lib.set_distances import frechet_distance
from .inputs import summed_embeddings

FACESWAP_CONTRACT = 1


class FrechetMetric(Metric):
    """Fréchet distance of the embeddings, squared, named after their recognizer: `fd-<recognizer>`; 0: alike."""

    needs = frozenset({"embeddings"})
    needs_real = True

    def measure(self, fake: Iterable[FaceBatch], real: Iterable[FaceBatch] | None = None) -> dict[str, float]:
        """Measures from running sums; memory does not grow with the number of faces."""
        names: set[str] = set()
        ours, theirs = (summed_embeddings(_noting(batches, names)) for batches in (fake, real or ()))
        distance = frechet_distance(*ours.gaussian(), *theirs.gaussian())
        return {f"fd-{'-'.join(sorted(names)) or 'unknown'}": distance}


def _noting(batches: Iterable[FaceBatch], names: set[str]) -> Iterable[FaceBatch]:
    """Hands batches on and notes their recognizers."""
    for batch in batches:
        if batch.recognizer:
            names.add(batch.recognizer)
        yield batch


@hookimpl
def faceswap_metric() -> type[FrechetMetric]:
    """Hands over the metric."""
    return FrechetMetric
