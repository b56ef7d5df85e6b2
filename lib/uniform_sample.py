"""A bounded number of rows drawn from a stream of unknown length, each with the same chance."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class UniformSample:
    """Keeps the rows that drew the smallest numbers; how the stream is cut into batches makes no difference.

    Memory is that of twice `most` rows.

    Args:
        most: Rows to keep at most.
        seed: Of the draw.
    """

    def __init__(self, most: int, seed: int = 0) -> None:
        self._most = most
        self._random = np.random.default_rng(seed)
        self._rows: list[NDArray[Any]] = []
        self._draws: list[NDArray[np.float64]] = []
        self._held = 0

    def add(self, rows: NDArray[Any]) -> None:
        """Takes the next rows of the stream, `[rows ...]`."""
        self._rows.append(np.array(rows))
        self._draws.append(self._random.random(len(rows)))
        self._held += len(rows)
        if self._held > 2 * self._most:
            self._reduce()

    def rows(self) -> NDArray[Any]:
        """The rows that were kept, in the order in which they came, `[kept ...]`; `[0]` of an empty stream."""
        if not self._rows:
            return np.zeros(0)
        self._reduce()
        return self._rows[0]

    def _reduce(self) -> None:
        rows, draws = np.concatenate(self._rows), np.concatenate(self._draws)
        kept = np.sort(np.argsort(draws, kind="stable")[: self._most])
        self._rows, self._draws, self._held = [rows[kept]], [draws[kept]], len(kept)
