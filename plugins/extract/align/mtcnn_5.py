"""Takes over the five landmarks (eyes, nose tip, mouth corners) that the detector has found; costs nothing."""

from __future__ import annotations

import numpy as np

from ....core.contract import Detections, Image, Landmarks
from ....core.hookspecs import hookimpl
from ....core.kinds import Aligner

FACESWAP_CONTRACT = 1


class Mtcnn5Aligner(Aligner):
    """The landmarks of MTCNN's last network, or of any other detector that gives the same five."""

    scheme = "five"
    detector_schemes = frozenset({"five"})

    def align(self, image: Image, detections: Detections) -> Landmarks:
        """Hands on the detector's landmarks."""
        if len(detections) == 0:
            return np.zeros((0, 5, 2), np.float32)
        if detections.landmarks is None or detections.scheme != "five":
            raise ValueError(f"`five` landmarks of the detector were expected. Received: {detections.scheme}")
        return np.array(detections.landmarks, np.float32)


@hookimpl
def faceswap_aligner() -> type[Mtcnn5Aligner]:
    """Hands over the aligner."""
    return Mtcnn5Aligner
