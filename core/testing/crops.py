"""The crops that the suite gives to maskers, recognizers and swap models: two faces, one of them twice."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...lib.geometry import FACE_TYPES
from ...lib.landmarks import SCHEMES
from ..contract import CropSpec
from .exercise import Exercise
from .records import CheckError, SkipCheckError, expect
from .samples import Floats, Picture, drawn_face
from .subject import Subject

_TURN = 0.1


class CropExercise(Exercise):
    """What the exercises of all kinds that take crops share; the size of crops is the plugin's own choice."""

    omits = frozenset({"odd-sizes"})

    def schemes(self, plugin: Any) -> list[str]:
        """The landmark schemes that the plugin accepts, of those that there are."""
        return [name for name in SCHEMES if plugin.schemes is None or name in plugin.schemes]

    def crops(self, plugin: Any, scheme: str | None = None) -> tuple[Picture, Floats]:
        """Cuts the sample's face, the same a little turned, and another face, as the plugin asks.

        Returns:
            uint8 `[3 size size 3]` and crop landmarks, float32 `[3 points 2]`.
        """
        require_crop(plugin)
        spec: CropSpec = plugin.crop
        chosen = self.schemes(plugin)[0] if scheme is None else scheme
        cuts = [
            self.sample.crop(spec, chosen),
            self.sample.crop(spec, chosen, turn=_TURN),
            drawn_face().crop(spec, chosen),
        ]
        return np.stack([crop for crop, _ in cuts]), np.stack([points for _, points in cuts])


def require_crop(plugin: Any) -> None:
    """Skips a check where the crop that a plugin declares cannot be cut, which `crop-declared` tells."""
    if _fault(plugin) is not None:
        raise SkipCheckError("the crop that it declares cannot be cut")


def crop_declared(subject: Subject) -> None:
    """`crop` is a `CropSpec` that can be cut, and `schemes` names landmark schemes that there are."""
    fault = _fault(subject.plugin)
    if fault is not None:
        raise CheckError(fault)


def _fault(plugin: Any) -> str | None:
    """What is wrong with the crop and the schemes that a plugin declares."""
    try:
        spec, schemes = plugin.crop, plugin.schemes
    except NotImplementedError:
        return "expected the attribute or property `crop`. Received: none"
    if not isinstance(spec, CropSpec):
        return f"expected `crop` to be a CropSpec. Received: {spec!r}"
    if spec.size < 1 or spec.coverage <= 0 or spec.face_type not in FACE_TYPES:
        return f"expected a positive size and coverage, and a face type among {', '.join(FACE_TYPES)}. Received: {spec}"
    if schemes is not None and not (schemes and set(schemes) <= set(SCHEMES)):
        return f"expected `schemes` to be None or some of {', '.join(SCHEMES)}. Received: {schemes}"
    return None


def expect_range(values: Any, what: str) -> None:
    """Fails unless all values are finite and lie in 0..1."""
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    right = bool(np.isfinite(values).all()) and low >= 0 and high <= 1
    expect(right, f"{what} in 0..1", f"{low:g}..{high:g}")
