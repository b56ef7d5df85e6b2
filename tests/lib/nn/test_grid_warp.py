from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator
from skimage.transform import SimilarityTransform

pytest.importorskip("keras")

import keras

from faceswap.lib.nn.grid_warp import Grid, draw_grid, goal_points, warped_points
from faceswap.lib.nn.keys import RandomKey

REGION, NOISE, BATCH = 160.0, 0.24, 12


def _key() -> RandomKey:
    return RandomKey(np.array([4, 7], np.int32))


def _points(pair: tuple[np.ndarray, np.ndarray], face: int) -> np.ndarray:
    return np.stack([np.asarray(part)[face] for part in pair], axis=-1)


@pytest.fixture(scope="module")
def grid() -> Grid:
    return draw_grid(BATCH, REGION, (2, 8), NOISE, _key())


@pytest.fixture(scope="module")
def nodes() -> list[tuple[np.ndarray, np.ndarray]]:
    """The recipe in float64 from the same draws: regular and moved nodes of each face, `[cells+1 cells+1 2]`."""
    key = _key()
    noise = np.asarray(keras.random.normal((BATCH, 2, 9, 9), seed=key), np.float64)
    counts = np.asarray(keras.random.randint((BATCH, 1, 1), 2, 9, seed=key)).ravel()
    made = []
    for moves, count in zip(noise, counts, strict=True):
        line = np.linspace(-REGION / 2, REGION / 2, count + 1)
        regular = np.stack(np.meshgrid(line, line), axis=-1)
        moves = np.moveaxis(moves[:, : count + 1, : count + 1], 0, -1)
        made.append((regular, regular + NOISE * REGION / count * moves))
    return made


def test_feature_every_number_of_cells_is_drawn() -> None:
    counts = np.asarray(draw_grid(300, REGION, (2, 8), NOISE, _key()).cells).ravel()
    numbers, times = np.unique(counts, return_counts=True)
    assert numbers.tolist() == [2, 3, 4, 5, 6, 7, 8] and times.min() > 300 / 7 / 2


def test_feature_nodes_move_by_a_share_of_their_cell(grid: Grid, nodes: list[tuple[np.ndarray, np.ndarray]]) -> None:
    for face, (_, moved) in enumerate(nodes):
        used = np.asarray(grid.used)[face] == 1
        assert used.sum() == moved.shape[0] ** 2
        assert _points(grid.moved, face)[used].reshape(moved.shape) == pytest.approx(moved, abs=1e-3)


@pytest.mark.parametrize("size", [64, 256])
def test_feature_warp_is_the_grid_interpolated(
    grid: Grid, nodes: list[tuple[np.ndarray, np.ndarray]], size: int
) -> None:
    warped = warped_points(grid, size)
    pixels = ((np.arange(size) + 0.5) / size - 0.5) * REGION
    places = np.stack(np.meshgrid(pixels, pixels, indexing="ij"), axis=-1)  # Rows first, as the interpolator wants it.
    for face, (regular, moved) in enumerate(nodes):
        line = regular[0, :, 0]
        expected = RegularGridInterpolator((line, line), moved)(places)
        assert _points(warped, face) == pytest.approx(expected, abs=2e-3)


def test_feature_goal_is_scikit_images_similarity(grid: Grid, nodes: list[tuple[np.ndarray, np.ndarray]]) -> None:
    size = 64
    goals = goal_points(grid, size)
    pixels = ((np.arange(size) + 0.5) / size - 0.5) * REGION
    places = np.stack(np.meshgrid(pixels, pixels), axis=-1).reshape(-1, 2)
    for face, (regular, moved) in enumerate(nodes):
        fit = SimilarityTransform.from_estimate(moved.reshape(-1, 2), regular.reshape(-1, 2))
        assert _points(goals, face).reshape(-1, 2) == pytest.approx(fit.inverse(places), abs=5e-3)
