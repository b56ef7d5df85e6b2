"""The Inception score: is the Inception network of 2015 sure what each picture shows, and do they show many things?

Of faces it says little, since the network knows none; it is here to compare with what others report.

Reference:
    T. Salimans et al., Improved techniques for training GANs, NeurIPS 2016, section 4.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ...core.contract import FaceBatch
from ...core.errors import FaceswapError
from ...core.hookspecs import hookimpl
from ...core.kinds import Metric
from ...lib.weights import weights_path
from .inception_metric import InceptionMetric

FACESWAP_CONTRACT = 1
WEIGHTS = (
    {
        "name": "classify_image_graph_def.pb",
        "licence": "Apache-2.0; trained on ImageNet, whose pictures are for research",
        "commercial": False,
        "source": "http://download.tensorflow.org/models/image/imagenet/inception-2015-12-05.tgz",
        "optional": True,
    },
)


class InceptionScoreMetric(InceptionMetric):
    """exp(E KL(p(y|x) | p(y))) of Inception's classes, 1 at least: mean and variance over parts of the set."""

    class Options(Metric.Options):
        """How the set is divided."""

        parts: int = Field(10, ge=1, le=100, description="Parts of the set; every n-th face belongs to one.")

    options: Options

    def load(self) -> None:
        """Reads the network."""
        self.read(weights_path(WEIGHTS[0]))

    def measure(self, fake: Iterable[FaceBatch], real: Iterable[FaceBatch] | None = None) -> dict[str, float]:
        """Measures from running sums; parts that no face has come to are left out."""
        tally = ScoreTally(self.options.parts)
        for _, classes in self.seen(fake):
            tally.add(classes)
        scores = tally.scores()
        return {"inception-score": float(scores.mean()), "variance": float(scores.var())}


class ScoreTally:
    """Sums from which the scores of the parts of a set follow.

    Args:
        parts: How many there are.
    """

    def __init__(self, parts: int) -> None:
        self._counts = np.zeros(parts, np.int64)
        self._sums: NDArray[np.float64] = np.zeros((parts, 0))
        self._certainty = np.zeros(parts)
        """Of each part the sum of p log p, over classes and faces."""

    def add(self, classes: NDArray[np.floating]) -> None:
        """Adds faces, `[faces classes]`, before the softmax; the next ones in the order of the set."""
        logs = classes.astype(np.float64) - classes.max(axis=1, keepdims=True)
        logs -= np.log(np.exp(logs).sum(axis=1, keepdims=True))
        shares, parts = np.exp(logs), (self._counts.sum() + np.arange(len(classes))) % len(self._counts)
        if not self._sums.size:
            self._sums = np.zeros((len(self._counts), classes.shape[1]))
        np.add.at(self._counts, parts, 1)
        np.add.at(self._sums, parts, shares)
        np.add.at(self._certainty, parts, (shares * logs).sum(axis=1))

    def scores(self) -> NDArray[np.float64]:
        """The score of each part that has faces: the mean certainty less that of the mean.

        Raises:
            FaceswapError: There is no face at all.
        """
        used = self._counts > 0
        if not used.any():
            raise FaceswapError("it takes 1 face or more. Received: 0")
        counts = self._counts[used]
        means = self._sums[used] / counts[:, None]
        of_mean = (means * np.log(np.maximum(means, np.finfo(np.float64).tiny))).sum(axis=1)
        return np.asarray(np.exp(self._certainty[used] / counts - of_mean))


@hookimpl
def faceswap_metric() -> type[InceptionScoreMetric]:
    """Hands over the metric."""
    return InceptionScoreMetric
