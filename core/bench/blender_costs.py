"""What each blender costs for one face, and `poisson` against `cv2.seamlessClone`."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import FaceswapError
from ..host import PluginChoice, prepare
from ..registry import discover
from .measure import Figure, compare, seconds

if TYPE_CHECKING:
    from ..contract import FramePatch
    from ..kinds import Blender

SIZES = (128, 256)
HEADINGS = ("blender", *(f"core ms at {size} px" for size in SIZES))
POISSON_BOUND = 2.0

_ROUNDS = 5  # Calls in one measurement, so that a clock's step does not matter.


@dataclass(frozen=True)
class CostRow:
    """The core milliseconds of one face by the side of its crop or box in pixels; medians over the repeats.

    What the process computes, on all its threads, is told: that is the same whatever else the machine does.
    """

    blender: str
    milliseconds: dict[int, float]

    def cells(self) -> tuple[str, ...]:
        """The row as people read it."""
        return (self.blender, *(f"{value:.2f}" for value in self.milliseconds.values()))


def measure_costs(repeats: int, sizes: Sequence[int] = SIZES) -> Iterator[CostRow]:
    """Measures each installed blender with its default options, called as the host calls it."""
    for found in discover("blender"):
        try:
            blender: Blender = prepare("blender", PluginChoice(name=f"{found.name}@{found.package}")).load()
        except FaceswapError:
            continue  # A blender that cannot be loaded costs nothing.
        yield CostRow(found.name, {size: _milliseconds(_work(blender, size), repeats) for size in sizes})


def _milliseconds(work: Callable[[], Any], repeats: int) -> float:
    work()
    return 1000 * statistics.median(_core_seconds(work) for _ in range(repeats)) / _ROUNDS


def _core_seconds(work: Callable[[], Any]) -> float:
    began = time.process_time()
    for _ in range(_ROUNDS):
        work()
    return time.process_time() - began


def _work(blender: Any, size: int) -> Callable[[], Any]:
    """One face: a drawn one over a portrait, with moving neighbors if asked; for composites the portrait relit."""
    from ..kinds import CropBlender
    from ..testing.patches import crop_patch, first_faces

    if isinstance(blender, CropBlender):
        patch = first_faces(crop_patch(size, blender.context), 1)
        return lambda: blender.blend(patch)
    box = _relit(size, barred=False)
    return lambda: blender.composite(box)


def measure_poisson(repeats: int) -> list[Figure]:
    """Compares Poisson blending with `cv2.seamlessClone` of the same mask: of a relit face, and behind a bar.

    What the bar's colors may not reach costs more; OpenCV lets them bleed, so there is no bound.
    """
    return [_poisson(size, barred, repeats) for barred in (False, True) for size in SIZES]


def _poisson(size: int, barred: bool, repeats: int) -> Figure:
    import cv2
    import numpy as np

    patch = _relit(size, barred)
    blender: Any = prepare("blender", PluginChoice(name="poisson")).load()
    frame, face, mask = (np.ascontiguousarray(each * 255).astype(np.uint8) for each in _arrays(patch))
    left, top, width, height = cv2.boundingRect(mask)
    center = (left + width // 2, top + height // 2)

    def bare() -> float:
        return seconds(lambda: [cv2.seamlessClone(face, frame, mask, center, cv2.NORMAL_CLONE) for _ in range(_ROUNDS)])

    def ours() -> float:
        return seconds(lambda: [blender.composite(patch) for _ in range(_ROUNDS)])

    ours(), bare()
    name = f"poisson: {size} px{', behind a bar' if barred else ''}, against cv2.seamlessClone"
    return compare(name, ours, bare, None if barred else POISSON_BOUND, repeats)


def _arrays(patch: FramePatch) -> tuple[Any, ...]:
    return patch.frame, patch.face, patch.mask[..., 0]


def _relit(size: int, barred: bool) -> FramePatch:
    """A portrait and the same face in warmer light under a hard disc, from which a green bar may be left out."""
    import numpy as np

    from ..contract import FramePatch
    from ..testing.patches import crop_patch, disc

    frame = crop_patch(size).targets[0].copy()
    face = np.clip(frame * np.float32(0.85) + np.array([0.1, 0.02, 0], np.float32), 0, 1)
    mask = (disc(size, size) > 0.5).astype(np.float32)
    if barred:
        bar = np.s_[size // 2 : size * 5 // 8, : size * 5 // 8]
        frame[bar], mask[bar] = (0.05, 0.6, 0.1), 0
    return FramePatch(frame, face, mask)
