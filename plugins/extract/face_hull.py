"""The convex hull of 68 landmarks, raised over the brows or the forehead; shared by the maskers that begin with it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

_BROWS = slice(17, 27)
_NOSE_BASE = 33

BROWS_IN = 0.3
"""How far a hull is raised that takes the brows in whole."""

FOREHEAD: Any = Field(
    BROWS_IN,
    ge=0,
    le=1.5,
    description="How far the hull is raised above the brows, as a share of the distance from brows to nose "
    "base: 0 is the bare hull, 0.3 takes the brows in whole, 1 reaches the hairline of an average face.",
)
"""The option that says how far the hull is raised."""


def raised_outline(points: NDArray[np.float32], forehead: float) -> NDArray[np.float32]:
    """Returns the landmarks `[68 2]` and, above the brows, the points of a raised arch: `[points 2]`.

    Args:
        points: float32 `[68 2]`.
        forehead: How far the arch is raised, as a share of the distance from brows to nose base; 0 adds nothing.
    """
    if forehead == 0:
        return points
    brows = points[_BROWS]
    # By the rule of thirds the hairline is as far above the brows as the nose base is below them.
    third = brows.mean(axis=0) - points[_NOSE_BASE]
    # The forehead is round: the outer brow ends rise half as far as the middle.
    along = np.linspace(-1, 1, len(brows), dtype=np.float32)[:, None]
    raised = brows + np.float32(forehead) * (1 - along**2 / 2) * third
    return np.concatenate([points, raised.astype(np.float32)])
