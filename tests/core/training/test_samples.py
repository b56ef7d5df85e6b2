from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from faceswap.core.training.faces import TrainingFaces, training_side
from faceswap.core.training.samples import SAMPLES, pair_spread, relative_spread, shown_faces


def _blocks(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Pictures of 32 pixels out of 16 values a side, `[pictures 16 16 3]`: reduced, they are these again."""
    return levels.repeat(2, axis=1).repeat(2, axis=2)


def test_feature_the_spread_is_the_mean_over_all_pairs() -> None:
    levels = np.random.default_rng(0).integers(0, 256, (9, 16, 16, 3)).astype(np.uint8)
    differences = [np.square(one / 255 - other / 255).mean() for one, other in combinations(levels.astype(float), 2)]
    assert pair_spread(_blocks(levels)) == pytest.approx(np.mean(differences), rel=1e-9)


def test_feature_noise_of_single_pixels_is_little_variety() -> None:
    rng = np.random.default_rng(0)
    noise, fields = rng.integers(0, 256, (20, 64, 64, 3)), rng.integers(0, 256, (20, 4, 4, 3))
    assert pair_spread(noise.astype(np.uint8)) < 0.1 * pair_spread(fields.astype(np.uint8).repeat(16, 1).repeat(16, 2))


def test_feature_relative_spread() -> None:
    """Samples that lie half as far from their mean as the real faces have a quarter of their squared differences."""
    levels = np.random.default_rng(0).integers(0, 64, (9, 16, 16, 3)) * 2
    real, nearer = _blocks((levels + 60).astype(np.uint8)), _blocks((levels // 2 + 100).astype(np.uint8))
    assert relative_spread(real, real) == 1
    assert relative_spread(nearer, real) == pytest.approx(0.25, rel=1e-6)
    assert relative_spread(np.repeat(real[:1], 9, axis=0), real) == 0


@pytest.mark.parametrize("count", [3, 200])
def test_feature_real_faces_are_shown_without_their_margin(count: int) -> None:
    side = training_side(64)
    y, x = np.mgrid[:side, :side]
    inside = np.maximum(abs(x - (side - 1) / 2), abs(y - (side - 1) / 2)) < 40  # A margin of 24 on each side of 80.
    pictures = np.repeat((inside * 255).astype(np.uint8)[None, ..., None], 3, axis=-1)
    faces = TrainingFaces(np.repeat(pictures, count, axis=0), np.zeros((count, side, side, 3), np.uint8))
    shown = shown_faces(faces)
    assert shown.shape == (min(count, SAMPLES), 80, 80, 3) and shown.min() == 255
