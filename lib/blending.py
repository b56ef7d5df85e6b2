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

Floats = NDArray[np.float32]

# Four times a pixel minus its neighbors. With a replicated border a neighbor beyond the box cancels out.
_LAPLACE = np.array([[0, -1, 0], [-1, 4, -1], [0, -1, 0]], np.float32)
_DAMPING = np.float32(0.9 / 4)  # Of the Jacobi sweeps, times the inverse of the operator's diagonal.
_SWEEP = np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]], np.float32) - _DAMPING * _LAPLACE
_COARSEST = 8  # Side below which the grid is not halved any more.
_ACCURACY = 3e-5  # The last step of the solver, in units of the picture: far below an 8-bit level.
_MOST_STEPS = 200  # Faces take 6 to 10.


def alpha_blend(frame: Floats, face: Floats, mask: Floats) -> Floats:
    """Mixes face and frame in the proportion of the mask; exact at 0 and 1."""
    return mask * face + (1 - mask) * frame


def poisson_blend(frame: Floats, face: Floats, mask: Floats, mixed: bool = False) -> Floats:
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
    correction = _correct(part, face[rows, columns], inside, mixed)
    blended = frame.copy()
    blended[rows, columns] = np.clip(part + mask[rows, columns] * correction, 0, 1)
    return blended


def _reach(occupied: NDArray[np.bool_]) -> slice:
    """Returns the occupied range of rows or columns, and one more on each side for the boundary."""
    places = np.flatnonzero(occupied)
    return slice(max(int(places[0]) - 1, 0), int(places[-1]) + 2)


def _correct(frame: Floats, face: Floats, inside: NDArray[np.bool_], mixed: bool) -> Floats:
    """Finds u = blended - frame: 0 on the boundary, and exactly 0 where a frame is cloned onto itself."""
    if inside.all():
        difference = face - frame
        return np.asarray(difference - difference.mean(axis=(0, 1)))
    sources = _sources(frame, face, mixed)
    return _solve(sources, np.repeat(inside[..., None], frame.shape[2], axis=2).astype(np.float32))


def _sources(frame: Floats, face: Floats, mixed: bool) -> Floats:
    """Sums v_pq - (f*_p - f*_q) over the neighbors q of each pixel p: Eq. 7 written for u."""
    total = np.zeros_like(frame)
    for axis in (0, 1):
        frame_step, guide = np.diff(frame, axis=axis), np.diff(face, axis=axis)
        if mixed:
            guide = np.where(np.abs(frame_step) > np.abs(guide), frame_step, guide)  # Eq. 12.
        excess = guide - frame_step
        low, high = (slice(None, -1), slice(1, None)) if axis == 0 else (np.s_[:, :-1], np.s_[:, 1:])
        total[low] -= excess
        total[high] += excess
    return total


def _solve(sources: Floats, inside: Floats) -> Floats:
    """Solves the discrete Poisson equation inside, zero around it: conjugate gradients on multigrid cycles."""
    grids = [inside]
    while min(grids[-1].shape[:2]) > _COARSEST:
        grids.append(np.ascontiguousarray(grids[-1][::2, ::2]))
    solution = np.zeros_like(sources)
    residual = sources * inside
    direction, before = np.zeros_like(sources), np.float32(1)
    for _ in range(_MOST_STEPS):
        cycled = _cycle(grids, residual)
        now = np.vdot(residual, cycled)
        if now <= 0:  # Nothing is left to correct.
            break
        direction = cycled + (now / before) * direction
        applied = _filter(direction, _LAPLACE) * inside
        length = now / np.vdot(direction, applied)
        solution += length * direction
        residual -= length * applied
        before = now
        if length * np.abs(direction).max() < _ACCURACY:
            break
    return solution


def _cycle(grids: list[Floats], residual: Floats) -> Floats:
    """Approximates the solution for a residual by one symmetric V-cycle over the grids, fine to coarse."""
    inside, *coarser = grids
    solution = _smooth(_DAMPING * residual, residual, inside, 1 if coarser else 8)
    if not coarser:
        return solution
    rest = residual - _filter(solution, _LAPLACE) * inside
    # A pixel of the coarser grid is twice as wide, so that its equation weighs four times as much.
    coarse = _cycle(coarser, 4 * cv2.pyrDown(rest, borderType=cv2.BORDER_REPLICATE) * coarser[0])
    solution += cv2.pyrUp(coarse, dstsize=(inside.shape[1], inside.shape[0])) * inside
    return _smooth(solution, residual, inside, 2)


def _smooth(solution: Floats, residual: Floats, inside: Floats, sweeps: int) -> Floats:
    """Runs damped Jacobi sweeps."""
    push = _DAMPING * residual
    for _ in range(sweeps):
        solution = (_filter(solution, _SWEEP) + push) * inside
    return solution


def _filter(values: Floats, kernel: Floats) -> Floats:
    """Applies a 3 x 3 kernel to each channel."""
    filtered = cv2.filter2D(values, -1, kernel, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(filtered, np.float32).reshape(values.shape)
