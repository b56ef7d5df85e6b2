"""The figures of `bench landmarks`, on landmarks whose errors and jitter are known by construction."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from faceswap.core.bench.landmarks import Found, Row, error, figures, gap_errors, jitter

FRAMES, UNIT = 21, 50.0


def _found(landmarks: np.ndarray) -> Found:
    """Landmarks beside a truth that moves evenly."""
    truth = np.arange(FRAMES)[:, None, None] * [2.0, 1.0] + np.zeros((FRAMES, 5, 2))
    boxes = np.zeros((FRAMES, 4), np.float32)
    pictures = [np.zeros((4, 4, 3), np.uint8)] * FRAMES
    shown = (truth + landmarks).astype(np.float32)
    return Found(pictures, boxes, shown, truth, np.full(FRAMES, UNIT), np.arange(FRAMES) / 25)


def test_an_offset_is_an_error_without_jitter() -> None:
    found = _found(np.full((FRAMES, 5, 2), [3.0, 4.0]))
    assert error(found.landmarks, found) == pytest.approx(10)
    assert jitter(found.landmarks, found) == pytest.approx(0, abs=1e-4)


def test_jumps_to_and_fro_are_jitter() -> None:
    """By one pixel each frame: the second difference is four pixels."""
    jumps = np.zeros((FRAMES, 5, 2))
    jumps[1::2, :, 0] = 2
    found = _found(jumps - [1.0, 0.0])
    assert error(found.landmarks, found) == pytest.approx(2)
    assert jitter(found.landmarks, found) == pytest.approx(8)


def test_gaps_are_filled_by_the_chain_and_by_interpolation() -> None:
    """The truth moves evenly, so interpolation is right; the chain's answers are off by five pixels."""
    found = _found(np.zeros((FRAMES, 5, 2)))
    chain: Any = SimpleNamespace(expected_landmarks=lambda key, image, expected: np.add(expected.landmarks, [3.0, 4.0]))
    filled, interpolated = gap_errors(chain, found, 3)
    assert filled == pytest.approx(10, abs=1e-3)
    assert interpolated == pytest.approx(0, abs=1e-3)


def test_figures_are_ratios_of_the_default_strength() -> None:
    rows = [
        Row(performer, "a", what, error, jitter)
        for performer in ("one", "other")
        for what, error, jitter in (("as found", 2.0, 4.0), ("smoothed 1", 1.9, 1.0), ("smoothed 2", 3.0, 0.5))
    ]
    told = {figure.name: (figure.value, figure.kept) for figure in figures(rows)}
    assert told == {"landmarks: jitter of a, smoothed": (0.25, True), "landmarks: error of a, smoothed": (0.95, True)}
