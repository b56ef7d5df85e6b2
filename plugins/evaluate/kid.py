"""How far the embeddings of two sets of faces are apart, without taking them for Gaussians.

Reference:
    M. Binkowski et al., Demystifying MMD GANs, ICLR 2018. It speaks of Inception features; with other features the
    figure has another scale.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from pydantic import Field

from ...core.contract import FaceBatch
from ...core.hookspecs import hookimpl
from ...core.kinds import Metric
from ...lib.set_distances import kernel_distance
from .inputs import Vectors, sampled_embeddings

FACESWAP_CONTRACT = 1


class KernelMetric(Metric):
    """Kernel distance of the embeddings (squared MMD, cubic kernel, unbiased), around 0 where both are alike.

    Unlike the Fréchet distance it says the same for few faces as for many, if less surely.
    """

    needs = frozenset({"embeddings"})
    needs_real = True

    class Options(Metric.Options):
        """How many faces are compared."""

        most: int = Field(
            5000, ge=2, description="Faces of each side that are compared, each with each; more are drawn from."
        )

    options: Options

    def measure(self, fake: Iterable[FaceBatch], real: Iterable[FaceBatch] | None = None) -> dict[str, float]:
        """Compares all pairs of the faces that are drawn."""
        ours, theirs = (_scaled(sampled_embeddings(batches, self.options.most)) for batches in (fake, real or ()))
        return {"kid": kernel_distance(ours, theirs)}


def _scaled(vectors: Vectors) -> Vectors:
    """Unit vectors at the length for which the kernel is meant, the root of their dimension: k = (cos + 1)^3."""
    return np.asarray(vectors * np.sqrt(vectors.shape[-1]))


@hookimpl
def faceswap_metric() -> type[KernelMetric]:
    """Hands over the metric."""
    return KernelMetric
