"""What says how good faces are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from .. import contract as c
from ..errors import FaceswapError
from .plugin import Plugin

FaceFigures = dict[str, NDArray[np.float64]]
"""What a metric says of some faces, by name: float64 `[judged]` each."""


class Metric(Plugin):
    """Measures faces, alone or against real ones."""

    kind = "metric"
    needs: ClassVar[frozenset[str]] = frozenset({"crops"})
    """What it reads of a batch: `crops`, `embeddings`, `landmarks`, `times`; the others may be missing."""
    needs_real: ClassVar[bool] = False
    """Whether it compares with real faces, and cannot do without."""
    needs_pairs: ClassVar[bool] = False
    """Whether the n-th face of `fake` belongs to the n-th of `real`: the same moment, cut along the same matrix."""
    needs_order: ClassVar[bool] = False
    """Whether faces must come in the order of time."""
    across_people: ClassVar[bool] = False
    """Whether it says something of a pair that shows two people at the same moment: a swap and its target."""

    def measure(self, fake: Iterable[c.FaceBatch], real: Iterable[c.FaceBatch] | None = None) -> dict[str, float]:
        """Measures a stream of faces, reading each stream once.

        Args:
            fake: The faces to measure.
            real: The faces to compare with, where the metric needs them.

        Returns:
            Named figures.

        Raises:
            FaceswapError: There are too few faces; says how many it takes.
        """
        raise NotImplementedError


class FaceMetric(Metric):
    """Judges faces one by one, so that the best and the worst can be shown; its figures are the means over them."""

    ranked_by: ClassVar[str] = ""
    """The figure of `judge` that ranks faces and has a value for each; empty where faces are not ranked."""
    higher_is_better: ClassVar[bool] = False
    """Whether a higher value of it is better."""

    def judge(self, fake: Iterable[c.FaceBatch], real: Iterable[c.FaceBatch] | None = None) -> Iterator[FaceFigures]:
        """Judges a stream of faces in their order, any number at a time; reads each stream once.

        Args:
            fake: The faces to judge.
            real: The faces to compare with, where the metric needs them.

        Yields:
            Named figures, float64 `[judged]` each.
        """
        raise NotImplementedError

    def sum_up(self, judged: Iterable[FaceFigures]) -> dict[str, float]:
        """The figures of all that was judged: the mean of each.

        Raises:
            FaceswapError: Nothing was judged.
        """
        sums: dict[str, float] = {}
        counts: dict[str, int] = {}
        for figures in judged:
            for name, values in figures.items():
                sums[name] = sums.get(name, 0.0) + float(np.sum(values))
                counts[name] = counts.get(name, 0) + len(values)
        if not any(counts.values()):
            raise FaceswapError("there is no face to judge")
        return {name: total / counts[name] for name, total in sums.items() if counts[name]}

    def measure(self, fake: Iterable[c.FaceBatch], real: Iterable[c.FaceBatch] | None = None) -> dict[str, float]:
        """Sums up what `judge` says."""
        return self.sum_up(self.judge(fake, real))


class PairMetric(FaceMetric):
    """Judges each face against the one that it belongs to."""

    needs_real = True
    needs_pairs = True

    def compare(self, fake: c.FaceBatch, real: c.FaceBatch) -> dict[str, float]:
        """Compares one face with its own; each batch holds one."""
        raise NotImplementedError

    def judge(self, fake: Iterable[c.FaceBatch], real: Iterable[c.FaceBatch] | None = None) -> Iterator[FaceFigures]:
        """Compares each pair."""
        for pair in self.pairs(fake, real):
            yield {name: np.array([value], np.float64) for name, value in self.compare(*pair).items()}

    def pairs(
        self, fake: Iterable[c.FaceBatch], real: Iterable[c.FaceBatch] | None
    ) -> Iterator[tuple[c.FaceBatch, c.FaceBatch]]:
        """The pairs one by one, however the streams are cut into batches.

        Raises:
            FaceswapError: One stream has more faces than the other, or there is no other.
        """
        if real is None:
            raise FaceswapError("real faces are needed, one for each face")
        for ours, theirs in zip_longest(_one_by_one(fake), _one_by_one(real)):
            if ours is None or theirs is None:
                raise FaceswapError(
                    f"one stream has no more faces where the other has, {type(self).__name__} needs pairs"
                )
            yield ours, theirs


def _one_by_one(stream: Iterable[c.FaceBatch]) -> Iterator[c.FaceBatch]:
    for batch in stream:
        yield from batch.singles()
