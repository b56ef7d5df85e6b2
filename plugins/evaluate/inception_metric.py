"""What the metrics that look through the Inception network of 2015 share; not checked with the real file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...core.contract import FaceBatch
from ...core.errors import FaceswapError
from ...core.kinds import Metric

_PICTURES = 16
"""How many the network is shown at once."""


class InceptionMetric(Metric):
    """Base of metrics that read the network's features or classes; each finds its own file in `load`."""

    def read(self, path: Path) -> None:
        """Builds the network with the weights of its file.

        Raises:
            WeightsError: It is no such file.
        """
        from ...lib.nn.inception import build_inception, read_inception

        self._network: Any = build_inception()
        read_inception(self._network, path)

    def seen(self, batches: Iterable[FaceBatch]) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
        """What the network makes of each batch's crops, some at a time.

        Args:
            batches: The faces.

        Yields:
            Features, float32 `[faces 2048]`, and classes before the softmax, `[faces 1008]`.

        Raises:
            FaceswapError: A batch has no crops.
        """
        from ...lib.nn.inception import shown

        for batch in batches:
            if batch.crops is None:
                raise FaceswapError("crops are needed. Received: faces without")
            for begin in range(0, len(batch), _PICTURES):
                features, classes = self._network.predict_on_batch(shown(batch.crops[begin : begin + _PICTURES]))
                yield np.asarray(features), np.asarray(classes)
