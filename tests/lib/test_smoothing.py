"""The smoothing of landmarks, against the paper's formulas number by number, SciPy's filters and made-up motions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.signal import lfilter

from faceswap.lib.smoothing import one_euro, smooth_landmarks

RATE = 25.0


def _noise(frames: int = 200, points: int = 5) -> np.ndarray:
    return np.random.default_rng(0).normal(0, 1, (frames, points, 2))


def _by_the_paper(numbers: list[tuple[float, float]], steps: list[float], min_cutoff: float, beta: float) -> list:
    """Algorithm 1 of the paper for one point, in plain numbers."""
    x, y = numbers[0]
    dx = dy = 0.0
    answers = [(x, y)]
    for (new_x, new_y), step in zip(numbers[1:], steps, strict=True):
        share = 1 / (1 + 1 / (2 * math.pi * 1.0) / step)
        dx = share * (new_x - x) / step + (1 - share) * dx
        dy = share * (new_y - y) / step + (1 - share) * dy
        share = 1 / (1 + 1 / (2 * math.pi * (min_cutoff + beta * math.hypot(dx, dy))) / step)
        x, y = share * new_x + (1 - share) * x, share * new_y + (1 - share) * y
        answers.append((x, y))
    return answers


def test_filter_is_the_papers() -> None:
    signal, steps = _noise(40), np.random.default_rng(1).uniform(0.02, 0.1, 39)
    answer = one_euro(signal, steps, 1.5, 0.7)
    for point in range(signal.shape[1]):
        expected = _by_the_paper(signal[:, point].tolist(), steps.tolist(), 1.5, 0.7)
        np.testing.assert_allclose(answer[:, point], expected, rtol=1e-12)


def test_without_speed_it_is_an_exponential_mean() -> None:
    signal = _noise()
    alpha = 1 / (1 + RATE / (2 * math.pi * 3.0))
    first = (1 - alpha) * signal[:1]
    expected, _ = lfilter([alpha], [1, alpha - 1], signal, axis=0, zi=first)
    answer = one_euro(signal, np.full(len(signal) - 1, 1 / RATE), 3.0, 0.0)
    np.testing.assert_allclose(answer, expected, atol=1e-12)


def test_jitter_of_a_face_at_rest_goes() -> None:
    face = np.random.default_rng(2).uniform(100, 200, (1, 68, 2))
    jitter = 0.3 * _noise(200, 68)
    times = np.arange(200) / RATE
    left = [np.diff(smooth_landmarks(face + jitter, times, strength), 2, axis=0).std() for strength in (0, 1, 4)]
    assert left[1] < 0.35 * left[0]
    assert left[2] < 0.5 * left[1]


def test_a_movement_is_not_lagged_behind() -> None:
    """A face that swings as heads do: one pass comes late, the smoothed face does not."""
    times = np.arange(200) / RATE
    face = np.random.default_rng(2).uniform(100, 200, (1, 68, 2))
    moving = face + 30 * np.sin(2 * np.pi * 0.5 * times)[:, None, None]
    speed = np.gradient(moving, axis=0)[20:-20]

    def frames_late(shown: np.ndarray) -> float:
        return float(((moving - shown)[20:-20] * speed).sum() / (speed**2).sum())

    smoothed = smooth_landmarks(moving, times, 1.0)
    assert abs(frames_late(smoothed)) < 0.02
    assert np.abs(smoothed - moving)[20:-20].max() < 1.5
    assert frames_late(one_euro(moving / 30, np.full(199, 1 / RATE), 2.0, 4.0) * 30) > 0.2


@pytest.mark.parametrize("scale", [0.5, 4.0])
def test_size_of_the_footage_does_not_matter(scale: float) -> None:
    face = 100 + 5 * _noise(30, 68)
    times = np.arange(30) / RATE
    larger = smooth_landmarks((scale * face).astype(np.float32), times, 1.0)
    assert larger.dtype == np.float32
    np.testing.assert_allclose(larger, scale * smooth_landmarks(face, times, 1.0), rtol=1e-5)


def test_strength_zero_and_single_faces_change_nothing() -> None:
    face = _noise(5, 68)
    assert np.array_equal(smooth_landmarks(face, np.arange(5.0), 0.0), face)
    assert np.array_equal(smooth_landmarks(face[:1], np.zeros(1), 1.0), face[:1])
