"""Whether heads are turned alike."""

from __future__ import annotations

import numpy as np

from ...core.contract import FaceBatch
from ...core.hookspecs import hookimpl
from ...core.kinds import PairMetric
from ...lib.head_pose import fit_turn, mean_head
from .inputs import points_of

FACESWAP_CONTRACT = 1


class PoseMetric(PairMetric):
    """Mean errors of the head's turn in degrees, told from its landmarks; `pose` is the mean of the three."""

    needs = frozenset({"landmarks"})
    across_people = True
    ranked_by = "pose"

    def compare(self, fake: FaceBatch, real: FaceBatch) -> dict[str, float]:
        """Compares the turns of one pair."""
        turns = [np.array(fit_turn(mean_head(), points_of(face))) for face in (fake, real)]
        errors = np.abs((turns[0] - turns[1] + 180) % 360 - 180)
        return {"pose": float(errors.mean()), **dict(zip(("yaw", "pitch", "roll"), errors.tolist(), strict=True))}


@hookimpl
def faceswap_metric() -> type[PoseMetric]:
    """Hands over the metric."""
    return PoseMetric
