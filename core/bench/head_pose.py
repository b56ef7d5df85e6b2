"""A performer's own head, which is known in depth, so that its turn is found exactly (`lib.head_pose`)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ...lib.performers import Performer
from ...lib.performers.head import Head

Array = NDArray[np.float64]


def head_shape(performer: Performer) -> Array:
    """The landmarks of a performer's head seen from the front, with their depth: float64 `[68 3]`."""
    landmarks = performer.portrait().landmarks
    return np.column_stack([landmarks, Head.behind(landmarks).landmark_depth(landmarks)])
