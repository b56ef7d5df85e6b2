"""The blenders of finish: sharpness, grain and motion, against SciPy and numbers that are known beforehand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, uniform_filter1d
from skimage.data import astronaut

from faceswap.core.contract import CropPatch, Neighbors
from faceswap.lib.warp import cut, paste
from faceswap.plugins.convert.match_noise import MatchNoiseBlender
from faceswap.plugins.convert.match_sharpness import MatchSharpnessBlender
from faceswap.plugins.convert.motion_blur import MotionBlurBlender

SIZE = 128
PICTURE = astronaut()[60:188, 160:288].astype(np.float32) / 255
TURNED = np.array([[0.8, 0.6, 0.0], [-0.6, 0.8, 90.0]], np.float32)
"""Frame to crop: the frame's x axis goes up to the right in the crop; one crop pixel is one of the frame's."""


def _patch(face: np.ndarray, target: np.ndarray, matrix: np.ndarray = TURNED, **changes: object) -> CropPatch:
    y, x = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    mask = (np.hypot(x, y) < 50).astype(np.float32)[None, ..., None]
    landmarks = np.random.default_rng(0).uniform(40, 90, (1, 68, 2)).astype(np.float32)
    patch = CropPatch(face[None], mask, target[None], landmarks, matrix[None], track=(3,), time=(1.5,))
    return replace(patch, **changes)


def _soft(picture: np.ndarray, deviation: float) -> np.ndarray:
    return gaussian_filter(picture.astype(np.float64), (deviation, deviation, 0)).astype(np.float32)


def _inside(patch: CropPatch) -> np.ndarray:
    return patch.masks[0, ..., 0] > 0


@pytest.mark.parametrize(("deviation", "left"), [(0.7, 0.25), (1.0, 0.25), (1.5, 0.25), (2.5, 0.45)])
@pytest.mark.parametrize("noise", [0.0, 0.02])
def test_a_sharp_face_becomes_as_soft_as_the_target(deviation, left, noise):
    """The face is the target's mirror image, so that only the blur can be matched; grain does not count as detail.

    So much of the error is left; a wide blur leaves little to tell it by.
    """
    grain = noise * np.random.default_rng(1).standard_normal(PICTURE.shape).astype(np.float32)
    patch = _patch(PICTURE[:, ::-1], _soft(PICTURE, deviation) + grain)
    blended, wanted = MatchSharpnessBlender().blend(patch).faces[0], _soft(PICTURE[:, ::-1], deviation)
    before, after = (np.abs(each - wanted)[_inside(patch)].mean() for each in (patch.faces[0], blended))
    assert after < left * before


def test_a_soft_face_is_sharpened_toward_the_target_and_no_farther_than_allowed():
    patch = _patch(_soft(PICTURE[:, ::-1], 1.2), PICTURE)
    detail = [
        float(np.square(each - _soft(each, 1))[_inside(patch)].mean())
        for each in (patch.faces[0], MatchSharpnessBlender().blend(patch).faces[0], PICTURE[:, ::-1])
    ]
    assert 1.5 * detail[0] < detail[1] < detail[2]
    kept = MatchSharpnessBlender(MatchSharpnessBlender.Options(sharpen=0)).blend(patch).faces
    np.testing.assert_allclose(kept, patch.faces, atol=1e-6)


@pytest.mark.parametrize("place", [np.s_[40:100, 30:110], np.s_[:60, 50:]])
def test_what_lies_around_the_mask_does_not_matter(place):
    """The part of the crop that the mask covers, taken by itself, gives the same, at the crop's edge too."""
    whole = _patch(PICTURE[:, ::-1], _soft(PICTURE, 1.0))
    whole = replace(whole, masks=np.zeros_like(whole.masks))
    whole.masks[0][place] = 1
    part = replace(whole, **{name: getattr(whole, name)[0][place][None] for name in ("faces", "masks", "targets")})
    # The bound is a share of the crop, of which the search for the blur begins at 6 pixels in both.
    options = (MatchSharpnessBlender.Options(blur=600 / each.faces.shape[1]) for each in (whole, part))
    blended = (
        MatchSharpnessBlender(chosen).blend(each).faces[0] for chosen, each in zip(options, (whole, part), strict=True)
    )
    np.testing.assert_allclose(next(blended)[place], next(blended), atol=1e-6)


