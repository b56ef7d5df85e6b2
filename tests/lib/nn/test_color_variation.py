from __future__ import annotations

import numpy as np
import pytest
from skimage.color import lab2rgb, rgb2lab

pytest.importorskip("keras")

import keras

from faceswap.lib.nn.augment import Augmentation, augment
from faceswap.lib.nn.color_variation import CAST, CHROMA, LIGHTNESS, to_lab, to_rgb, vary_colors
from faceswap.lib.nn.keys import RandomKey


def _key() -> RandomKey:
    return RandomKey(np.array([1, 9], np.int32))


def _faces(count: int = 4, size: int = 16) -> np.ndarray:
    """Noise of moderate colors, each face of another mean, so that no change is cut off."""
    rng = np.random.default_rng(3)
    means = rng.uniform(0.4, 0.6, (count, 1, 1, 3))
    return (means + rng.uniform(-0.12, 0.12, (count, size, size, 3))).astype(np.float32)


def _masks(faces: np.ndarray) -> np.ndarray:
    masks = np.zeros((*faces.shape[:3], 1), np.float32)
    masks[:, 3:-3, 4:-4] = 1
    return masks


def test_feature_lab_equals_scikit_image() -> None:
    colors = np.stack(np.meshgrid(*[np.linspace(0, 1, 18)] * 3), axis=-1).reshape(1, 18, 324, 3)
    lab = rgb2lab(colors)
    # scikit-image takes the rounded white of the standard, ours is the white of its matrix.
    assert np.asarray(to_lab(colors.astype(np.float32))) == pytest.approx(lab, abs=0.02)
    assert np.asarray(to_rgb(lab.astype(np.float32))) == pytest.approx(colors, abs=2e-3)


def test_feature_a_match_gives_a_face_the_statistics_of_the_one_before() -> None:
    faces = _faces()
    masks = _masks(faces)
    inputs, goals = (np.asarray(part) for part in vary_colors(faces, faces, masks, _key(), match=1.0, jitter=0.0))

    inside = masks[0, ..., 0] == 1
    lab = rgb2lab(faces.astype(np.float64))
    for number in range(len(faces)):
        own, other = lab[number][inside], lab[number - 1][inside]
        matched = (lab[number] - own.mean(0)) * other.std(0) / own.std(0) + other.mean(0)
        # What lies outside the mask counts a thousandth.
        assert goals[number] == pytest.approx(lab2rgb(matched), abs=4e-3)
    assert np.abs(goals - faces).mean() > 0.01
    assert (inputs == goals).all()


def test_feature_jitter_equals_the_same_in_float64() -> None:
    faces, strength = _faces(), 1.5
    _, goals = vary_colors(faces, faces, _masks(faces), _key(), match=0.0, jitter=strength)

    draws = np.asarray(keras.random.uniform((4, 5), -1.0, 1.0, seed=_key()), np.float64)[:, 1:, None, None]
    lab = rgb2lab(faces.astype(np.float64))
    lightness, chroma, a, b = (draws[:, place] for place in range(4))
    lab[..., 0] *= 1 + strength * LIGHTNESS * lightness
    lab[..., 1:] *= (1 + strength * CHROMA * chroma)[..., None]
    lab[..., 1:] += strength * CAST * np.stack([a, b], axis=-1)
    assert np.asarray(goals) == pytest.approx(lab2rgb(lab), abs=2e-3)
    assert np.abs(np.asarray(goals) - faces).mean() > 0.01


def test_feature_input_and_goal_change_alike() -> None:
    faces = _faces()
    order = np.random.default_rng(0).permutation(16)
    inputs, goals = vary_colors(faces[:, order], faces, _masks(faces), _key(), match=0.5, jitter=1.0)
    assert np.asarray(inputs) == pytest.approx(np.asarray(goals)[:, order], abs=1e-6)


def test_feature_a_share_of_the_faces_is_matched() -> None:
    faces = np.repeat(_faces(2, 4), 200, axis=0)[np.random.default_rng(1).permutation(400)]
    _, goals = vary_colors(faces, faces, np.ones_like(faces[..., :1]), _key(), match=0.6, jitter=0.0)
    changed = np.abs(np.asarray(goals) - faces).max(axis=(1, 2, 3)) > 0.01
    # A face is followed by one of the same colors every other time.
    assert 0.2 < changed.mean() < 0.4


def test_feature_faces_of_one_color_stay_finite() -> None:
    faces = np.zeros((2, 8, 8, 3), np.float32)
    faces[1] = [0.9, 0.1, 0.2]
    _, goals = vary_colors(faces, faces, np.zeros_like(faces[..., :1]), _key(), match=1.0, jitter=0.0)
    assert np.asarray(goals) == pytest.approx(faces[::-1], abs=2e-3)


def test_feature_the_colors_of_a_batch_are_varied_as_the_settings_say() -> None:
    pictures = (255 * _faces(3, 32)).astype(np.uint8)
    masks = np.full_like(pictures, 255)
    plain, varied = (
        [np.asarray(part) for part in augment(pictures, masks, _key(), Augmentation(16, color_jitter=jitter))]
        for jitter in (0.0, 1.0)
    )
    assert (plain[2] == varied[2]).all()
    for before, after in zip(plain[:2], varied[:2], strict=True):
        # The geometry is that of the same key: channels changed, each by a smooth function of its own value.
        assert np.abs(after - before).mean() > 0.005
        fit = [np.corrcoef(before[0, ..., channel].ravel(), after[0, ..., channel].ravel())[0, 1] for channel in (0, 1)]
        assert min(fit) > 0.95
