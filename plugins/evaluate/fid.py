"""The Fréchet Inception distance: how far two sets of pictures are apart for the Inception network of 2015.

The network's file is brought by hand (see `WEIGHTS`); without it `fd` measures with the recognizer of the faceset.

Reference:
    M. Heusel et al., GANs trained by a two time-scale update rule converge to a local Nash equilibrium, NeurIPS 2017,
    eq. 6.
"""

from __future__ import annotations

from collections.abc import Iterable

from ...core.contract import FaceBatch
from ...core.hookspecs import hookimpl
from ...lib.embedding_sums import EmbeddingSums
from ...lib.set_distances import frechet_distance
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


class FidMetric(InceptionMetric):
    """Fréchet distance of the Inception features of fake and real faces; 0: alike. Needs thousands of both."""

    needs_real = True

    def load(self) -> None:
        """Reads the network."""
        self.read(weights_path(WEIGHTS[0]))

    def measure(self, fake: Iterable[FaceBatch], real: Iterable[FaceBatch] | None = None) -> dict[str, float]:
        """Measures from running sums; memory does not grow with the number of faces."""
        ours, theirs = (self._sums(batches) for batches in (fake, real or ()))
        distance = frechet_distance(*ours.gaussian(), *theirs.gaussian())
        return {"fid": distance}

    def _sums(self, batches: Iterable[FaceBatch]) -> EmbeddingSums:
        sums = EmbeddingSums()
        for features, _ in self.seen(batches):
            sums.add(features)
        return sums


@hookimpl
def faceswap_metric() -> type[FidMetric]:
    """Hands over the metric."""
    return FidMetric
