"""The suite's eyes for blenders and for randomness: known shifts are measured, allowed changes are no shifts."""

import random

import numpy as np
import pytest
from scipy import ndimage
from specimens import detectors

from faceswap.core.testing.blender_pictures import _edge_shift, _edges, _pattern, _shift
from faceswap.core.testing.checks import iterate_checks
from faceswap.core.testing.patches import disc
from faceswap.core.testing.records import SkipCheckError
from faceswap.core.testing.samples import portrait
from faceswap.core.testing.training import tinted

PROFILE = disc(64, 64)[:, 32, 0]


@pytest.mark.parametrize(("across", "down"), [(0, 0), (0.25, 0), (0, -0.5), (0.3, 0.4), (-1, 0), (0, 1)])
def test_feature_a_known_shift_is_measured(across, down):
    """Against scipy's spline interpolation."""
    moved = ndimage.shift(_pattern(), (down, across, 0), order=3, mode="nearest")
    assert _shift(moved, _pattern()) == pytest.approx((across, down), abs=0.06)


@pytest.mark.parametrize(
    "change",
    [
        lambda picture: picture * 0.3 + 0.5,
        lambda picture: ndimage.gaussian_filter(picture, (1.5, 1.5, 0)),
        lambda picture: 2 * picture - ndimage.gaussian_filter(picture, (1, 1, 0)),
        lambda picture: picture + np.random.default_rng(0).normal(0, 0.03, picture.shape),
        lambda picture: 1 - picture,
    ],
)
def test_feature_color_blur_sharpness_and_grain_are_no_shift(change):
    assert _shift(change(_pattern()), _pattern()) == pytest.approx((0, 0), abs=0.03)


def test_feature_without_the_pattern_there_is_no_place():
    with pytest.raises(SkipCheckError):
        _shift(np.full_like(_pattern(), 0.5), _pattern())


def test_feature_edges_lie_between_pixels():
    assert _edges(np.array([0, 0.25, 1, 1, 0, 0], np.float32)) == pytest.approx((4 / 3, 3.5))
    assert _edges(np.zeros(4, np.float32)) == (0, 0)


@pytest.mark.parametrize("shift", [0.25, -0.5, 1, -2])
def test_feature_a_masks_shift_is_measured(shift):
    assert _edge_shift(ndimage.shift(PROFILE, shift, order=1), PROFILE) == pytest.approx(shift, abs=0.05)


@pytest.mark.parametrize(
    "change",
    [
        lambda profile: ndimage.grey_erosion(profile, 5),
        lambda profile: ndimage.grey_dilation(profile, 5),
        lambda profile: ndimage.gaussian_filter(profile, 2),
        lambda profile: np.maximum(profile, np.roll(profile, -2)),  # Grown to one side only.
        lambda profile: np.roll(profile, 8),  # Another shape, as a mask that is drawn anew has.
        lambda profile: profile * 0,
    ],
)
def test_feature_masks_that_grow_fade_or_change_shape_have_not_shifted(change):
    assert _edge_shift(change(PROFILE), PROFILE) == pytest.approx(0, abs=0.05)


def test_feature_pictures_are_shown_in_red_and_in_blue_light():
    red, blue = (tinted(portrait().image, number).astype(float) for number in (0, 1))
    assert (red[..., 0] > red[..., 2] + 60).all()
    assert (blue[..., 2] > blue[..., 0] + 60).all()
    assert (red[..., ::-1] == blue).all()


def test_feature_the_suite_leaves_the_global_generators_as_they_were():
    ours, numpys = random.getstate(), np.random.get_state()[1].tolist()
    records = list(iterate_checks(detectors.Right, before=lambda name: name == "no-hidden-randomness"))
    assert [record.status for record in records] == ["passed"]
    assert random.getstate() == ours
    assert np.random.get_state()[1].tolist() == numpys
