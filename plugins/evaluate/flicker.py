"""Whether faces change from frame to frame as the true ones do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import numpy as np
from pydantic import Field

from ...core.contract import FaceBatch
from ...core.errors import FaceswapError
from ...core.hookspecs import hookimpl
from ...core.kinds import FaceFigures, PairMetric
from ...lib.quality import unlike_change
from .inputs import crop_of, region_of

FACESWAP_CONTRACT = 1


class FlickerMetric(PairMetric):
    """Mean change from frame to frame that the truth does not have, inside the face, in gray levels of 255."""

    needs = frozenset({"crops", "landmarks", "times"})
    needs_order = True

    class Options(PairMetric.Options):
        """What counts."""

        region: Literal["face", "crop"] = Field(
            "face", description="What counts: the hull of the true face's landmarks, or the whole crop."
        )
        gap: float = Field(0.1, gt=0, description="Seconds between two faces that are still neighbors in time.")

    options: Options

    def judge(self, fake: Iterable[FaceBatch], real: Iterable[FaceBatch] | None = None) -> Iterator[FaceFigures]:
        """Compares the change of each face since the one before it; where time jumps, nothing is compared."""
        before = None
        for now in self.pairs(fake, real):
            if before and 0 < _time(now[1]) - _time(before[1]) <= self.options.gap:
                pair, truth = ((crop_of(old), crop_of(new)) for old, new in zip(before, now, strict=True))
                change = unlike_change(pair, truth, region_of(now[1], self.options.region))
                yield {"flicker": np.array([change])}
            before = now


def _time(face: FaceBatch) -> float:
    if face.times is None:
        raise FaceswapError("faces of footage are needed. Received: faces without times")
    return float(face.times[0])


@hookimpl
def faceswap_metric() -> type[FlickerMetric]:
    """Hands over the metric."""
    return FlickerMetric
