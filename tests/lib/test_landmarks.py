"""Landmark schemes: symmetric templates, one mean face for all, dlib's order of points."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import dlib
import numpy as np
import pytest
import skimage.data

from faceswap.lib.landmarks import SCHEMES, reduce_landmarks, scheme_named


def _predictor(name: str) -> dlib.shape_predictor:
    """Loads one of dlib's predictors by path; the package that carries them is never imported."""
    spec = importlib.util.find_spec("face_recognition_models")
    assert spec and spec.submodule_search_locations
    return dlib.shape_predictor(str(Path(spec.submodule_search_locations[0]) / "models" / name))


@pytest.fixture(scope="module")
def portrait_landmarks() -> dict[str, np.ndarray]:
    """dlib's answers for the face of scikit-image's `astronaut`."""
    image = np.ascontiguousarray(skimage.data.astronaut())
    box = dlib.rectangle(175, 76, 265, 166)
    names = {
        "ibug68": "shape_predictor_68_face_landmarks.dat",
        "dlib5": "shape_predictor_5_face_landmarks.dat",
    }
    shapes = {scheme: _predictor(name)(image, box) for scheme, name in names.items()}
    return {scheme: np.array([[p.x, p.y] for p in shape.parts()], float) for scheme, shape in shapes.items()}


@pytest.mark.parametrize("name", SCHEMES)
def test_template_is_its_own_mirror_image(name):
    scheme = SCHEMES[name]
    flipped = scheme.template * [-1, 1] + [1, 0]
    assert scheme.template.shape == (scheme.points, 2)
    assert scheme.template.dtype == np.float32
    assert sorted(scheme.mirror) == list(range(scheme.points))
    np.testing.assert_allclose(flipped[list(scheme.mirror)], scheme.template, atol=1e-6)


def test_inner_points_fill_the_unit_box():
    inner = SCHEMES["ibug68"].template[17:]
    np.testing.assert_allclose([inner[:, 0].min(), inner[:, 0].max()], [0, 1], atol=1e-6)
    assert inner[:, 1].min() + inner[:, 1].max() == pytest.approx(1, abs=1e-6)
    assert 0 < inner[:, 1].min() < 0.05


def test_mean_face_lies_in_its_order():
    face = SCHEMES["ibug68"].template
    assert face[8, 1] == face[:, 1].max()  # The chin is lowest.
    brows, eyes, nose, mouth = (face[a:b, 1].mean() for a, b in ((17, 27), (36, 48), (31, 36), (48, 68)))
    assert brows < eyes < nose < mouth < face[8, 1]
    assert face[36:42, 0].mean() < face[42:48, 0].mean()  # `left` is the picture's.


def test_template_resembles_a_real_face(portrait_landmarks):
    """A smiling face, turned a little, lies within a few hundredths of the mean."""
    from skimage.transform import SimilarityTransform

    points, template = portrait_landmarks["ibug68"][17:], SCHEMES["ibug68"].template[17:]
    aligned = SimilarityTransform.from_estimate(points, template)(points)
    assert np.sqrt(((aligned - template) ** 2).sum(axis=1)).mean() < 0.06


def test_dlib5_has_the_order_of_dlib(portrait_landmarks):
    derived = reduce_landmarks(portrait_landmarks["ibug68"], "dlib5")
    np.testing.assert_allclose(portrait_landmarks["dlib5"], derived, atol=2)


def test_five_takes_centers_of_eyes():
    marks = np.zeros((68, 2))
    marks[36:42] = [[0, 0], [2, -1], [4, -1], [6, 0], [4, 1], [2, 1]]
    marks[42:48] = marks[36:42] + np.array([20, 0])
    marks[[30, 48, 54]] = [[13, 10], [5, 20], [21, 20]]
    expected = [[3, 0], [23, 0], [13, 10], [5, 20], [21, 20]]
    np.testing.assert_allclose(reduce_landmarks(marks, "five"), expected)


def test_reduction_keeps_leading_dimensions():
    marks = np.random.default_rng(0).normal(size=(3, 68, 2))
    for name, scheme in SCHEMES.items():
        batch = reduce_landmarks(marks, name)
        assert batch.shape == (3, scheme.points, 2)
        np.testing.assert_array_equal(batch[1], reduce_landmarks(marks[1], name))


def test_template_cannot_be_changed_by_accident():
    with pytest.raises(ValueError, match="read-only"):
        SCHEMES["five"].template[0, 0] = 5


@pytest.mark.parametrize("call", [scheme_named, lambda name: reduce_landmarks(np.zeros((68, 2)), name)])
def test_unknown_scheme_error(call):
    with pytest.raises(ValueError, match=r"must be one of ibug68, dlib5, five.*'seven'"):
        call("seven")
