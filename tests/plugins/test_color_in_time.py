"""Color blenders along a track: the target is measured over the frames around, and color does not flicker."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.color import rgb2lab

from faceswap.core.contract import CropPatch, Neighbors
from faceswap.plugins.convert.histogram import HistogramBlender
from faceswap.plugins.convert.idt import IdtBlender
from faceswap.plugins.convert.lct import LctBlender
from faceswap.plugins.convert.mean_color import MeanColorBlender
from faceswap.plugins.convert.mkl import MklBlender
from faceswap.plugins.convert.reinhard import ReinhardBlender
from faceswap.plugins.convert.sot import SotBlender

COLOR = [ReinhardBlender, MeanColorBlender, LctBlender, MklBlender, SotBlender, HistogramBlender, IdtBlender]
SIZE = 24


def _picture(seed: int, light: float = 0.0) -> np.ndarray:
    return (np.random.default_rng(seed).uniform(0.35, 0.6, (SIZE, SIZE, 3)) + light).astype(np.float32)


def _mask() -> np.ndarray:
    y, x = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    return np.clip(9.5 - np.hypot(x, y), 0, 1).astype(np.float32)[..., None]


def _patch(face: np.ndarray, target: np.ndarray, around: dict[int, np.ndarray]) -> CropPatch:
    """One face, with the targets of the frames around by how many frames away they are."""
    landmarks, matrix = np.zeros((1, 68, 2), np.float32), np.eye(2, 3, dtype=np.float32)[None]
    targets = np.stack(list(around.values())) if around else np.zeros((0, SIZE, SIZE, 3), np.float32)
    neighbors = Neighbors(
        offsets=tuple(around),
        times=tuple(offset / 25 for offset in around),
        landmarks=np.repeat(landmarks, len(around), axis=0),
        matrices=np.repeat(matrix, len(around), axis=0),
        targets=targets,
    )
    return CropPatch(face[None], _mask()[None], target[None], landmarks, matrix, neighbors=(neighbors,))


def _mean(blender_class: type, picture: np.ndarray) -> np.ndarray:
    """The mean color inside the mask, in the space that the blender works in."""
    colors = rgb2lab(picture.astype(np.float64)) / 100 if blender_class is ReinhardBlender else picture
    return np.average(colors.reshape(-1, 3), axis=0, weights=_mask().reshape(-1))


@pytest.mark.parametrize("blender_class", COLOR)
def test_nearer_frames_count_more(blender_class):
    """With two frames on either side they weigh 3, 2 and 1; the frame after is missing."""
    target, around = _picture(1), {-2: _picture(2, 0.1), -1: _picture(3, -0.08), 2: _picture(4, 0.05)}
    blender = blender_class(blender_class.Options(temporal=2))
    assert blender.context == 2
    blended = blender.blend(_patch(_picture(5, 0.1), target, around)).faces[0]
    means = [_mean(blender_class, picture) for picture in (target, *around.values())]
    np.testing.assert_allclose(
        _mean(blender_class, blended), np.average(means, axis=0, weights=[3, 1, 2, 1]), atol=2e-3
    )


@pytest.mark.parametrize("blender_class", COLOR)
def test_the_face_s_own_color_does_not_matter(blender_class):
    """Two answers of a model that differ by a shade come out alike, in every frame."""
    around = {-1: _picture(2, 0.1), 1: _picture(3, -0.08)}
    blender = blender_class(blender_class.Options(temporal=1))
    one, other = (blender.blend(_patch(_picture(5, shade), _picture(1), around)).faces for shade in (0, 0.06))
    assert np.abs(one - other).mean() < 0.01


@pytest.mark.parametrize("blender_class", COLOR)
def test_without_neighbors_it_is_the_frame_alone(blender_class):
    alone = _patch(_picture(5), _picture(1), {})
    still, plain = (blender_class(blender_class.Options(temporal=reach)).blend(alone).faces for reach in (3, 0))
    np.testing.assert_array_equal(still, plain)
    assert blender_class().context == 0


def test_flicker_of_the_target_becomes_less_by_what_the_weights_tell():
    """Independent shades under weights 1, 2, 3, 2, 1 of 9 keep 19/81 of their variance."""
    shades = np.random.default_rng(7).normal(0, 0.02, 120)
    pictures = [_picture(1, shade) for shade in shades]
    blender = MeanColorBlender(MeanColorBlender.Options(temporal=2))
    means = []
    for index in range(2, len(shades) - 2):
        around = {offset: pictures[index + offset] for offset in (-2, -1, 1, 2)}
        means.append(_mean(MeanColorBlender, blender.blend(_patch(_picture(5), pictures[index], around)).faces[0])[0])
    expected = np.convolve(shades, [1 / 9, 2 / 9, 3 / 9, 2 / 9, 1 / 9], "valid")
    np.testing.assert_allclose(np.array(means) - np.mean(means), expected - expected.mean(), atol=1e-5)
    assert np.var(means) / np.var(shades) == pytest.approx(19 / 81, abs=0.08)
