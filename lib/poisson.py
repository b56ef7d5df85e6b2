"""Solves the discrete Poisson equation on a part of a picture: conjugate gradients on multigrid cycles.

Convention:
    Pictures are float32 `[height width channels]`. `inside` is 1 where the equation is solved and 0 around it, where
    the solution is 0 too. Beyond the picture's edge there is no neighbor: the edge is free.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

# Four times a pixel minus its neighbors. With a replicated border a neighbor beyond the box cancels out.
_LAPLACE = np.array([[0, -1, 0], [-1, 4, -1], [0, -1, 0]], np.float32)
_CROSS = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], np.float32)
_DAMPING = np.float32(0.9 / 4)  # Of the Jacobi sweeps, times the inverse of the operator's diagonal.
_SWEEP = np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]], np.float32) - _DAMPING * _LAPLACE
_COARSEST = 8  # Side below which the grid is not halved any more.
_ACCURACY = 3e-5  # The last step of the solver, in units of the picture: far below an 8-bit level.
_MOST_STEPS = 200  # Faces take 6 to 10, several times as many where part of the rim is not followed.


def solve_poisson(sources: Floats, inside: Floats, trust: Floats | None = None) -> Floats:
    """Finds u with sum over the neighbors q of w_pq (u_p - u_q) = sources_p inside.

    Args:
        sources: float32 `[height width channels]`.
        inside: Where, like `sources`.
        trust: How much u is bound to the 0 of each pixel of the rim, the neighbors of the inside: w_pq there, 0..1,
            `[height width]`, with 0 on all that is not rim. None: all w are 1.

    Returns:
        u, like `sources`.
    """
    released = None if trust is None else _released(inside, trust)
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
        if released is not None:
            applied -= released * direction
        length = now / np.vdot(direction, applied)
        solution += length * direction
        residual -= length * applied
        before = now
        if length * np.abs(direction).max() < _ACCURACY:
            break
    return solution


def rim_of(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The neighbors of a part `[height width]`, on any of the four sides."""
    return np.asarray((_filter(inside.astype(np.float32), _CROSS, cv2.BORDER_CONSTANT) > 0) & ~inside)


def _released(inside: Floats, trust: Floats) -> Floats:
    """For each pixel inside the sum of 1 - w over its neighbors around."""
    loose = rim_of(inside[..., 0] > 0) - trust
    return _filter(loose.astype(np.float32), _CROSS, cv2.BORDER_CONSTANT)[..., None] * inside


def _cycle(grids: list[Floats], residual: Floats) -> Floats:
    """Approximates the solution for a residual by one symmetric V-cycle over the grids, fine to coarse.

    All of the rim is taken for bound here: where it is not, more steps lead to the same solution.
    """
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


def _filter(values: Floats, kernel: Floats, border: int = cv2.BORDER_REPLICATE) -> Floats:
    """Applies a 3 x 3 kernel to each channel."""
    filtered = cv2.filter2D(values, -1, kernel, borderType=border)
    return np.asarray(filtered, np.float32).reshape(values.shape)
