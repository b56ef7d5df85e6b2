"""Lays a face over a frame: plain opacity, or Poisson blending, which hides the seam.

Convention:
    `frame` and `face` are the same box of the frame, float32 `[height width channels]`, 0..1; `mask` is
    float32 `[height width 1]`, 0..1, 1 = face. Both are already registered pixel by pixel, so nothing here
    knows a position and nothing can shift. Where the mask is 0 the frame is returned bit for bit.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .poisson import Floats, solve_poisson

_LOOSEST_PULLED = np.float32(1e-3)  # Pulled 30 times as hard as by a neighbor; harder pulls only cost time.
_PULL = np.float32(0.03)  # By which a neighbor of half the trust is pulled: so that trust fades evenly into none.


def alpha_blend(frame: Floats, face: Floats, mask: Floats) -> Floats:
    """Mixes face and frame in the proportion of the mask; exact at 0 and 1."""
    return mask * face + (1 - mask) * frame


def poisson_blend(
    frame: Floats, face: Floats, mask: Floats, mixed: bool = False, tolerance: float | None = None
) -> Floats:
    """Gives the masked part of the frame the face's gradients and the frame's own values around it.

    The equation is solved on the hard support, mask > 0, to which the frame's pixels next to it are the
    boundary; where the support touches the box's edge, the edge is left free. The solution is then laid over
    the frame with the mask as opacity, so that a soft mask still fades: a hard mask gives plain Poisson
    blending. A mask without any zero has no boundary: the face then only takes the frame's mean color.

    Args:
        frame: The box of the frame.
        face: The face over that box.
        mask: Where the face goes.
        mixed: Keep the frame's gradient wherever it is stronger (wrinkles, hair and glasses of the frame
            shine through).
        tolerance: How far frame - face may lie from its median around the support (root mean square of the
            channels) before the frame's color there is followed less; at twice as far it is not followed at all.
            So a hand before the face, or hair beside it, does not bleed into it. None: everything is followed.

    Returns:
        The blended box, float32 like `frame`, 0..1.

    Reference:
        P. Perez, M. Gangnet, A. Blake, Poisson image editing, SIGGRAPH 2003.
    """
    support = mask[..., 0] > 0
    if not support.any():
        return frame.copy()
    rows, columns = (_reach(np.asarray(support.any(axis=axis))) for axis in (1, 0))
    part, inside = frame[rows, columns], support[rows, columns]
    correction = _correct(part, face[rows, columns], inside, mixed, tolerance)
    blended = frame.copy()
    blended[rows, columns] = np.clip(part + mask[rows, columns] * correction, 0, 1)
    return blended


def _reach(occupied: NDArray[np.bool_]) -> slice:
    """Returns the occupied range of rows or columns, and one more on each side for the boundary."""
    places = np.flatnonzero(occupied)
    return slice(max(int(places[0]) - 1, 0), int(places[-1]) + 2)


def _correct(frame: Floats, face: Floats, inside: NDArray[np.bool_], mixed: bool, tolerance: float | None) -> Floats:
    """Finds u = blended - frame: 0 on the boundary, and exactly 0 where a frame is cloned onto itself."""
    if inside.all():
        difference = face - frame
        return np.asarray(difference - difference.mean(axis=(0, 1)))
    everywhere = np.ones(frame.shape, np.float32)
    loose = None if tolerance is None else _loose(frame - face, inside, tolerance)
    if loose is None:
        return solve_poisson(_sources(frame, face, inside, mixed), everywhere * inside[..., None])
    # What is loose joins the part that is solved for, without any gradient of its own: the answer passes through it.
    trust = np.where(inside, 1, 1 - loose)
    pull = np.where(inside, 0, _PULL * (1 - loose) / np.maximum(loose, _LOOSEST_PULLED))
    solved = inside | (loose > 0)
    sources = _sources(frame, face, inside, mixed, trust.astype(np.float32))
    return solve_poisson(sources, everywhere * solved[..., None], everywhere * pull[..., None].astype(np.float32))


def _loose(difference: Floats, inside: NDArray[np.bool_], tolerance: float) -> Floats | None:
    """How little the frame is followed at each pixel around the support: 0 in full, 1 not at all, `[height width]`.

    Returns:
        None where all of the rim is followed in full.
    """
    cross = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)
    rim = (cv2.dilate(inside.astype(np.uint8), cross, borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0) & ~inside
    samples = difference[rim]
    center = np.median(samples, axis=0)
    distances = _distance(samples, center)
    if distances.min() > tolerance:  # Nothing is like the median, as where there are two halves: follow the nearest.
        center = samples[distances.argmin()]
    excess = np.clip(_distance(difference, center) / np.float32(tolerance) - 1, 0, 1)
    return np.where(inside, 0, excess).astype(np.float32) if excess[rim].any() else None


def _distance(colors: Floats, center: Floats) -> Floats:
    return np.asarray(np.sqrt(np.square(colors - center).mean(axis=-1)))


def _sources(
    frame: Floats, face: Floats, inside: NDArray[np.bool_], mixed: bool, trust: Floats | None = None
) -> Floats:
    """Sums v_pq - (f*_p - f*_q) over the neighbors q of each pixel p inside: Eq. 7 written for u.

    With `trust`, `[height width]`, a neighbor around counts by as much.
    """
    total = np.zeros_like(frame)
    for axis in (0, 1):
        frame_step, guide = np.diff(frame, axis=axis), np.diff(face, axis=axis)
        if mixed:
            guide = np.where(np.abs(frame_step) > np.abs(guide), frame_step, guide)  # Eq. 12.
        excess = guide - frame_step
        low, high = (slice(None, -1), slice(1, None)) if axis == 0 else (np.s_[:, :-1], np.s_[:, 1:])
        if trust is not None:
            excess *= (trust[low] * trust[high] * (inside[low] | inside[high]))[..., None]
        total[low] -= excess
        total[high] += excess
    return total
