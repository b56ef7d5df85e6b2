"""Whether faces show the person whom reference faces show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from pydantic import Field

from ...core.contract import FaceBatch
from ...core.errors import FaceswapError
from ...core.hookspecs import hookimpl
from ...core.kinds import FaceFigures, FaceMetric
from ...lib.embedding_sums import EmbeddingSums
from ...lib.set_distances import nearest_distances
from ...lib.uniform_sample import UniformSample
from .inputs import Vectors, embeddings_of

FACESWAP_CONTRACT = 1


class IdentityMatchMetric(FaceMetric):
    """Shares of the pictures whose face matches the reference, does not, or is not found; embedding distances.

    A face matches when its nearest reference face is nearer than the recognizer takes two faces for one person's.
    """

    needs = frozenset({"embeddings"})
    needs_real = True
    ranked_by = "distance"

    class Options(FaceMetric.Options):
        """When a face matches."""

        threshold: float | None = Field(
            None, gt=0, description="Embedding distance below which a face matches.  [default: the recognizer's own]"
        )
        most: int = Field(
            2000, ge=1, description="Reference faces that each face is compared with; more are drawn from."
        )

    options: Options

    def judge(self, fake: Iterable[FaceBatch], real: Iterable[FaceBatch] | None = None) -> Iterator[FaceFigures]:
        """Yields the distances of each face, whether it matches, and a `no_face` for each picture without one."""
        references, mean = self._references(real)
        for batch in fake:
            if batch.without_face:
                yield {"no_face": np.ones(batch.without_face)}
            if len(batch):
                vectors, threshold = embeddings_of(batch), self._threshold(batch)
                distances = nearest_distances(vectors, references)
                yield {
                    "match": (distances < threshold).astype(np.float64),
                    "no_match": (distances >= threshold).astype(np.float64),
                    "distance": distances,
                    "distance_to_mean": np.linalg.norm(vectors - mean, axis=1),
                }

    def sum_up(self, judged: Iterable[FaceFigures]) -> dict[str, float]:
        """The shares are of all pictures, those without a face too; the distances are means over the faces."""
        counts = {"match": 0, "no_face": 0}

        def counted() -> Iterator[FaceFigures]:
            for figures in judged:
                for name in counts:
                    counts[name] += len(figures.get(name, ()))
                yield figures

        means, found = super().sum_up(counted()), counts["match"]
        if not found:
            raise FaceswapError("there is no face to judge")
        share = found / (found + counts["no_face"])
        return {**means, "match": share * means["match"], "no_match": share * means["no_match"], "no_face": 1 - share}

    def _references(self, real: Iterable[FaceBatch] | None) -> tuple[Vectors, Vectors]:
        """The reference faces, and the mean of all of them on the unit sphere."""
        sample, sums = UniformSample(self.options.most), EmbeddingSums()
        for batch in real or ():
            sample.add(embeddings_of(batch))
            sums.add(embeddings_of(batch))
        mean = sums.mean()
        return sample.rows(), mean / max(float(np.linalg.norm(mean)), 1e-6)

    def _threshold(self, batch: FaceBatch) -> float:
        threshold = self.options.threshold or batch.same_person_below
        if threshold is None:
            raise FaceswapError("the recognizer of the embeddings is not known; give the option `threshold`")
        return threshold


@hookimpl
def faceswap_metric() -> type[IdentityMatchMetric]:
    """Hands over the metric."""
    return IdentityMatchMetric
