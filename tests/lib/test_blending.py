"""Blending, against dense and sparse solutions of the equation written pixel by pixel, and by closed forms."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest
import skimage.data
from scipy.sparse import csc_matrix
from scipy.sparse.linalg import spsolve
from skimage.registration import phase_cross_correlation

from faceswap.lib.blending import alpha_blend, poisson_blend


def _texture(seed: int, height: int, width: int, low: float = 0.3, high: float = 0.7) -> np.ndarray:
    """Smooth colorful noise within a range, float32 `[height width 3]`."""
    noise = np.random.default_rng(seed).normal(size=(height, width, 3))
    smooth = cv2.GaussianBlur(noise, (0, 0), 2)
    return (low + (high - low) * (smooth - smooth.min()) / np.ptp(smooth)).astype(np.float32)


def _ellipse(height: int, width: int, x: float = 0, y: float = 0, radius: float = 0.7) -> np.ndarray:
    """A hard mask `[height width 1]`; the place and radius in shares of the box, which reaches from -1 to 1."""
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    return (np.hypot(columns - x, rows - y) < radius).astype(np.float32)[..., None]


MASKS = {
    "inside": _ellipse(14, 18),
    "at the left edge": _ellipse(14, 18, x=-0.9),
    "in a corner": _ellipse(14, 18, x=0.8, y=0.9),
    "over three edges": _ellipse(14, 18, x=-1, radius=1.8),
    "two parts": np.maximum(_ellipse(14, 18, x=-0.6, radius=0.3), _ellipse(14, 18, x=0.6, radius=0.3)),
    "one pixel": np.eye(1, 14 * 18, 100, dtype=np.float32).reshape(14, 18, 1),
    "all but one": 1 - np.eye(1, 14 * 18, 100, dtype=np.float32).reshape(14, 18, 1),
}


def _equation(frame: np.ndarray, face: np.ndarray, mask: np.ndarray, mixed: bool) -> tuple[csc_matrix, np.ndarray]:
    """Writes Eq. 7 of Perez et al. down, pixel by pixel: |N_p| f_p - sum f_q = sum f*_q + sum v_pq."""
    frame, face, inside = frame.astype(np.float64), face.astype(np.float64), mask[..., 0] > 0
    height, width = inside.shape
    number = np.full(inside.shape, -1)
    number[inside] = np.arange(inside.sum())
    entries, right = [], np.zeros((inside.sum(), frame.shape[2]))
    for y, x in np.argwhere(inside):
        p = number[y, x]
        for near in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            if not (0 <= near[0] < height and 0 <= near[1] < width):
                continue
            guide, own = face[y, x] - face[near], frame[y, x] - frame[near]
            right[p] += np.where(np.abs(own) > np.abs(guide), own, guide) if mixed else guide
            entries.append((1.0, p, p))
            if inside[near]:
                entries.append((-1.0, p, number[near]))
            else:
                right[p] += frame[near]
    values, rows, columns = zip(*entries, strict=True)
    return csc_matrix((values, (rows, columns)), shape=(len(right),) * 2), right


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS.keys())
def test_poisson_agrees_with_a_dense_solution(mask, mixed):
    frame, face = _texture(0, 14, 18), _texture(1, 14, 18, 0.45, 0.55)
    matrix, right = _equation(frame, face, mask, mixed)
    expected = frame.astype(np.float64)
    expected[mask[..., 0] > 0] = np.linalg.solve(matrix.toarray(), right)
    assert 0 < expected.min() and expected.max() < 1  # noqa: SIM300
    np.testing.assert_allclose(poisson_blend(frame, face, mask, mixed), expected, atol=1e-4)


def _with_a_hand(size: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """A frame without and with a hand that reaches over the face from the left; the face, the mask and the hand."""
    scene, face = _texture(20, size, size, 0.45, 0.55), _texture(21, size, size, 0.5, 0.6)
    hand = np.zeros((size, size), bool)
    hand[size // 2 - 4 : size // 2 + 4, : size // 2] = True
    frame = np.where(hand[..., None], np.float32([0.02, 0.95, 0.1]), scene)
    mask = _ellipse(size, size, radius=0.8) * (1 - hand[..., None].astype(np.float32))
    return scene, frame, face, mask, hand


@pytest.mark.parametrize("mixed", [False, True])
def test_poisson_without_a_hand_agrees_with_a_sparse_solution(mixed):
    """A hand takes part like the face, as if it showed the frame both times, and the face had no gradient to it."""
    _, frame, face, mask, hand = _with_a_hand()
    rows, columns = np.flatnonzero(mask.any(axis=(1, 2))), np.flatnonzero(mask.any(axis=(0, 2)))
    box = np.s_[rows[0] - 1 : rows[-1] + 2, columns[0] - 1 : columns[-1] + 2]
    hidden = hand[box]
    whole = np.maximum(mask[box], hidden[..., None].astype(np.float32))
    matrix, right = _equation(frame[box], face[box], whole, mixed)
    _, without_face = _equation(frame[box], frame[box], whole, mixed)
    places = np.argwhere(whole[..., 0] > 0)
    change = right - without_face
    change[hidden[tuple(places.T)]] = 0
    for place, (y, x) in enumerate(places):
        for near in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
            if not hidden[y, x] and 0 <= near[0] < len(hidden) and 0 <= near[1] < len(hidden[0]) and hidden[near]:
                guide, own = (picture[box][y, x].astype(np.float64) - picture[box][near] for picture in (face, frame))
                change[place] -= np.where(np.abs(own) > np.abs(guide), own, guide) - own if mixed else guide - own
    expected = frame[box].astype(np.float64)
    expected[tuple(places.T)] += spsolve(matrix, change)
    blended, seen = poisson_blend(frame, face, mask, mixed, tolerance=0.15)[box], mask[box][..., 0] > 0
    np.testing.assert_allclose(blended[seen], expected[seen], atol=1e-4)
    np.testing.assert_array_equal(blended[~seen], frame[box][~seen])


def test_a_hand_does_not_bleed_into_the_face():
    scene, frame, face, mask, _ = _with_a_hand()
    inside = mask[..., 0] > 0
    wanted = poisson_blend(scene, face, _ellipse(60, 60, radius=0.8))[inside]
    bled, kept = (poisson_blend(frame, face, mask, tolerance=bound)[inside] for bound in (None, 0.15))
    assert np.abs(bled - wanted).mean() > 0.1
    assert np.abs(kept - wanted).mean() < 0.01 and np.abs(kept - wanted).max() < 0.06


def test_a_color_at_the_edge_is_followed_less_and_less_without_a_jump():
    scene, _, face, mask, hand = _with_a_hand(40)
    blended = []
    for strength in np.linspace(0, 0.6, 61, dtype=np.float32):
        frame = np.where(hand[..., None], scene + strength * np.float32([-1, 0.5, -1]), scene).clip(0, 1)
        blended.append(poisson_blend(frame, face, mask, tolerance=0.15)[mask[..., 0] > 0])
    steps = [np.abs(after - before).max() for before, after in pairwise(blended)]
    largest = np.abs(np.array(blended) - blended[0]).max()
    assert max(steps) < 0.25 * largest
    assert np.abs(blended[-1] - blended[0]).max() < 0.06 < largest


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS.keys())
def test_whatever_lies_around_there_is_a_solution(mask):
    draw = np.random.default_rng(22)
    frame, face = draw.integers(0, 2, (2, 14, 18, 3)).astype(np.float32)
    blended = poisson_blend(frame, face, mask, tolerance=0.01)
    assert np.isfinite(blended).all() and blended.min() >= 0 and blended.max() <= 1
    np.testing.assert_allclose(poisson_blend(frame, frame, mask, tolerance=0.01), frame, atol=1e-6)


@pytest.mark.parametrize(("x", "mixed"), [(0, False), (0, True), (-0.6, False)])
def test_poisson_of_a_large_face_agrees_with_a_sparse_solution(x, mixed):
    frame, face, mask = _texture(2, 131, 118), _texture(3, 131, 118, 0.45, 0.55), _ellipse(131, 118, x)
    expected = frame.astype(np.float64)
    expected[mask[..., 0] > 0] = spsolve(*_equation(frame, face, mask, mixed))
    np.testing.assert_allclose(poisson_blend(frame, face, mask, mixed), expected.clip(0, 1), atol=1e-4)


def test_constant_face_becomes_the_surface_over_its_boundary():
    """Without gradients of its own the blend is harmonic: over the rim of a ramp that is the ramp."""
    columns = np.linspace(0.1, 0.9, 60, dtype=np.float32)
    ramp = np.repeat(np.repeat(columns[None, :, None], 50, axis=0), 3, axis=2)
    mask = _ellipse(50, 60)
    frame = np.where(mask > 0, np.float32(0), ramp)
    np.testing.assert_allclose(poisson_blend(frame, np.full_like(frame, 0.7), mask), ramp, atol=2e-4)


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS.keys())
def test_cloning_onto_itself_changes_nothing(mask, mixed):
    frame = _texture(4, 14, 18, 0, 1)
    np.testing.assert_allclose(poisson_blend(frame, frame.copy(), mask, mixed), frame, atol=1e-6)


def test_constant_offset_of_the_face_vanishes():
    frame, mask = _texture(5, 90, 80), _ellipse(90, 80)
    np.testing.assert_allclose(poisson_blend(frame, frame + np.float32(0.2), mask), frame, atol=2e-4)


def test_nothing_moves_over_a_hundred_frames():
    """A still face, under a mask and a box that change in each frame, stays where it is."""
    scene = skimage.data.astronaut()[40:200, 150:310].astype(np.float32) / 255
    frame = np.clip(scene * np.float32(0.8) + np.float32(0.1), 0, 1)
    rng = np.random.default_rng(6)
    core = np.s_[60:110, 55:105, 1]  # Inside every mask; one channel tells.
    for _ in range(100):
        left, top = rng.integers(0, 25, 2)
        right, bottom = rng.integers(135, 161, 2)
        box = np.s_[top:bottom, left:right]
        wobble = _ellipse(160, 160, *rng.uniform(-0.05, 0.05, 2), radius=rng.uniform(0.5, 0.65))
        blended = frame.copy()
        blended[box] = poisson_blend(frame[box], scene[box], wobble[box])
        shift, _, _ = phase_cross_correlation(scene[core], blended[core], upsample_factor=20)
        assert np.abs(shift[:2]).max() < 0.1
        np.testing.assert_array_equal(blended[wobble[..., 0] == 0], frame[wobble[..., 0] == 0])


@pytest.mark.parametrize("blend", [alpha_blend, poisson_blend])
def test_mask_0_returns_the_box_bit_for_bit(blend):
    frame, face = _texture(7, 30, 40, 0, 1), _texture(8, 30, 40, 0, 1)
    soft = cv2.GaussianBlur(_ellipse(30, 40, radius=0.5), (0, 0), 2)[..., None]
    soft[soft < 0.02] = 0
    for mask in (np.zeros((30, 40, 1), np.float32), soft):
        blended = blend(frame, face, mask)
        outside = mask[..., 0] == 0
        assert blended.dtype == np.float32
        np.testing.assert_array_equal(blended[outside], frame[outside])
        assert (blended[~outside] != frame[~outside]).all()


@pytest.mark.parametrize("blend", [alpha_blend, poisson_blend])
def test_output_is_in_range_and_inputs_unchanged(blend):
    rng = np.random.default_rng(9)
    frame, face = rng.integers(0, 2, (2, 40, 30, 3)).astype(np.float32)
    mask = _ellipse(40, 30)
    arrays = frame, face, mask
    copies = [array.copy() for array in arrays]
    for array in arrays:
        array.setflags(write=False)
    blended = blend(*arrays)
    assert blended.min() >= 0 and blended.max() <= 1
    for array, copy in zip(arrays, copies, strict=True):
        np.testing.assert_array_equal(array, copy)
    assert not np.shares_memory(poisson_blend(frame, face, np.zeros_like(mask)), frame)


def test_soft_mask_fades_the_solution_of_its_support():
    frame, face = _texture(10, 60, 60), _texture(11, 60, 60, 0.45, 0.55)
    hard = _ellipse(60, 60)
    soft = hard * np.random.default_rng(12).uniform(0.1, 1, hard.shape).astype(np.float32)
    solution = poisson_blend(frame, face, hard)
    np.testing.assert_allclose(poisson_blend(frame, face, soft), alpha_blend(frame, solution, soft), atol=1e-6)


@pytest.mark.parametrize("shape", [(40, 30), (3, 3), (1, 5)])
def test_mask_without_a_boundary_takes_the_mean(shape):
    frame, face = _texture(13, *shape), _texture(14, *shape, 0.45, 0.55)
    blended = poisson_blend(frame, face, np.ones((*shape, 1), np.float32))
    np.testing.assert_allclose(blended.mean(axis=(0, 1)), frame.mean(axis=(0, 1)), atol=1e-5)
    for axis in (0, 1):
        np.testing.assert_allclose(np.diff(blended, axis=axis), np.diff(face, axis=axis), atol=1e-6)


@pytest.mark.parametrize("blend", [alpha_blend, poisson_blend])
def test_empty_box_stays_empty(blend):
    empty = np.zeros((0, 7, 3), np.float32)
    assert blend(empty, empty, np.zeros((0, 7, 1), np.float32)).shape == (0, 7, 3)


def test_alpha_mixes_in_proportion():
    frame, face = _texture(15, 4, 500, 0, 1), _texture(16, 4, 500, 0, 1)
    mask = np.repeat(np.array([0, 0.25, 0.5, 1], np.float32)[:, None, None], 500, axis=1)
    blended = alpha_blend(frame, face, mask)
    np.testing.assert_array_equal(blended[0], frame[0])
    np.testing.assert_array_equal(blended[3], face[3])
    np.testing.assert_allclose(blended[1], 0.75 * frame[1] + 0.25 * face[1], atol=1e-6)