def test_the_blur_is_bounded():
    patch = _patch(PICTURE, _soft(PICTURE, 6))
    options = MatchSharpnessBlender.Options(blur=1)
    blended = MatchSharpnessBlender(options).blend(patch).faces[0]
    middle = np.s_[40:88, 40:88]
    np.testing.assert_allclose(blended[middle], _soft(PICTURE, 1.28)[middle], atol=2e-3)


@pytest.mark.parametrize("blender_class", [MatchSharpnessBlender, MatchNoiseBlender])
def test_a_face_like_the_target_stays(blender_class):
    patch = _patch(PICTURE, PICTURE)
    np.testing.assert_allclose(blender_class().blend(patch).faces, patch.faces, atol=1e-2)


def _placed(scale: float) -> np.ndarray:
    """A matrix by which the middle of the crop is at (300.3, 300.6) of the frame."""
    turn = scale * np.array([[0.98, -0.199], [0.199, 0.98]])
    return np.column_stack([turn, (SIZE - 1) / 2 - turn @ [300.3, 300.6]]).astype(np.float32)


@pytest.mark.parametrize("scale", [1.0, 1.4, 2.5])
def test_the_frame_gets_as_much_grain_as_it_has_around(scale):
    """The frame's grain is known; it is measured in the crop, and what is pasted back has the same deviation."""
    frame = (0.5 + 0.03 * np.random.default_rng(2).standard_normal((600, 600, 3))).astype(np.float32)
    matrix = _placed(scale)
    smooth = np.full((SIZE, SIZE, 3), 0.5, np.float32)
    blended = MatchNoiseBlender().blend(_patch(smooth, cut(frame, matrix, SIZE), matrix)).faces[0]
    reach = int(40 / scale)
    back = paste(blended, matrix, (300 - reach, 300 - reach, 300 + reach, 300 + reach))
    assert back.std() == pytest.approx(0.03, rel=0.15)
    assert back.mean() == pytest.approx(0.5, abs=0.003)


def test_grain_has_the_colors_of_the_target_s():
    """Film's blue layer: grain in blue only, and grain of brightness alone."""
    draw = np.random.default_rng(3)
    smooth, blue = np.full((SIZE, SIZE, 3), 0.5, np.float32), np.array([0, 0, 1], np.float32)
    grain = (0.03 * draw.standard_normal((SIZE, SIZE, 1))).astype(np.float32)
    added = MatchNoiseBlender().blend(_patch(smooth, smooth + grain * blue)).faces[0] - smooth
    assert added[..., 2].std() > 0.02 and added[..., :2].std() < 0.002
    added = MatchNoiseBlender().blend(_patch(smooth, smooth + grain)).faces[0] - smooth
    assert added.std() > 0.02 and np.corrcoef(added[..., 0].ravel(), added[..., 2].ravel())[0, 1] > 0.99


def test_what_grain_the_face_has_is_not_added_again():
    draw = np.random.default_rng(4)
    face, target = (0.5 + 0.03 * draw.standard_normal((2, SIZE, SIZE, 3))).astype(np.float32)
    patch = _patch(face, target)
    assert np.abs(MatchNoiseBlender().blend(patch).faces - patch.faces).mean() < 0.005


