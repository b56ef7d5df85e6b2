"""Turned and tiled frames: pixels and matrices say the same, and nothing falls between tiles."""

from __future__ import annotations

import numpy as np
import pytest

from faceswap.lib.geometry import invert, transform_points
from faceswap.lib.views import enlarged, tile_boxes, turn_matrix, turned, turned_boxes, turned_size

WIDTH, HEIGHT = 120, 70
SPOT = (88.0, 17.0)


def spot(width=WIDTH, height=HEIGHT, x=SPOT[0], y=SPOT[1]):
    """A soft white spot on black."""
    rows, columns = np.mgrid[:height, :width]
    level = 255 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / 18)
    return np.repeat(level[..., None], 3, axis=-1).astype(np.uint8)


def centroid(image):
    level = image[..., 0].astype(np.float64)
    rows, columns = np.mgrid[: level.shape[0], : level.shape[1]]
    return np.array([(level * columns).sum(), (level * rows).sum()]) / level.sum()


@pytest.mark.parametrize("degrees", [0, 30, 90, 137, 180, 270, 301])
def test_feature_the_matrix_says_where_the_pixels_go(degrees):
    image = turned(spot(), degrees)
    assert image.shape[1::-1] == turned_size(WIDTH, HEIGHT, degrees)
    expected = transform_points(turn_matrix(WIDTH, HEIGHT, degrees), np.array([SPOT]))[0]
    np.testing.assert_allclose(centroid(image), expected, atol=0.05)


@pytest.mark.parametrize("degrees", [45, 90, 200])
def test_feature_the_whole_frame_is_seen(degrees):
    corners = np.array([(0, 0), (WIDTH - 1, 0), (WIDTH - 1, HEIGHT - 1), (0, HEIGHT - 1)], np.float64)
    found = transform_points(turn_matrix(WIDTH, HEIGHT, degrees), corners)
    width, height = turned_size(WIDTH, HEIGHT, degrees)
    assert found.min() >= -1e-9
    assert (found <= np.array([width, height]) - 1 + 1e-9).all()


def test_feature_turns_are_clockwise_and_quarters_lose_nothing():
    image = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    right = turned(image, 90)
    np.testing.assert_array_equal(right[0, -1], image[0, 0])  # The upper left corner goes to the upper right.
    np.testing.assert_array_equal(turned(turned(turned(right, 90), 90), 90), image)
    np.testing.assert_array_equal(turned(image, 180), image[::-1, ::-1])
    np.testing.assert_array_equal(turned(image, 270), turned(turned(image, 180), 90))


def test_feature_boxes_go_with_their_pixels():
    box = np.array([[10, 20, 40, 60]], np.float32)
    quarter = turned_boxes(box, turn_matrix(WIDTH, HEIGHT, 90))
    # x becomes the height less y: on edges, 70 - 60 and 70 - 20.
    assert quarter.tolist() == [[10, 10, 50, 40]]
    assert quarter.dtype == np.float32
    assert turned_boxes(box, turn_matrix(WIDTH, HEIGHT, 180)).tolist() == [[80, 10, 110, 50]]


@pytest.mark.parametrize("degrees", [30, 90, 225])
def test_feature_square_boxes_come_back_as_they_were(degrees):
    box, matrix = np.array([[10.5, 20, 40.5, 50]]), turn_matrix(WIDTH, HEIGHT, degrees)
    there = turned_boxes(box, matrix)
    np.testing.assert_allclose(there[0, 2:] - there[0, :2], 30)
    np.testing.assert_allclose(turned_boxes(there, invert(matrix)), box)


@pytest.mark.parametrize(
    ("width", "height", "side"), [(3840, 2160, 960), (1000, 700, 333), (641, 640, 640), (65, 900, 64)]
)
def test_feature_what_is_no_larger_than_the_overlap_lies_whole_in_a_tile(width, height, side):
    tiles = np.array(tile_boxes(width, height, side))
    assert (tiles[:, :2] >= 0).all() and (tiles[:, 2:] <= (width, height)).all()
    assert (tiles[:, 2:] - tiles[:, :2] == (min(side, width), min(side, height))).all()
    generator, size = np.random.default_rng(1), side // 4
    places = generator.integers(0, (width - size + 1, height - size + 1), (500, 2))
    places = np.concatenate([places, [(0, 0), (width - size, height - size)]])
    within = (tiles[None, :, :2] <= places[:, None]) & (tiles[None, :, 2:] >= places[:, None] + size)
    assert within.all(axis=-1).any(axis=1).all()


def test_feature_no_more_tiles_than_needed():
    assert tile_boxes(300, 200, 300) == [(0, 0, 300, 200)]
    assert len(tile_boxes(3840, 2160, 960)) == 5 * 3  # 960 + 4 * 720 = 3840; 960 + 2 * 720 > 2160 > 960 + 720.


def test_feature_enlarging_keeps_places():
    np.testing.assert_allclose(centroid(enlarged(spot(), 4)), 4 * (np.array(SPOT) + 0.5) - 0.5, atol=0.05)
    assert enlarged(spot(), 1).shape == (HEIGHT, WIDTH, 3)
