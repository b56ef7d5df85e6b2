"""The crops that the suite gives to maskers, recognizers and swap models: two faces, one of them twice."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...lib.landmarks import SCHEMES
from ..contract import CropSpec
from .exercise import Exercise
from .records import expect
from .samples import Floats, Picture, drawn_face

_TURN = 0.1


class CropExercise(Exercise):
    """What the exercises of all kinds that take crops share; the size of crops is the plugin's own choice."""

    omits = frozenset({"odd-sizes"})

    def schemes(self, plugin: Any) -> list[str]:
        """The landmark schemes that the plugin accepts."""
        return [name for name in SCHEMES if plugin.schemes is None or name in plugin.schemes]

    def crops(self, plugin: Any, scheme: str | None = None) -> tuple[Picture, Floats]:
        """Cuts the sample's face, the same a little turned, and another face, as the plugin asks.

        Returns:
            uint8 `[3 size size 3]` and crop landmarks, float32 `[3 points 2]`.
        """
        spec: CropSpec = plugin.crop
        chosen = self.schemes(plugin)[0] if scheme is None else scheme
        cuts = [
            self.sample.crop(spec, chosen),
            self.sample.crop(spec, chosen, turn=_TURN),
            drawn_face().crop(spec, chosen),
        ]
        return np.stack([crop for crop, _ in cuts]), np.stack([points for _, points in cuts])


def expect_range(values: Any, what: str) -> None:
    """Fails unless all values are finite and lie in 0..1."""
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    right = bool(np.isfinite(values).all()) and low >= 0 and high <= 1
    expect(right, f"{what} in 0..1", f"{low:g}..{high:g}")