def test_grain_is_the_same_in_every_run_and_another_in_every_frame_and_track():
    smooth = np.full((SIZE, SIZE, 3), 0.5, np.float32)
    grainy = (smooth + 0.03 * np.random.default_rng(5).standard_normal(smooth.shape)).astype(np.float32)
    patch = _patch(smooth, grainy)
    first, again = (MatchNoiseBlender().blend(patch).faces - 0.5 for _ in range(2))
    np.testing.assert_array_equal(first, again)
    others = [
        MatchNoiseBlender().blend(replace(patch, time=(1.54,))),
        MatchNoiseBlender().blend(replace(patch, track=(4,))),
        MatchNoiseBlender(MatchNoiseBlender.Options(seed=1)).blend(patch),
    ]
    for other in others:
        assert abs(np.corrcoef(first.ravel(), (other.faces - 0.5).ravel())[0, 1]) < 0.05
    half = MatchNoiseBlender(MatchNoiseBlender.Options(strength=50)).blend(patch).faces - 0.5
    np.testing.assert_allclose(half, first / 2, atol=1e-6)


def _moving(patch: CropPatch, ways: dict[int, tuple[float, float]]) -> CropPatch:
    """A patch whose face is so far away, in frame pixels, in the frames around."""
    inverse = np.linalg.inv(patch.matrix[0, :, :2].astype(np.float64))
    here = (patch.crop_landmarks[0] - patch.matrix[0, :, 2]) @ inverse.T
    landmarks = np.stack([here + way for way in ways.values()]).astype(np.float32)
    count = len(ways)
    neighbors = Neighbors(
        tuple(ways),
        tuple(1.5 + offset / 25 for offset in ways),
        landmarks,
        np.repeat(patch.matrix, count, axis=0),
        np.repeat(patch.targets, count, axis=0),
    )
    return replace(patch, neighbors=(neighbors,))


def test_a_face_is_blurred_along_its_way_over_the_shutter_s_share_of_it():
    """18 pixels a frame to the right, a shutter of 180 degrees: the mean over 9 pixels of the crop's row."""
    level = np.array([[1, 0, 0], [0, 1, 0]], np.float32)
    patch = _moving(_patch(PICTURE, PICTURE, level), {-1: (-18, 0), 1: (18, 0)})
    blended = MotionBlurBlender().blend(patch).faces[0]
    expected = uniform_filter1d(PICTURE.astype(np.float64), 9, axis=1)
    middle = np.s_[44:84, 44:84]
    np.testing.assert_allclose(blended[middle], expected[middle], atol=0.01)
    outside = ~_inside(patch)
    np.testing.assert_array_equal(blended[outside], PICTURE[outside])


@pytest.mark.parametrize("ways", [{1: (10, 0)}, {-1: (-10, 0)}, {-1: (-14, 0), 1: (6, 0)}])
def test_the_way_is_that_of_one_frame_in_the_crop_s_direction(ways):
    """`TURNED` takes (10, 0) of the frame to (8, -6) of the crop: only across that way detail stays as it was."""
    y, x = np.mgrid[:SIZE, :SIZE]
    along, across = (0.5 + 0.2 * np.sin((ax * x + ay * y) * 0.9) for ax, ay in ((0.8, -0.6), (0.6, 0.8)))
    spread = []
    for waves in (along, across):
        face = np.repeat(waves[..., None], 3, axis=2).astype(np.float32)
        blended = MotionBlurBlender(MotionBlurBlender.Options(shutter=360)).blend(_moving(_patch(face, face), ways))
        spread.append(blended.faces[0, 44:84, 44:84].std() / face[44:84, 44:84].std())
    assert spread[0] == pytest.approx(abs(np.sinc(0.9 * 10 / (2 * np.pi))), abs=0.06)
    assert spread[1] > 0.9


def test_a_still_face_and_a_closed_shutter_blur_nothing():
    patch = _patch(PICTURE, PICTURE)
    still = _moving(patch, {-1: (0, 0), 1: (0.1, 0)})
    np.testing.assert_array_equal(MotionBlurBlender().blend(still).faces, patch.faces)
    assert MotionBlurBlender().context == 1
    assert MotionBlurBlender(MotionBlurBlender.Options(shutter=0)).context == 0
