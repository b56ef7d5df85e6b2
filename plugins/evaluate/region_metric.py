"""What metrics of pixels have in common: a pair, and the part of the crop that counts."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ...core.kinds import PairMetric


class RegionMetric(PairMetric):
    """Compares the pixels of pairs inside the face, or in the whole crop."""

    needs = frozenset({"crops", "landmarks"})
    higher_is_better = True

    class Options(PairMetric.Options):
        """Where it is measured."""

        region: Literal["face", "crop"] = Field(
            "face", description="What counts: the hull of the true face's landmarks, or the whole crop."
        )

    options: Options
