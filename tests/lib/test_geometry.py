"""Alignment and crops, against scikit-image and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.transform import SimilarityTransform

from faceswap.lib.geometry import (
    FACE_TYPES,
    compose,
    crop_matrix,
    invert,
    mean_face_landmarks,
    recut,
    resize_matrix,
    scale_of,
    transform_points,
    umeyama,
    unit_matrix,
)
from faceswap.lib.landmarks import SCHEMES, reduce_landmarks


def _similarity(rng: np.random.Generator) -> np.ndarray:
    """A random similarity from frame-like coordinates, as a `[2 3]` matrix."""
    transform = SimilarityTransform(
        scale=rng.uniform(0.2, 5), rotation=rng.uniform(-3, 3), translation=rng.uniform(-900, 900, 2)
    )
    return transform.params[:2]


def _place_faces(count: int, scheme: str, seed: int = 0) -> np.ndarray:
    """Frame landmarks of turned mean faces of 20 to 500 pixels, float32 `[count points 2]`."""
    rng = np.random.default_rng(seed)
    template = SCHEMES[scheme].template
    placed = [template @ m[:, :2].T * 100 + m[:, 2] for m in (_similarity(rng) for _ in range(count))]
    return np.array(placed, np.float32)


@pytest.mark.parametrize("points", [2, 3, 5, 51])
@pytest.mark.parametrize("noise", [0.0, 0.3, 30.0])
@pytest.mark.parametrize("reflected", [False, True])
def test_umeyama_agrees_with_skimage(points, noise, reflected):
    rng = np.random.default_rng(points)
    for _ in range(20):
        start = rng.normal(size=(points, 2)) * 10 + rng.normal(size=2) * 100
        goal = (start * [-1, 1] if reflected else start) @ _similarity(rng)[:, :2].T + rng.normal(size=2)
        goal = goal + rng.normal(size=goal.shape) * noise
        expected = SimilarityTransform.from_estimate(start, goal).params[:2]
        np.testing.assert_allclose(umeyama(start, goal), expected, rtol=1e-7, atol=1e-7)


def test_umeyama_never_reflects():
    rng = np.random.default_rng(1)
    start = rng.normal(size=(9, 2))
    assert np.linalg.det(umeyama(start, start * [-1, 1])[:, :2]) > 0


def test_umeyama_of_many_equals_one_by_one():
    rng = np.random.default_rng(2)
    start, goal = rng.normal(size=(2, 4, 3, 7, 2))
    batch = umeyama(start, goal)
    assert batch.shape == (4, 3, 2, 3)
    np.testing.assert_array_equal(batch[2, 1], umeyama(start[2, 1], goal[2, 1]))
    np.testing.assert_array_equal(umeyama(start, goal[0, 0])[2, 1], umeyama(start[2, 1], goal[0, 0]))


def test_umeyama_is_nan_where_points_are_one_place():
    rng = np.random.default_rng(3)
    points, place = rng.normal(size=(5, 2)), np.full((5, 2), 123.456)
    assert (place - place.mean(axis=0)).any()  # A mean that is off by a rounding error must not count as spread.
    cross = np.array([[1.0, 0], [0, 1], [-1, 0], [0, -1]])
    assert np.isnan(umeyama(place, points)).all()
    assert np.isnan(umeyama(points, place)).all()
    assert np.isnan(umeyama(place, place)).all()
    assert np.isnan(umeyama(np.zeros((5, 2)), points)).all()
    assert np.isnan(umeyama(cross, cross * [1, -1])).all()  # Every rotation is as wrong as any other.
    mixed = umeyama(np.stack([place, points]), np.stack([points, points]))
    assert np.isnan(mixed[0]).all()
    np.testing.assert_allclose(mixed[1], [[1, 0, 0], [0, 1, 0]], atol=1e-12)


def test_umeyama_keeps_float32():
    points = np.random.default_rng(4).normal(size=(5, 2)).astype(np.float32)
    assert umeyama(points, points).dtype == np.float32


def test_matrices_compose_and_invert():
    rng = np.random.default_rng(5)
    first, then = _similarity(rng), _similarity(rng)
    points = rng.normal(size=(6, 2))
    in_two_steps = SimilarityTransform(np.vstack([then, [0, 0, 1]]))(
        SimilarityTransform(np.vstack([first, [0, 0, 1]]))(points)
    )
    np.testing.assert_allclose(transform_points(compose(first, then), points), in_two_steps, atol=1e-9)
    np.testing.assert_allclose(compose(first, invert(first)), np.eye(3)[:2], atol=1e-9)
    assert scale_of(compose(first, then)) == pytest.approx(scale_of(first) * scale_of(then))
    pair = np.stack([first, then])
    np.testing.assert_array_equal(transform_points(pair, points[None])[1], transform_points(then, points))
    np.testing.assert_allclose(compose(pair, invert(pair))[1], np.eye(3)[:2], atol=1e-9)


def test_resize_matrix_keeps_edges():
    """The outer edge of the first and of the last pixel stay edges: centers are half a pixel inside."""
    edges = np.array([[-0.5, -0.5], [99.5, 99.5]])
    np.testing.assert_allclose(transform_points(resize_matrix(100, 25), edges), [[-0.5, -0.5], [24.5, 24.5]])


def test_crop_side_by_hand():
    """Padding runs along the diagonal, so each corner moves out by sqrt(2) * padding on x and y."""
    sides = {"half": 1.0, "mid-full": 1.190919, "full": 1.596621, "whole": 2.131371, "head": 2.979899}
    assert {name: kind.side for name, kind in FACE_TYPES.items()} == pytest.approx(sides, abs=1e-6)
    assert [kind.up for kind in FACE_TYPES.values()] == [0, 0, 0, 0.07, 0.5]


@pytest.mark.parametrize("face_type", FACE_TYPES)
def test_unit_box_lies_where_padding_puts_it(face_type):
    size, kind = 200, FACE_TYPES[face_type]
    corner = transform_points(unit_matrix(face_type, size), np.array([[0.0, 0.0], [1.0, 1.0]]))
    edges = (corner + 0.5) / size * kind.side  # In units of the box, from the crop's left and top edge.
    margin = (kind.side - 1) / 2
    np.testing.assert_allclose(edges[:, 0], [margin, 1 + margin], atol=1e-9)
    np.testing.assert_allclose(edges[:, 1], [margin + kind.up, 1 + margin + kind.up], atol=1e-9)


def test_narrower_crops_lie_in_the_head_crop():
    head = np.array([[-0.5, -0.5], [511.5, 511.5]])
    for name, slack in {"half": 0, "mid-full": 0, "full": 0, "whole": 0.002 * 512}.items():
        wider = recut(unit_matrix(name, 100), unit_matrix("head", 512))
        corners = transform_points(wider, np.array([[-0.5, -0.5], [99.5, 99.5]]))
        assert (corners[0] >= head[0]).all() and (corners[1] <= head[1] + slack).all(), name


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("face_type", ["half", "whole", "head"])
def test_crop_matrix_puts_the_face_on_the_mean_face(scheme, face_type):
    frame_landmarks = _place_faces(8, scheme)
    matrices = crop_matrix(frame_landmarks, scheme, face_type, 256)
    assert matrices.dtype == np.float32 and matrices.shape == (8, 2, 3)
    crop_landmarks = transform_points(matrices, frame_landmarks)
    expected = mean_face_landmarks(scheme, face_type, 256)
    np.testing.assert_allclose(crop_landmarks, np.tile(expected, (8, 1, 1)), atol=0.02)


def test_schemes_give_one_crop():
    frame_landmarks = _place_faces(4, "ibug68", seed=6)
    expected = crop_matrix(frame_landmarks, "ibug68", "full", 256)
    for scheme in ("dlib5", "five"):
        matrices = crop_matrix(reduce_landmarks(frame_landmarks, scheme), scheme, "full", 256)
        np.testing.assert_allclose(matrices, expected, rtol=1e-4, atol=0.05)


def test_jaw_does_not_move_the_crop():
    frame_landmarks = _place_faces(1, "ibug68")[0]
    other_jaw = frame_landmarks.copy()
    other_jaw[:17] += 50
    first, second = (crop_matrix(marks, "ibug68", "full", 64) for marks in (frame_landmarks, other_jaw))
    np.testing.assert_array_equal(first, second)


def test_coverage_shows_the_middle():
    whole, half = unit_matrix("full", 100), unit_matrix("full", 100, coverage=0.5)
    middle_half = np.array([[24.5, 24.5], [74.5, 74.5]])  # Centers on the edges of the middle half.
    np.testing.assert_allclose(
        transform_points(recut(whole, half), middle_half), [[-0.5, -0.5], [99.5, 99.5]], atol=1e-9
    )


def test_recut_goes_by_way_of_the_frame():
    frame_landmarks = _place_faces(3, "ibug68")
    stored = crop_matrix(frame_landmarks, "ibug68", "head", 512)
    wanted = crop_matrix(frame_landmarks, "ibug68", "half", 64)
    between = transform_points(recut(stored, wanted), transform_points(stored, frame_landmarks))
    np.testing.assert_allclose(between, transform_points(wanted, frame_landmarks), atol=0.01)


def test_crop_matrix_is_nan_without_a_face():
    assert np.isnan(crop_matrix(np.full((5, 2), 7, np.float32), "five", "full", 64)).all()
    assert crop_matrix(np.zeros((0, 5, 2), np.float32), "five", "full", 64).shape == (0, 2, 3)


def test_wrong_arguments_error():
    with pytest.raises(ValueError, match=r"`dlib5` landmarks must be \[... 5 2\]. Received: \[68, 2\]"):
        crop_matrix(np.zeros((68, 2), np.float32), "dlib5", "full", 64)
    with pytest.raises(ValueError, match=r"`face_type` must be one of half, .*head. Received: 'bust'"):
        unit_matrix("bust", 64)
