"""How unlike the identity of each face is to that of the face in its place."""

from __future__ import annotations

import numpy as np

from ...core.contract import FaceBatch
from ...core.hookspecs import hookimpl
from ...core.kinds import PairMetric
from .inputs import embeddings_of

FACESWAP_CONTRACT = 1


class IdentityMetric(PairMetric):
    """Mean embedding distance of each face to its own counterpart, 0..2."""

    needs = frozenset({"embeddings"})
    across_people = True
    ranked_by = "identity"

    def compare(self, fake: FaceBatch, real: FaceBatch) -> dict[str, float]:
        """The Euclidean distance of two unit vectors."""
        return {"identity": float(np.linalg.norm(embeddings_of(fake) - embeddings_of(real)))}


@hookimpl
def faceswap_metric() -> type[IdentityMetric]:
    """Hands over the metric."""
    return IdentityMetric
