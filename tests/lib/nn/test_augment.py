from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage.transform import SimilarityTransform

pytest.importorskip("keras")

import keras

from faceswap.lib.nn.augment import Augmentation, augment, random_affine
from faceswap.lib.nn.grid_warp import similarity
from faceswap.lib.nn.keys import RandomKey
from faceswap.lib.nn.sampling import bilinear

STILL = {"rotation": 0.0, "zoom": 0.0, "shift": 0.0, "flip": 0.0, "noise": 0.0}


def _key(*numbers: int) -> RandomKey:
    return RandomKey(np.array(numbers or (3, 5), np.int32))


def _faces(count: int, side: int) -> np.ndarray:
    """Smooth pictures, so that interpolation errors stay small."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (count, 6, 6, 3)).astype(np.uint8)
    return np.stack([cv2.resize(face, (side, side), interpolation=cv2.INTER_CUBIC) for face in coarse])


def _masks(count: int, side: int) -> np.ndarray:
    mask = np.zeros((side, side, 1), np.uint8)
    mask[side // 3 : -side // 3, side // 4 : -side // 4] = 255
    return np.repeat(mask[None], count, axis=0)


def test_feature_bilinear_equals_remap() -> None:
    rng = np.random.default_rng(1)
    pictures = rng.integers(0, 256, (3, 31, 40, 3)).astype(np.uint8)
    x = rng.uniform(-9, 49, (3, 16, 17)).astype(np.float32)
    y = rng.uniform(-9, 40, (3, 16, 17)).astype(np.float32)

    sampled = np.asarray(bilinear(pictures, x, y))

    for picture, columns, rows, got in zip(pictures, x, y, sampled, strict=True):
        expected = cv2.remap(
            picture.astype(np.float32), columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        # OpenCV rounds positions to 1/32 pixel, which is up to 1/64 of the step between neighbors on each axis.
        assert np.abs(got - expected).max() <= 2 * 255 / 64
        assert np.abs(got - expected).mean() < 1.5


def test_feature_bilinear_is_exact_between_pixels() -> None:
    picture = np.arange(12, dtype=np.float32).reshape(1, 3, 4, 1)
    x, y = np.array([[[0.25, 2.5, 99.0]]], np.float32), np.array([[[1.5, 0.0, -7.0]]], np.float32)
    assert np.asarray(bilinear(picture, x, y)).ravel() == pytest.approx([6.25, 2.5, 3.0])


def test_feature_similarity_equals_scikit_image() -> None:
    rng = np.random.default_rng(2)
    sources = rng.normal(0, 30, (4, 5, 5, 2)).astype(np.float32)
    goals = rng.normal(0, 30, (5, 5, 2)).astype(np.float32)
    goals[..., 0] += sources[0, ..., 0]  # So that the fit is more than noise.

    turn, start, end = similarity(
        (sources[..., 0], sources[..., 1]), (goals[..., 0], goals[..., 1]), np.ones((4, 5, 5), np.float32)
    )

    for index, points in enumerate(sources.reshape(4, 25, 2)):
        fit = SimilarityTransform.from_estimate(points, goals.reshape(25, 2))
        factor = complex(*(float(np.ravel(part)[index]) for part in turn))
        center = complex(*(float(np.ravel(part)[index]) for part in start))
        goal = complex(*(float(np.ravel(part)[0]) for part in end))
        mapped = factor * (points @ np.array([1, 1j]) - center) + goal
        assert mapped == pytest.approx(fit(points) @ np.array([1, 1j]), abs=1e-3)


@pytest.mark.parametrize(("size", "side"), [(64, 256), (128, 256), (64, 128)])
def test_feature_without_variation_input_and_goal_are_the_plain_crop(size: int, side: int) -> None:
    faces, masks = _faces(2, side), _masks(2, side)
    inputs, goals, goal_masks = augment(faces, masks, _key(), Augmentation(size, **STILL))

    # The crop by the contract's rule for coverage: resizing by s maps x to s(x + 0.5) - 0.5.
    scale = size / (side * 160 / 256)
    matrix = np.array([[scale, 0, 0], [0, scale, 0]])
    matrix[:, 2] = (size - 1) / 2 - scale * (side - 1) / 2
    crops = np.stack([cv2.warpAffine(face.astype(np.float32), matrix, (size, size)) for face in faces]) / 255
    assert np.asarray(inputs) == pytest.approx(np.asarray(goals), abs=1e-4)
    assert np.asarray(goals) == pytest.approx(crops, abs=0.01)
    assert goal_masks.shape == (2, size, size, 1)
    assert float(np.max(goal_masks)) == 1.0 and float(np.min(goal_masks)) == 0.0


def test_feature_goal_is_the_similarity_of_the_noisy_grid() -> None:
    """Repeats the recipe with numpy and OpenCV from the same noise."""
    side, size = 256, 64
    settings = Augmentation(size, **{**STILL, "noise": 5 / 40})
    faces = _faces(3, side)
    inputs, goals, _ = augment(faces, _masks(3, side), _key(8, 9), settings)

    key = _key(8, 9)
    keras.random.uniform((3, 5), seed=key)  # The affine map's draw comes first.
    noise = 5 * np.asarray(keras.random.normal((3, 2, 5, 5), seed=key), np.float64)
    line = 127.5 + np.linspace(-80, 80, 5)
    for index, face in enumerate(faces):
        grid = np.stack(np.meshgrid(line, line), axis=-1) + np.moveaxis(noise[index], 0, -1)
        enlarged = cv2.resize(grid.astype(np.float32), (80, 80))[8:72, 8:72]
        pixels = face.astype(np.float32)
        warped = cv2.remap(pixels, enlarged[..., 0], enlarged[..., 1], cv2.INTER_LINEAR)
        regular = np.stack(np.meshgrid(np.arange(5), np.arange(5)), axis=-1).reshape(25, 2) * 16 - 0.5
        fit = SimilarityTransform.from_estimate(grid.reshape(25, 2), regular)
        goal = cv2.warpAffine(pixels, fit.params[:2], (size, size), borderMode=cv2.BORDER_REPLICATE)
        assert np.asarray(inputs)[index] * 255 == pytest.approx(warped, abs=1.5)
        assert np.asarray(goals)[index] * 255 == pytest.approx(goal, abs=1.5)


def test_feature_affine_stays_in_its_bounds_and_reaches_them() -> None:
    count, side = 500, 256
    settings = Augmentation(64)
    to_stored = random_affine(count, side, _key(), settings)
    x = np.tile(np.array([0.0, 100.0, 0.0], np.float32), (count, 1))
    y = np.tile(np.array([0.0, 0.0, 100.0], np.float32), (count, 1))
    u, v = (np.asarray(part) for part in to_stored((x, y)))

    across = (u[:, 1] - u[:, 0]) + 1j * (v[:, 1] - v[:, 0])
    down = (u[:, 2] - u[:, 0]) + 1j * (v[:, 2] - v[:, 0])
    mirrored = (across.conj() * down).imag < 0
    assert 0.4 < mirrored.mean() < 0.6
    angle = np.degrees(np.angle(np.where(mirrored, -across, across)))
    zoom = 100 / np.abs(across)
    offset = np.abs(u[:, 0] + 1j * v[:, 0]) * zoom
    assert 9.5 < np.abs(angle).max() <= 10.0001 and abs(angle.mean()) < 1
    assert 0.95 <= zoom.min() < 0.953 and 1.047 < zoom.max() <= 1.0501
    assert 0.045 * side < offset.max() <= 0.05 * side * np.sqrt(2)


def test_feature_draws_depend_on_the_key_alone() -> None:
    faces, masks = _faces(4, 64), _masks(4, 64)
    settings = Augmentation(32)
    first, again, other = (
        np.asarray(augment(faces, masks, _key(*numbers), settings)[0]) for numbers in ((1, 2), (1, 2), (1, 3))
    )
    assert (first == again).all()
    assert np.abs(first - other).mean() > 0.01


def test_feature_a_keys_draws_differ() -> None:
    key = _key()
    draws = [np.asarray(keras.random.normal((8,), seed=key)) for _ in range(3)]
    assert not np.allclose(draws[0], draws[1]) and not np.allclose(draws[1], draws[2])
    again = _key()
    assert (np.asarray(keras.random.normal((8,), seed=again)) == draws[0]).all()


def test_feature_flip_mirrors_input_goal_and_mask_together() -> None:
    faces, masks = _faces(2, 64), _masks(2, 64)
    masks[:, :, :20] = 0  # No longer symmetric.
    plain = augment(faces, masks, _key(), Augmentation(32, **STILL))
    flipped = augment(faces, masks, _key(), Augmentation(32, **{**STILL, "flip": 1.0}))
    for before, after in zip(plain, flipped, strict=True):
        assert np.asarray(after) == pytest.approx(np.asarray(before)[:, :, ::-1], abs=2e-3)
