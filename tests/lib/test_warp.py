"""Cutting and pasting move no pixel: positions by centroid, values against scikit-image and closed forms."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from skimage.draw import polygon
from skimage.metrics import peak_signal_noise_ratio
from skimage.transform import AffineTransform, warp

from faceswap.lib.geometry import invert, recut, resize_matrix, transform_points
from faceswap.lib.warp import convex_hull_mask, cut, paste, paste_box


def _matrix(scale: float, angle: float, center: tuple[float, float], size: int) -> np.ndarray:
    """Frame pixels to a crop of `size`, turned by `angle` about the face's center."""
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    matrix = np.array([[cos, -sin, 0], [sin, cos, 0]])
    matrix[:, 2] = (size - 1) / 2 - matrix[:, :2] @ center
    return matrix.astype(np.float32)


def _blob(width: int, height: int, center: np.ndarray, sigma: float) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    bump = np.exp(-((x - center[0]) ** 2 + (y - center[1]) ** 2) / (2 * sigma**2))
    return bump.astype(np.float32)[..., None]


def _centroid(picture: np.ndarray) -> np.ndarray:
    weights = picture[..., 0].astype(np.float64)
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]]
    return np.array([(x * weights).sum(), (y * weights).sum()]) / weights.sum()


def _smooth_frame(width: int, height: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    waves = [0.5 + 0.4 * np.sin(x / a + y / b) for a, b in ((9, 14), (-12, 8), (20, -11))]
    return np.stack(waves, axis=-1).astype(np.float32)


@pytest.mark.parametrize("scale", [3.0, 1.0, 0.6, 0.49, 0.3, 0.2])
def test_cut_and_paste_keep_positions(scale):
    rng = np.random.default_rng(0)
    for angle in (0.0, 0.4, -2.0):
        spot = np.array([150.0, 140.0]) + rng.uniform(-3, 3, 2)
        size = int(160 * scale)
        matrix = _matrix(scale, angle, (151.3, 138.6), size)
        crop = cut(_blob(300, 280, spot, max(4, 2 / scale)), matrix, size)
        expected = transform_points(matrix, spot[None])[0]
        np.testing.assert_allclose(_centroid(crop), expected, atol=0.02)

        box = paste_box(matrix, size, 300, 280)
        pasted = paste(crop, matrix, box, "zero")
        np.testing.assert_allclose(_centroid(pasted) + box[:2], spot, atol=0.02 * max(1, 1 / scale))


@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
@pytest.mark.parametrize("center", [(40.2, 36.9), (3.1, 4.4), (91.7, 66.0), (-300.5, 20.2), (50.3, 900.9)])
def test_cut_agrees_with_skimage(dtype, center):
    """Inside the frame, over its edges, and beyond it, where its outermost pixels are repeated."""
    frame = _smooth_frame(90, 70)
    frame = (frame * 255).round().astype(np.uint8) if dtype is np.uint8 else frame
    matrix = _matrix(1.7, 0.3, center, 64)
    back = AffineTransform(np.vstack([invert(matrix.astype(np.float64)), [0, 0, 1]]))
    expected = warp(frame.astype(np.float64), back, order=1, mode="edge", output_shape=(64, 64))
    crop = cut(frame, matrix, 64)
    assert crop.dtype == dtype
    np.testing.assert_allclose(crop, expected, atol=0.51 if dtype is np.uint8 else 1e-4)


def test_roundtrip_keeps_a_smooth_face():
    frame = _smooth_frame(200, 160)
    matrix = _matrix(1.4, 0.5, (100, 80), 128)
    box = left, top, right, bottom = paste_box(matrix, 128, 200, 160)
    pasted = paste(cut(frame, matrix, 128), matrix, box)
    inside = paste(np.ones((128, 128, 1), np.float32), matrix, box, "zero")[..., 0] == 1
    assert inside.sum() > 6000
    region = frame[top:bottom, left:right]
    assert peak_signal_noise_ratio(region[inside], pasted[inside], data_range=1) > 45


def test_shrinking_averages():
    """A checkerboard of single pixels is gray from afar; bare bilinear sampling would show black or white."""
    board = np.indices((240, 240)).sum(axis=0) % 2
    frame = np.repeat(board[..., None], 3, axis=2).astype(np.float32)
    for scale in (0.55, 0.5, 0.25, 0.14):
        crop = cut(frame, _matrix(scale, 0.1, (120, 120), 16), 16)
        np.testing.assert_allclose(crop, 0.5, atol=0.06)


def test_cut_from_a_stored_crop_equals_cut_from_the_frame():
    frame = _smooth_frame(300, 300)
    head, face = _matrix(1.6, 0.2, (150, 150), 400), _matrix(0.9, 0.2, (150, 155), 100)
    direct, by_way = cut(frame, face, 100), cut(cut(frame, head, 400), recut(head, face), 100)
    assert peak_signal_noise_ratio(direct, by_way, data_range=1) > 45


@pytest.mark.parametrize("size", [25, 100, 400])
def test_resize_matrix_resizes_without_a_shift(size):
    blob = _blob(100, 100, np.array([44.0, 57.0]), 6)
    resized = cut(blob, resize_matrix(100, size), size)
    expected = (np.array([44.0, 57.0]) + 0.5) * size / 100 - 0.5
    np.testing.assert_allclose(_centroid(resized), expected, atol=0.02)


@pytest.mark.parametrize(("border", "outside"), [("replicate", 0.7), ("zero", 0.0)])
@pytest.mark.parametrize("scale", [1.0, 0.2])
def test_what_lies_beyond_the_frame(border, outside, scale):
    frame = np.full((200, 200, 3), 0.7, np.float32)
    crop = cut(frame, _matrix(scale, 0, (0, 100), 40), 40, border)
    np.testing.assert_allclose(crop[:, :18], outside, atol=1e-6)
    np.testing.assert_allclose(crop[10:30, 22:], 0.7, atol=1e-6)


@pytest.mark.parametrize("scale", [0.6, 0.4, 0.31, 0.1])
def test_crop_inside_the_frame_sees_no_border(scale):
    """However the frame is shrunk first, nothing but frame pixels enters a crop that lies inside it."""
    frame, rng = np.ones((300, 300, 3), np.float32), np.random.default_rng(0)
    for angle in rng.uniform(-3, 3, 20):
        crop = cut(frame, _matrix(scale, angle, rng.uniform(140, 160, 2), int(170 * scale)), int(170 * scale), "zero")
        np.testing.assert_allclose(crop, 1, atol=1e-6)


@pytest.mark.parametrize("scale", [4.0, 1.0, 0.3])
@pytest.mark.parametrize("angle", [0.0, 0.7])
def test_mask_stays_inside_the_box(scale, angle):
    """Within the frame, the box ends with a ring that the mask does not reach, and little more."""
    size = 60
    matrix = _matrix(scale, angle, (160.3, 151.8), size)
    left, top, right, bottom = box = paste_box(matrix, size, 320, 300)
    everywhere = paste(np.ones((size, size, 1), np.float32), matrix, (0, 0, 320, 300), "zero")
    support = np.zeros((300, 320), bool)
    support[top + 1 : bottom - 1, left + 1 : right - 1] = True
    assert not everywhere[~support].any()
    rows, columns = np.nonzero(everywhere[..., 0])
    ring = np.array([columns.min() - left, rows.min() - top, right - columns.max(), bottom - rows.max()])
    assert ring.max() <= 4
    pasted = paste(np.ones((size, size, 1), np.float32), matrix, box, "zero")
    np.testing.assert_allclose(pasted, everywhere[top:bottom, left:right], atol=0.3 if scale > 2 else 1e-4)


def test_box_is_clipped_to_the_frame():
    assert paste_box(_matrix(1, 0, (0, 50), 40), 40, 100, 80)[0] == 0
    left, top, right, bottom = paste_box(_matrix(1, 0, (90, 70), 40), 40, 100, 80)
    assert (right, bottom) == (100, 80) and left > 60 and top > 40
    for center in ((-500, 40), (500, 40), (50, -500), (50, 500)):
        left, top, right, bottom = box = paste_box(_matrix(1, 0, center, 40), 40, 100, 80)
        assert right == left or bottom == top
        assert 0 <= left <= right <= 100 and 0 <= top <= bottom <= 80
        face = paste(np.ones((40, 40, 3), np.float32), _matrix(1, 0, center, 40), box)
        assert face.shape == (bottom - top, right - left, 3)


def test_nan_matrix_has_no_box_and_no_crop():
    broken = np.full((2, 3), np.nan, np.float32)
    assert paste_box(broken, 40, 100, 80) == (0, 0, 0, 0)
    for matrix in (broken, np.array([[1, 2, 0], [2, 4, 0]], np.float32)):
        with pytest.raises(ValueError, match="`matrix` must be finite and have an inverse"):
            cut(np.zeros((80, 100, 3), np.uint8), matrix, 40)


def test_matrix_that_squeezes_costs_no_memory():
    """It keeps areas, and a crop of 64 pixels reaches over 64 million of them."""
    frame = np.full((80, 100, 3), 0.7, np.float32)
    matrix = np.array([[1e-6, 0, 30], [0, 1e6, 30]], np.float32)
    tracemalloc.start()
    crop = cut(frame, matrix, 64)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    np.testing.assert_allclose(crop, 0.7, atol=1e-6)
    assert peak < 1e7


def test_inputs_may_be_read_only_and_views():
    frame = _smooth_frame(90, 70)[:, ::-1]
    frame.setflags(write=False)
    before, matrix = frame.copy(), _matrix(1, 0.2, (45, 35), 32)
    matrix.setflags(write=False)
    crop = cut(frame, matrix, 32)
    np.testing.assert_array_equal(frame, before)
    np.testing.assert_array_equal(crop, cut(before, matrix, 32))


def test_hull_mask_covers_the_polygon():
    points = np.array([[10.2, 8.7], [50.4, 12.1], [55.9, 47.3], [30.0, 58.8], [6.6, 40.5], [30, 30]], np.float32)
    mask = convex_hull_mask(points, 64)
    assert mask.shape == (64, 64, 1) and mask.dtype == np.float32
    fine = 32  # scikit-image fills a 32 times finer grid.
    outline = (points[:5] + 0.5) * fine - 0.5
    rows, columns = polygon(outline[:, 1], outline[:, 0], (64 * fine, 64 * fine))
    canvas = np.zeros((64 * fine, 64 * fine), np.uint8)
    canvas[rows, columns] = 1
    share = canvas.reshape(64, fine, 64, fine).mean(axis=(1, 3))
    np.testing.assert_allclose(mask[..., 0], share, atol=0.05)
    assert abs(mask.sum() / share.sum() - 1) < 1e-3
    np.testing.assert_allclose(_centroid(mask), _centroid(share[..., None]), atol=0.01)
    assert set(np.unique(mask[20:36, 20:40])) == {1} and set(np.unique(mask[:7])) == {0}


def test_hull_may_leave_the_crop():
    mask = convex_hull_mask(np.array([[-500, -500], [700, -500], [700, 31.5], [-500, 31.5]], np.float32), 64)
    assert mask[:31].min() == 1 and mask[33:].max() == 0
