"""The blenders of masks: where the edge comes to lie, which masks are put together, what lies before the face."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.ndimage import gaussian_filter
from skimage.morphology import convex_hull_image

from faceswap.core.contract import CropPatch
from faceswap.core.errors import FaceswapError
from faceswap.lib.geometry import mean_face_landmarks
from faceswap.plugins.convert.feather import FeatherBlender
from faceswap.plugins.convert.mask_source import MaskSourceBlender
from faceswap.plugins.convert.occlusion import OcclusionBlender


def _patch(mask: np.ndarray, face_type: str = "full", **stored: np.ndarray) -> CropPatch:
    """The mean face in a crop of a face type under a mask `[size size]`, with stored masks."""
    size = len(mask)
    masks = {name: each[None, ..., None].astype(np.float32) for name, each in {"": mask, **stored}.items()}
    picture = np.full((1, size, size, 3), 0.5, np.float32)
    landmarks = mean_face_landmarks("ibug68", face_type, size)[None]
    return CropPatch(picture, masks.pop(""), picture, landmarks, np.eye(2, 3, dtype=np.float32)[None], "ibug68", masks)


def _feathered(mask: np.ndarray, erode: float, blur: float, face_type: str = "full", **sides: float) -> np.ndarray:
    """One mask `[size size]` through the blender."""
    options = FeatherBlender.Options(erode=erode, blur=blur, **sides)
    return FeatherBlender(options).blend(_patch(mask, face_type)).masks[0, ..., 0]


def _square(size: int, low: int, high: int) -> np.ndarray:
    square = np.zeros((size, size), np.float32)
    square[low:high, low:high] = 1
    return square


def test_erosion_moves_every_edge_by_its_share_of_the_crop():
    np.testing.assert_array_equal(_feathered(_square(200, 40, 160), 5, 0), _square(200, 50, 150))


def test_negative_erosion_grows_the_mask():
    grown = _feathered(_square(200, 60, 140), -5, 0)
    assert grown[100].sum() == 100 and grown[:, 100].sum() == 100
    assert grown[50, 50] == 0  # A disc leaves the corner round.


def test_erosion_counts_what_lies_beyond_the_crop_as_no_face():
    np.testing.assert_array_equal(_feathered(np.ones((100, 100), np.float32), 10, 0), _square(100, 10, 90))


def test_erosion_by_parts_of_a_pixel_takes_that_part_of_the_edge():
    row = _feathered(_square(50, 10, 40), 2.5, 0)[25]  # 1.25 pixels.
    np.testing.assert_allclose(row[10:13], [0, 0.75, 1], atol=1e-6)


def test_blur_is_a_gaussian_cut_off_at_two_deviations():
    mask = _square(100, 30, 70)
    expected = gaussian_filter(mask.astype(np.float64), sigma=3, radius=6, mode="constant")
    np.testing.assert_allclose(_feathered(mask, 0, 6), expected, atol=1e-6)


def test_blur_fades_the_edge_over_its_distance_to_either_side():
    row = _feathered(_square(100, 30, 70), 0, 6)[50]
    assert (row[:24] == 0).all() and np.allclose(row[36:64], 1, atol=1e-6)
    assert (np.diff(row[23:36]) > 0).all()
    assert (row[29] + row[30]) / 2 == pytest.approx(0.5, abs=1e-6)


def test_feather_does_not_depend_on_the_resolution():
    small, large = (_feathered(_square(size, size // 4, 3 * size // 4), 3, 4) for size in (64, 512))
    means = large.reshape(64, 8, 64, 8).mean(axis=(1, 3))
    assert np.abs(small - means).max() < 0.06
    assert abs(small.mean() - large.mean()) < 0.003


def test_a_mask_that_the_crop_cuts_off_fades_out_inside_it():
    mask = _feathered(np.ones((100, 100), np.float32), 0, 5)
    assert mask[0].max() == mask[-1].max() == mask[:, 0].max() == mask[:, -1].max() == 0
    assert mask[12:88, 12:88].min() == pytest.approx(1, abs=1e-6)


def test_feather_of_no_mask_is_no_mask():
    assert _feathered(np.zeros((32, 32), np.float32), -10, 10).max() == 0


@pytest.mark.parametrize(
    ("side", "expected"),
    [
        ("top", (slice(60, 160), slice(40, 160))),
        ("bottom", (slice(40, 140), slice(40, 160))),
        ("left", (slice(40, 160), slice(60, 160))),
        ("right", (slice(40, 160), slice(40, 140))),
    ],
)
def test_each_side_moves_by_itself(side, expected):
    kept = np.zeros((200, 200), np.float32)
    kept[expected] = 1
    np.testing.assert_array_equal(_feathered(_square(200, 40, 160), 0, 0, **{side: 10}), kept)


@pytest.mark.parametrize(
    ("side", "expected"),
    [
        ("top", (slice(20, 160), slice(40, 160))),
        ("bottom", (slice(40, 180), slice(40, 160))),
        ("left", (slice(40, 160), slice(20, 160))),
        ("right", (slice(40, 160), slice(40, 180))),
    ],
)
def test_each_side_moves_outward_where_it_is_negative(side, expected):
    kept = np.zeros((200, 200), np.float32)
    kept[expected] = 1
    np.testing.assert_array_equal(_feathered(_square(200, 40, 160), 0, 0, **{side: -10}), kept)


def test_sides_move_beyond_the_common_erosion():
    expected = np.zeros((200, 200), np.float32)
    expected[70:150, 50:150] = 1
    np.testing.assert_array_equal(_feathered(_square(200, 40, 160), 5, 0, top=10), expected)


def test_distances_are_in_per_cent_of_the_face_whatever_the_crop_shows():
    """`half` shows the unit box, `full` 1 + 2 sqrt(2) * 0.2109375 of it: one face is so much larger in its crop."""
    ratio = 1 + 2 * np.sqrt(2) * 0.2109375
    row = _feathered(_square(400, 100, 300), 5, 0, "half")[200]
    assert row.sum() == pytest.approx(200 - 2 * 0.05 * 400 * ratio, abs=0.01)


def test_the_given_mask_stays_as_it_is():
    mask = np.random.default_rng(0).random((50, 50)).astype(np.float32)
    answer = MaskSourceBlender(MaskSourceBlender.Options(use="given")).blend(_patch(mask)).masks
    np.testing.assert_array_equal(answer[0, ..., 0], mask)


def test_masks_are_multiplied_and_united():
    draw = np.random.default_rng(1)
    given, cut, box = draw.random((3, 40, 40)).astype(np.float32)
    patch = _patch(given, cut=cut, box=box)
    answer = MaskSourceBlender(MaskSourceBlender.Options(use="given * cut + box")).blend(patch).masks[0, ..., 0]
    np.testing.assert_allclose(answer, np.maximum(given.astype(np.float64) * cut, box), atol=1e-6)


def test_the_hull_is_drawn_of_the_landmarks_where_none_is_stored():
    patch = _patch(np.ones((128, 128)))
    answer = MaskSourceBlender(MaskSourceBlender.Options(use="hull")).blend(patch).masks[0, ..., 0]
    points = np.zeros((128, 128), bool)
    middle = patch.crop_landmarks[0].mean(axis=0)
    inner = middle + 0.97 * (patch.crop_landmarks[0] - middle)
    points[tuple(np.rint(inner).astype(int).T[::-1])] = True
    bare = convex_hull_image(points)
    assert answer[bare].min() == 1 and bare.sum() < answer.sum() < 1.3 * bare.sum()
    stored = np.random.default_rng(2).random((128, 128)).astype(np.float32)
    answer = MaskSourceBlender(MaskSourceBlender.Options(use="hull")).blend(_patch(stored, hull=stored)).masks
    np.testing.assert_array_equal(answer[0, ..., 0], stored)


def test_a_mask_that_there_is_not_is_refused_with_those_that_there_are():
    patch = _patch(np.ones((32, 32)), grabcut=np.ones((32, 32)))
    with pytest.raises(FaceswapError, match=r"no mask 'onnx', only grabcut, hull; extract .* --masker onnx"):
        MaskSourceBlender(MaskSourceBlender.Options(use="given*onnx")).blend(patch)


@pytest.mark.parametrize("use", ["", "given*", "+hull", "given**hull"])
def test_an_incomplete_formula_is_refused(use):
    with pytest.raises(ValidationError, match=r"expected masks with \+ or \* between them"):
        MaskSourceBlender.Options(use=use)


def _face_without(rows: slice, columns: slice, size: int = 200) -> np.ndarray:
    """A mask of pixels that knows the face but for a box."""
    mask = np.ones((size, size), np.float32)
    mask[rows, columns] = 0
    return mask


def _occluded(visible: np.ndarray, **options: float) -> np.ndarray:
    patch = _patch(np.ones((200, 200)), onnx=visible)
    return OcclusionBlender(OcclusionBlender.Options(**options)).blend(patch).masks[0, ..., 0]


def test_what_lies_before_the_face_is_taken_out_of_the_mask():
    mask = _occluded(_face_without(slice(100, 140), slice(60, 140)), grow=0, blur=0)
    assert mask[105:135, 65:135].max() == 0
    mask[100:140, 60:140] = 1
    np.testing.assert_array_equal(mask, 1)


def test_an_occlusion_grows_and_fades():
    mask = _occluded(_face_without(slice(100, 140), slice(60, 140)), grow=2, blur=3)
    np.testing.assert_allclose(mask[96:144, 100], 1 - _feathered_line(), atol=1e-5)


def _feathered_line() -> np.ndarray:
    line = np.zeros(200)
    line[96:144] = 1  # 2 per cent of 200 pixels on either side.
    return gaussian_filter(line, sigma=3, radius=6, mode="constant")[96:144]


def test_what_is_narrow_stays_face():
    np.testing.assert_array_equal(_occluded(_face_without(slice(100, 108), slice(0, 200)), least=5), 1)


def test_what_the_masker_misses_beyond_the_hull_is_no_occlusion():
    np.testing.assert_array_equal(_occluded(_face_without(slice(0, 25), slice(0, 200))), 1)


def test_occlusions_are_looked_for_in_all_masks_but_the_hull():
    visible = _face_without(slice(100, 140), slice(60, 140))
    ones, hull = np.ones((200, 200)), np.zeros((200, 200))
    patch = _patch(ones, onnx=visible, ellipse=ones, hull=hull)
    both = OcclusionBlender().blend(patch).masks[0, ..., 0]
    np.testing.assert_array_equal(both, _occluded(visible))
    np.testing.assert_array_equal(OcclusionBlender(OcclusionBlender.Options(mask="ellipse")).blend(patch).masks, 1)


def test_occlusions_without_a_mask_or_without_68_landmarks_are_refused():
    with pytest.raises(FaceswapError, match=r"no mask that leaves occlusions out; extract .* --masker onnx or grabcut"):
        OcclusionBlender().blend(_patch(np.ones((32, 32)), hull=np.ones((32, 32))))
    patch = _patch(np.ones((32, 32)), onnx=np.ones((32, 32)))
    five = mean_face_landmarks("five", "full", 32)[None]
    with pytest.raises(FaceswapError, match="68 landmarks"):
        OcclusionBlender().blend(replace(patch, scheme="five", crop_landmarks=five))
