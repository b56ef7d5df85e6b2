"""Checks of blenders on pictures whose right answer is known: a red spot stays red, a pattern stays in its place.

Blenders may change color, contrast and finish. So the checks fit the answer to the picture, and judge only what no
blender may change.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..contract import CropPatch, FramePatch
from ..kinds import CropBlender
from .patches import crop_patch, disc, first_faces, still_patch
from .records import SkipCheckError, expect
from .samples import Floats
from .subject import Subject

_SIDE = 64
_MOST_BLUE = 0.02
_LARGEST_SHIFT = 0.1
_LARGEST_MASK_SHIFT = 0.2
_OTHER_SHAPE = 3.0
"""A mask both of whose edges lie farther off, in pixels, has another shape; it has not shifted."""

_LEAST_PATTERN = 0.05
"""The share of a pattern that must arrive before its place can be told."""


def colors_keep_order(subject: Subject) -> None:
    """Channels keep their order: what is red in the face or in the target does not come out blue."""
    _ = subject.answers
    gray, red = np.full((_SIDE, _SIDE, 3), 0.5, np.float32), np.array([1, 0, 0], np.float32)
    spot = gray + 0.45 * _spot() * red
    if not isinstance(subject.plugin, CropBlender):
        answer = _blend(subject, spot, gray)[0]
        _expect_red((answer - gray)[_spot()[..., 0] > 0.5], "a red spot of the face to arrive red")
        return
    answer = _blend(subject, spot, spot)[0]
    inside, outside = answer[_spot()[..., 0] > 0.5], answer[_spot()[..., 0] < 0.05]
    _expect_red(inside - outside.mean(axis=0), "a red spot of face and target to stay red")
    reddish = _pattern() * np.array([1, 0.5, 0.3], np.float32)
    answer = _blend(subject, _pattern(), reddish)[0]
    _expect_red(answer, "a gray face over a red target to become no bluer than red")


def _expect_red(colors: NDArray[Any], expected: str) -> None:
    red, green, blue = colors.reshape(-1, 3).mean(axis=0)
    expect(blue <= red + _MOST_BLUE, expected, f"red {red:.2f}, green {green:.2f}, blue {blue:.2f}")


def nothing_shifts(subject: Subject) -> None:
    """A pattern arrives in its own place, to a tenth of a pixel; the mask does not shift either."""
    _ = subject.answers
    gray = np.full((_SIDE, _SIDE, 3), 0.5, np.float32)
    frame = gray if not isinstance(subject.plugin, CropBlender) else _pattern()
    faces, masks = _blend(subject, _pattern(), frame)
    across, down = _shift(faces, _pattern())
    right = max(abs(across), abs(down)) <= _LARGEST_SHIFT
    expect(right, f"pixels in their place, to {_LARGEST_SHIFT} px", f"a shift of {across:+.2f}, {down:+.2f} px")
    if masks is not None:
        across, down = (
            _edge_shift(masks[..., 0].max(axis=axis), disc(_SIDE, _SIDE)[..., 0].max(axis=axis)) for axis in (0, 1)
        )
        right = max(abs(across), abs(down)) <= _LARGEST_MASK_SHIFT
        expect(
            right, f"the mask in its place, to {_LARGEST_MASK_SHIFT} px", f"a shift of {across:+.2f}, {down:+.2f} px"
        )


def _blend(subject: Subject, face: Floats, under: Floats) -> tuple[Floats, Floats | None]:
    """Gives a face over a target or a frame to the blender.

    Returns:
        The face or the box that comes back, `[side side 3]`, and a crop blender's mask, `[side side 1]`.
    """
    mask = disc(_SIDE, _SIDE)
    if isinstance(subject.plugin, CropBlender):
        one = first_faces(crop_patch(_SIDE), 1)
        crop = replace(one, faces=face[None].copy(), targets=under[None].copy(), masks=mask[None])
        still = still_patch(crop, subject.plugin.context)
        blended: CropPatch = subject.exercise.run(subject.plugin, (still,))
        return blended.faces[0], blended.masks[0]
    full = np.ones_like(mask)
    box: Floats = subject.exercise.run(subject.plugin, (FramePatch(under.copy(), face.copy(), full),))
    return box, None


def _window(reach: float) -> Floats:
    """1 in the middle, 0 from `reach` on, smooth in between; `[side side 1]`."""
    y, x = np.meshgrid(np.linspace(-1, 1, _SIDE), np.linspace(-1, 1, _SIDE), indexing="ij")
    inner = np.cos(np.clip(np.hypot(x, y) / reach, 0, 1) * np.pi) / 2 + 0.5
    return np.asarray(inner[..., None], np.float32)


def _spot() -> Floats:
    return _window(0.5)


def _pattern() -> Floats:
    """Gray waves of different length along both axes that end in a gray ground, `[side side 3]`."""
    y, x = np.mgrid[:_SIDE, :_SIDE].astype(np.float32)
    waves = np.sin(x * 0.45 + 0.3) + np.sin(y * 0.37 + 1.1) + np.sin((x + y) * 0.21) + np.sin((x - y) * 0.29 + 2)
    return np.repeat(np.float32(0.5) + np.float32(0.1) * waves[..., None] * _window(0.9), 3, axis=2)


def _shift(answer: Floats, pattern: Floats) -> tuple[float, float]:
    """By how many pixels the pattern lies off in the answer, across and down; good to a pixel or two.

    Fits `answer = gain * pattern + slopes + offset` by least squares: to first order, a shift by s adds -s times the
    pattern's slope. The gain and the offset take up what a blender may change.
    """
    answer, pattern = answer.mean(axis=2), pattern.mean(axis=2)
    down, across = np.gradient(pattern)
    columns = np.stack([pattern, across, down, np.ones_like(pattern)], axis=-1).reshape(-1, 4)
    gain, by_across, by_down, _ = np.linalg.lstsq(columns, answer.reshape(-1), rcond=None)[0]
    if abs(gain) < _LEAST_PATTERN:
        raise SkipCheckError("too little of a pattern arrives to tell its place")
    return -float(by_across / gain), -float(by_down / gain)


def _edge_shift(profile: Floats, before: Floats) -> float:
    """How far both edges of a mask's profile have moved to the same side, in pixels; 0 where it grew or shrank."""
    low, high = (after - at for after, at in zip(_edges(profile), _edges(before), strict=True))
    if low * high <= 0 or max(abs(low), abs(high)) > _OTHER_SHAPE:
        return 0.0
    return min(low, high, key=abs)


def _edges(profile: Floats) -> tuple[float, float]:
    """Where a profile crosses half of its height, first upward and last downward, between pixels."""
    half = float(profile.max()) / 2
    inside = np.flatnonzero(profile > half)
    if not len(inside) or inside[0] == 0 or inside[-1] == len(profile) - 1:
        return 0.0, 0.0
    first, last = int(inside[0]), int(inside[-1])
    rise = (half - profile[first - 1]) / (profile[first] - profile[first - 1])
    fall = (profile[last] - half) / (profile[last] - profile[last + 1])
    return first - 1 + float(rise), last + float(fall)
