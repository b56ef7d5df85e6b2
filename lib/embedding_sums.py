"""What sums over a stream of embeddings tell: their moments, and the distances of all pairs without a pair looked at.

Sums are of differences from the first vector, so that embeddings that are nearly alike do not cancel out.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .errors import FaceswapError

Array = NDArray[np.float64]


class EmbeddingSums:
    """Sums of vectors and of their products; memory grows with the square of their dimension only."""

    def __init__(self) -> None:
        self.count = 0
        self._first: Array = np.zeros(0)
        self._sum: Array = np.zeros(0)
        self._products: Array = np.zeros((0, 0))
        self._weighted: Array = np.zeros(0)
        self._squares = self._fourths = 0.0

    def add(self, vectors: NDArray[np.floating]) -> None:
        """Adds vectors, `[vectors dim]`, all of one dimension."""
        if not len(vectors):
            return
        exact = np.asarray(vectors, np.float64)
        if not self.count:
            dim = exact.shape[1]
            self._first, self._sum, self._weighted = exact[0].copy(), np.zeros(dim), np.zeros(dim)
            self._products = np.zeros((dim, dim))
        moved = exact - self._first
        lengths = np.square(moved).sum(axis=1)
        self.count += len(moved)
        self._sum += moved.sum(axis=0)
        self._products += moved.T @ moved
        self._squares += float(lengths.sum())
        self._fourths += float(np.square(lengths).sum())
        self._weighted += lengths @ moved

    def mean(self) -> Array:
        """The mean, float64 `[dim]`."""
        self._require(1)
        return np.asarray(self._first + self._sum / self.count)

    def covariance(self) -> Array:
        """The unbiased covariance, float64 `[dim dim]`."""
        self._require(2)
        outer = np.outer(self._sum, self._sum) / self.count
        return np.asarray((self._products - outer) / (self.count - 1))

    def gaussian(self) -> tuple[Array, Array]:
        """Mean and covariance: what Fréchet distances are taken of."""
        covariance = self.covariance()
        return self.mean(), covariance

    def pair_distances(self) -> tuple[float, float]:
        """Mean and variance (of the population) of the squared distances of all pairs.

        With a_i = |x_i|^2 is |x_i - x_j|^2 = a_i + a_j - 2 x_i x_j. Summed over all i and j, its first power is
        2 n sum(a) - 2 |sum(x)|^2, and its square is 2 n sum(a^2) + 2 sum(a)^2 - 8 sum(a x) sum(x) + 4 |sum(x x^T)|^2,
        where the last is the Frobenius norm.
        """
        self._require(2)
        pairs = self.count * (self.count - 1)
        first = 2 * self.count * self._squares - 2 * float(self._sum @ self._sum)
        second = 2 * self.count * self._fourths + 2 * self._squares**2
        second += 4 * float(np.square(self._products).sum()) - 8 * float(self._weighted @ self._sum)
        mean = first / pairs
        return mean, max(second / pairs - mean**2, 0.0)

    def _require(self, least: int) -> None:
        if self.count < least:
            faces = "face" if least == 1 else "faces"
            raise FaceswapError(f"it takes {least} {faces} or more. Received: {self.count}")
