"""Multi-band blending, against closed forms in float64."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from faceswap.lib.multiband import multiband_blend


def _noise(seed: int, low: float = 0.3, high: float = 0.6, shape: tuple[int, int] = (61, 80)) -> np.ndarray:
    return np.random.default_rng(seed).uniform(low, high, (*shape, 3)).astype(np.float32)


def _soft_disc(radius: float = 26) -> np.ndarray:
    y, x = np.mgrid[:61, :80] - np.array([30, 39.5])[:, None, None]
    return np.clip((radius - np.hypot(x, y)) / 4, 0, 1).astype(np.float32)[..., None]


def _ramp(mask: np.ndarray, fade: float) -> np.ndarray:
    support = mask[..., 0] > 0
    share = np.minimum(distance_transform_edt(support) / (fade * np.sqrt(support.sum())), 1)
    return (share**2 * (3 - 2 * share))[..., None]


def test_feature_offset_of_color_fades_in_over_the_widest_way():
    frame, mask = _noise(1), _soft_disc()
    expected = frame + 0.3 * mask * _ramp(mask, 0.2)
    np.testing.assert_allclose(multiband_blend(frame, frame + np.float32(0.3), mask, 4, 0.2), expected, atol=2e-5)


def test_feature_finest_detail_changes_over_at_the_edge():
    """A checkerboard has no broad part: it fades in over the finest band's way, here less than a pixel."""
    frame, mask = np.full((61, 80, 3), 0.5, np.float32), _soft_disc()
    board = 0.1 * (1 - 2 * (np.indices((61, 80)).sum(axis=0) % 2))[..., None]
    blended = multiband_blend(frame, (frame + board).astype(np.float32), mask, 4, 0.2)
    inside = distance_transform_edt(mask[..., 0] > 0) > 6
    np.testing.assert_allclose(blended[inside], (frame + mask * board)[inside], atol=0.006)
    faded = multiband_blend(frame, frame + np.float32(0.1), mask, 4, 0.2)
    ring = (distance_transform_edt(mask[..., 0] > 0) < 7) & inside
    assert np.abs(faded - frame)[ring].mean() < 0.9 * np.abs(blended - frame)[ring].mean()


def test_feature_face_arrives_whole_deep_inside():
    frame, face, mask = _noise(2), _noise(3, 0.2, 0.8), _soft_disc()
    deep = distance_transform_edt(mask[..., 0] > 0) > 0.1 * np.sqrt((mask > 0).sum()) + 1
    np.testing.assert_allclose(multiband_blend(frame, face, mask, 5, 0.1)[deep], face[deep], atol=1e-6)


def test_feature_no_fade_is_plain_opacity():
    frame, face, mask = _noise(4), _noise(5), _soft_disc()
    expected = frame + mask.astype(np.float64) * (face - frame)
    np.testing.assert_allclose(multiband_blend(frame, face, mask, 5, 0), expected, atol=1e-6)


def test_feature_what_lies_outside_the_mask_is_not_read():
    frame, face, mask = _noise(6), _noise(7), _soft_disc()
    other = np.where(mask > 0, face, 1).astype(np.float32)
    np.testing.assert_array_equal(multiband_blend(frame, face, mask), multiband_blend(frame, other, mask))


def test_feature_frame_onto_itself_and_outside_the_mask_stays_bit_for_bit():
    frame, face, mask = _noise(8, 0, 1), _noise(9, 0, 1), _soft_disc()
    np.testing.assert_array_equal(multiband_blend(frame, frame, mask), frame)
    np.testing.assert_array_equal(multiband_blend(frame, face, np.zeros_like(mask)), frame)
    outside = mask[..., 0] == 0
    np.testing.assert_array_equal(multiband_blend(frame, face, mask)[outside], frame[outside])


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (3, 2), (33, 5)])
@pytest.mark.filterwarnings("error")
def test_feature_tiny_boxes_without_a_boundary_take_the_face(shape):
    frame, face = _noise(10, shape=shape), _noise(11, shape=shape)
    blended = multiband_blend(frame, face, np.ones((*shape, 1), np.float32), 10)
    np.testing.assert_allclose(blended, face, atol=1e-6)
