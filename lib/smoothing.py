"""Smooths landmarks along a track: the jitter of an aligner goes, fast movement stays.

All frames are known, so the filter runs through them forward, and then backward over what came out: what the first
pass lags behind a movement, the second makes up for.

Reference:
    G. Casiez, N. Roussel and D. Vogel, 1 Euro Filter: A Simple Speed-based Low-pass Filter for Noisy Input in
    Interactive Systems, CHI 2012. The symbols are the paper's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .landmarks import FloatArray

DEFAULT_STRENGTH = 1.0
"""The strength that is used unless another is asked for."""

_MIN_CUTOFF = 2.0
"""f_cmin in Hz at strength 1: how strongly points at rest are smoothed."""

_BETA = 4.0
"""By how many Hz the cutoff rises for each face unit per second, at strength 1.

Both were chosen by `faceswap bench landmarks`: they take most jitter away that can go without the error growing.
"""

_D_CUTOFF = 1.0
"""f_c of the speed, in Hz."""


def smooth_landmarks(landmarks: FloatArray, times: FloatArray, strength: float) -> FloatArray:
    """Smooths the landmarks of one track.

    Args:
        landmarks: `[frames points 2]`, pixels.
        times: Seconds, `[frames]`, ascending.
        strength: 0 changes nothing; twice the strength halves the cutoff frequency.

    Returns:
        `[frames points 2]` of the same type.
    """
    if strength <= 0 or len(landmarks) < 2:
        return landmarks
    # In units of the face's size, so that neither the footage's size nor the face's matters.
    unit = max(float(np.median([_size(points) for points in landmarks])), 1e-6)
    signal = np.divide(landmarks, unit, dtype=np.float64)
    steps = np.diff(np.asarray(times, np.float64))
    settings = (_MIN_CUTOFF / strength, _BETA / strength)
    signal = one_euro(signal, steps, *settings)
    signal = one_euro(signal[::-1], steps[::-1], *settings)[::-1]
    return np.multiply(signal, unit, out=signal).astype(landmarks.dtype)


def _size(points: FloatArray) -> float:
    """The mean distance of a face's points `[points 2]` from their middle."""
    exact = np.asarray(points, np.float64)
    return float(np.linalg.norm(exact - exact.mean(axis=0), axis=1).mean())


def one_euro(
    signal: NDArray[np.float64], steps: NDArray[np.float64], min_cutoff: float, beta: float
) -> NDArray[np.float64]:
    """Runs the one-euro filter over points in a plane; the speed of a point is that of both its coordinates.

    Args:
        signal: `[frames points 2]`.
        steps: Seconds from each frame to the next, `[frames - 1]`.
        min_cutoff: f_cmin, the cutoff of points at rest in Hz.
        beta: By how many Hz the cutoff rises for each unit per second.
    """
    filtered = signal.copy()
    speed = np.zeros_like(signal[0])
    for index, step in enumerate(steps, start=1):
        moved = (signal[index] - filtered[index - 1]) / step
        speed += _alpha(_D_CUTOFF, step) * (moved - speed)
        cutoff = min_cutoff + beta * np.linalg.norm(speed, axis=-1, keepdims=True)  # eq. 5
        filtered[index] = filtered[index - 1] + _alpha(cutoff, step) * (signal[index] - filtered[index - 1])  # eq. 1
    return filtered


def _alpha(cutoff: NDArray[np.float64] | float, step: float) -> NDArray[np.float64]:
    """The smoothing factor, 1 / (1 + tau / T_e) with tau = 1 / (2 pi f_c), eq. 3 and 4."""
    return np.asarray(1 / (1 + 1 / (2 * np.pi * cutoff * step)))
