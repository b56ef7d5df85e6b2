"""Solves the discrete Poisson equation on a part of a picture: conjugate gradients on multigrid cycles.

Convention:
    Pictures are float32 `[height width channels]`. Beyond the picture's edge there is no neighbor: the edge is free.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

# Four times a pixel minus its neighbors. With a replicated border a neighbor beyond the box cancels out.
_LAPLACE = np.array([[0, -1, 0], [-1, 4, -1], [0, -1, 0]], np.float32)
_DAMPING = np.float32(0.9)  # Of the Jacobi sweeps, times the inverse of the operator's diagonal.
_CROSS = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], np.float32)
_COARSEST = 8  # Side below which the grid is not halved any more.
_ACCURACY = 3e-5  # The last step of the solver, in units of the picture: far below an 8-bit level.
_MOST_STEPS = 200  # Faces take 6 to 10.


class _Grid(NamedTuple):
    """One level: where the equation holds, what pulls the solution to 0 there (None: nothing), and a sweep's step."""

    inside: Floats
    pull: Floats | None
    step: Floats

    @classmethod
    def of(cls, inside: Floats, pull: Floats | None) -> _Grid:
        return cls(inside, pull, _DAMPING / 4 * inside if pull is None else _DAMPING / (4 + pull) * inside)


def solve_poisson(sources: Floats, inside: Floats, pull: Floats | None = None) -> Floats:
    """Finds u with sum over the neighbors q of (u_p - u_q), plus pull_p u_p, = sources_p inside, and u = 0 around.

    Args:
        sources: float32 `[height width channels]`.
        inside: 1 where the equation holds and 0 around, like `sources`; somewhere around it, or pulled.
        pull: 0 or more, like `sources`; None: 0 everywhere.

    Returns:
        u, like `sources`.
    """
    grids = [_Grid.of(inside, pull)]
    while min(grids[-1].inside.shape[:2]) > _COARSEST:
        grids.append(_halved(grids[-1]))
    solution = np.zeros_like(sources)
    residual = sources * inside
    direction, before = np.zeros_like(sources), np.float32(1)
    for _ in range(_MOST_STEPS):
        cycled = _cycle(grids, residual)
        now = np.vdot(residual, cycled)
        if now <= 0:  # Nothing is left to correct.
            break
        direction *= now / before
        direction += cycled
        applied = _applied(direction, grids[0])
        length = float(now / np.vdot(direction, applied))
        cv2.scaleAdd(direction, length, solution, dst=solution)
        cv2.scaleAdd(applied, -length, residual, dst=residual)
        before = now
        if length * cv2.norm(direction, cv2.NORM_INF) < _ACCURACY:
            break
    return solution


def _halved(grid: _Grid) -> _Grid:
    """A grid of pixels twice as wide, whose equation weighs four times as much."""
    inside = np.ascontiguousarray(grid.inside[::2, ::2])
    return _Grid.of(inside, None if grid.pull is None else np.ascontiguousarray(4 * grid.pull[::2, ::2]))


def _applied(values: Floats, grid: _Grid) -> Floats:
    """The equation's left side."""
    applied = _filter(values, _LAPLACE)
    if grid.pull is not None:
        applied += grid.pull * values
    applied *= grid.inside
    return applied


def _cycle(grids: list[_Grid], residual: Floats) -> Floats:
    """Approximates the solution for a residual by one symmetric V-cycle over the grids, fine to coarse."""
    grid, *coarser = grids
    solution = _smooth(grid.step * residual, residual, grid, 1 if coarser else 8)
    if not coarser:
        return solution
    rest = _applied(solution, grid)
    np.subtract(residual, rest, out=rest)
    coarse = _cycle(coarser, 4 * cv2.pyrDown(rest, borderType=cv2.BORDER_REPLICATE) * coarser[0].inside)
    finer = np.asarray(cv2.pyrUp(coarse, dstsize=(residual.shape[1], residual.shape[0])), np.float32)
    finer *= grid.inside
    solution += finer.reshape(solution.shape)
    return _smooth(solution, residual, grid, 2)


def _smooth(solution: Floats, residual: Floats, grid: _Grid, sweeps: int) -> Floats:
    """Runs damped Jacobi sweeps."""
    for _ in range(sweeps):
        pushed = _filter(solution, _CROSS)
        pushed += residual
        pushed *= grid.step
        solution = np.asarray(cv2.scaleAdd(solution, float(1 - _DAMPING), pushed, dst=pushed), np.float32)
        solution = solution.reshape(residual.shape)
    return solution


def _filter(values: Floats, kernel: Floats) -> Floats:
    """Applies a 3 x 3 kernel to each channel."""
    filtered = cv2.filter2D(values, -1, kernel, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(filtered, np.float32).reshape(values.shape)
