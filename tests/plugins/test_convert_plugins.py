"""The built-in blenders, against scikit-image, SciPy and numpy in float64, alone and in every chain."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, uniform_filter
from skimage.color import rgb2lab
from skimage.data import astronaut
from skimage.exposure import match_histograms

from faceswap.core.contract import CropPatch, CropSpec, FramePatch
from faceswap.core.converting.chain import load_chain, require_chain
from faceswap.core.converting.faces import FrameFace, PlacedMask
from faceswap.core.converting.patches import composite, cut_face, make_patch
from faceswap.core.host import PluginChoice, prepare
from faceswap.core.names import BUILT_IN
from faceswap.lib.geometry import crop_matrix, transform_points
from faceswap.lib.media import Frame, probe, read_frames, write_image
from faceswap.lib.performers.portrait import LANDMARKS
from faceswap.lib.warp import convex_hull_mask
from faceswap.plugins.convert.alpha import AlphaBlender
from faceswap.plugins.convert.feather import FeatherBlender
from faceswap.plugins.convert.histogram import HistogramBlender
from faceswap.plugins.convert.idt import IdtBlender
from faceswap.plugins.convert.laplacian import LaplacianBlender
from faceswap.plugins.convert.lct import LctBlender
from faceswap.plugins.convert.manual import ManualBlender
from faceswap.plugins.convert.mask_source import MaskSourceBlender
from faceswap.plugins.convert.mean_color import MeanColorBlender
from faceswap.plugins.convert.mkl import MklBlender
from faceswap.plugins.convert.overlay import OverlayBlender
from faceswap.plugins.convert.poisson import PoissonBlender
from faceswap.plugins.convert.reinhard import ReinhardBlender
from faceswap.plugins.convert.sharpen import SharpenBlender
from faceswap.plugins.convert.sot import SotBlender

MASKS = ((), ("feather",), ("mask-source", "feather"), ("occlusion", "feather"))
COMPOSITES = ("alpha", "overlay", "poisson", "laplacian")
FACE_BLENDERS = sorted({*BUILT_IN["blender"]} - {*COMPOSITES} - {name for names in MASKS for name in names})
MEASURING = [
    ReinhardBlender,
    MeanColorBlender,
    LctBlender,
    MklBlender,
    SotBlender,
    HistogramBlender,
    IdtBlender,
]
CROP_BLENDERS = [*MEASURING, ManualBlender, SharpenBlender, FeatherBlender, MaskSourceBlender]
FRAME_BLENDERS = [AlphaBlender, OverlayBlender, PoissonBlender, LaplacianBlender]


def _noise(seed: int, shape: tuple[int, ...], low: float = 0.0, high: float = 1.0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(low, high, shape).astype(np.float32)


def _disc(size: int, radius: float) -> np.ndarray:
    """A soft disc in the middle, `[size size 1]`."""
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    return np.clip(radius + 0.5 - np.hypot(x, y), 0, 1).astype(np.float32)[..., None]


def _crop_patch(faces: int = 3, size: int = 40, low: float = 0.3, high: float = 0.7) -> CropPatch:
    """Faces and targets of middling colors, which a transfer does not drive out of range; read-only."""
    arrays = {
        "faces": _noise(1, (faces, size, size, 3), low, high),
        "targets": _noise(2, (faces, size, size, 3), low, high) * np.float32(0.9),
        "masks": np.stack([_disc(size, size / 4 + k) for k in range(faces)]).reshape(faces, size, size, 1)
        if faces
        else np.zeros((0, size, size, 1), np.float32),
        "crop_landmarks": _noise(3, (faces, 68, 2), 0, size),
        "matrix": np.tile(np.eye(2, 3, dtype=np.float32), (faces, 1, 1)),
    }
    for array in arrays.values():
        array.setflags(write=False)
    return CropPatch(**arrays)


def _frame_patch(height: int = 30, width: int = 44) -> FramePatch:
    """A box with a soft mask whose corners are zero; read-only."""
    mask = np.zeros((height, width, 1), np.float32)
    mask[3:27, 8:32] = _disc(24, 10)
    arrays = {"frame": _noise(4, (height, width, 3)), "face": _noise(5, (height, width, 3)), "mask": mask}
    for array in arrays.values():
        array.setflags(write=False)
    return FramePatch(**arrays)


def _moments(picture: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted mean and standard deviation of each channel, by the textbook."""
    flat, weights = picture.reshape(-1, 3).astype(np.float64), mask.reshape(-1).astype(np.float64)
    mean = np.average(flat, axis=0, weights=weights)
    return mean, np.sqrt(np.average((flat - mean) ** 2, axis=0, weights=weights))


@pytest.mark.parametrize("blender_class", CROP_BLENDERS)
def test_crop_blender_keeps_the_contract(blender_class):
    patch, blender = _crop_patch(), blender_class()
    before = {name: getattr(patch, name).copy() for name in ("faces", "masks", "targets")}
    blended = blender.blend(patch)
    for name, array in before.items():
        np.testing.assert_array_equal(getattr(patch, name), array)
        result = getattr(blended, name)
        assert result.dtype == np.float32 and result.shape == array.shape
        assert result.min() >= 0 and result.max() <= 1


@pytest.mark.parametrize("blender_class", CROP_BLENDERS)
def test_crop_blender_of_a_batch_equals_single_faces_in_any_order(blender_class):
    patch, blender = _crop_patch(), blender_class()
    batch = blender.blend(patch)
    for index in (2, 0, 1):
        single = slice(index, index + 1)
        names = ("faces", "masks", "targets", "crop_landmarks", "matrix")
        one = blender.blend(replace(patch, **{name: getattr(patch, name)[single] for name in names}))
        np.testing.assert_array_equal(one.faces[0], batch.faces[index])
        np.testing.assert_array_equal(one.masks[0], batch.masks[index])


@pytest.mark.parametrize("blender_class", CROP_BLENDERS)
def test_crop_blender_takes_an_empty_batch(blender_class):
    blended = blender_class().blend(_crop_patch(faces=0))
    assert blended.faces.shape == (0, 40, 40, 3) and blended.masks.shape == (0, 40, 40, 1)


def test_reinhard_gives_the_targets_moments_inside_the_mask():
    patch = _crop_patch()
    blended = ReinhardBlender().blend(patch)
    for face, target, mask in zip(blended.faces, patch.targets, patch.masks, strict=True):
        reached, wanted = (_moments(rgb2lab(picture.astype(np.float64)), mask) for picture in (face, target))
        np.testing.assert_allclose(reached, wanted, atol=0.02)


def test_mean_color_gives_the_targets_mean_inside_the_mask_and_keeps_the_spread():
    patch = _crop_patch()
    blended = MeanColorBlender().blend(patch)
    for index, mask in enumerate(patch.masks):
        reached, wanted, before = (
            _moments(pictures[index], mask) for pictures in (blended.faces, patch.targets, patch.faces)
        )
        np.testing.assert_allclose(reached[0], wanted[0], atol=1e-6)
        np.testing.assert_allclose(reached[1], before[1], atol=1e-6)


@pytest.mark.parametrize(
    ("blender_class", "mean_gap", "covariance_gap"),
    [
        (LctBlender, 1e-6, 1e-6),
        (MklBlender, 1e-6, 1e-6),
        (SotBlender, 1e-3, 1e-3),
        (IdtBlender, 1e-3, 1e-3),
    ],
)
def test_feature_color_blender_gives_the_targets_moments_inside_the_mask(blender_class, mean_gap, covariance_gap):
    patch = _crop_patch()
    blended = blender_class().blend(patch)
    for face, target, mask in zip(blended.faces, patch.targets, patch.masks, strict=True):
        weights = mask.reshape(-1).astype(np.float64)
        reached, wanted = (picture.reshape(-1, 3).astype(np.float64) for picture in (face, target))
        means, covariances = (
            [measure(colors) for colors in (reached, wanted)]
            for measure in (
                lambda colors, weights=weights: np.average(colors, axis=0, weights=weights),
                lambda colors, weights=weights: np.cov(colors.T, aweights=weights, ddof=0),
            )
        )
        np.testing.assert_allclose(*means, atol=mean_gap)
        np.testing.assert_allclose(*covariances, atol=covariance_gap)


def test_feature_histogram_blender_gives_the_targets_quantiles_inside_the_mask():
    patch = _crop_patch()
    inside = patch.masks[..., 0] == 1
    hard = replace(patch, masks=inside[..., None].astype(np.float32))
    blended = HistogramBlender().blend(hard)
    for face, target, where in zip(blended.faces, patch.targets, inside, strict=True):
        np.testing.assert_allclose(np.sort(face[where], axis=0), np.sort(target[where], axis=0), atol=2e-6)


def test_feature_histogram_blender_agrees_with_scikit_image():
    draw = np.random.default_rng(9)
    face, target = draw.beta((2, 5), (5, 2), (40, 40, 3, 2)).astype(np.float32).transpose(3, 0, 1, 2)
    inside = np.zeros((40, 40), bool)
    inside[5:35, 8:31] = True
    patch = replace(_crop_patch(1), faces=face[None], targets=target[None])
    blended = HistogramBlender().blend(replace(patch, masks=inside[None, ..., None].astype(np.float32))).faces[0]
    expected = match_histograms(face[inside], target[inside], channel_axis=-1)
    np.testing.assert_allclose(blended[inside], expected, atol=1e-5)


@pytest.mark.parametrize("blender_class", [SotBlender, IdtBlender])
def test_feature_steps_of_transport_reach_the_transfer(blender_class):
    patch = _crop_patch()
    one, many = (blender_class(blender_class.Options(steps=steps)).blend(patch).faces for steps in (1, 30))
    assert np.abs(one - many).max() > 0.001


def _adjusted(**options: float) -> np.ndarray:
    """A color `[0.2, 0.5, 0.9]` through `manual`."""
    faces = np.broadcast_to(np.array([0.2, 0.5, 0.9], np.float32), (1, 40, 40, 3))
    blended = ManualBlender(ManualBlender.Options(**options)).blend(replace(_crop_patch(1), faces=faces))
    return blended.faces[0, 0, 0]


def test_feature_manual_without_settings_changes_nothing():
    patch = _crop_patch(low=0, high=1)
    np.testing.assert_array_equal(ManualBlender().blend(patch).faces, patch.faces)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"brightness": 10}, [0.3, 0.6, 1.0]),
        ({"brightness": -30}, [0.0, 0.2, 0.6]),
        ({"contrast": 50}, [0.05, 0.5, 1.0]),
        ({"contrast": -50}, [0.35, 0.5, 0.7]),
        ({"contrast": -100}, [0.5, 0.5, 0.5]),
        ({"red": 10, "green": -20, "blue": 5}, [0.3, 0.3, 0.95]),
        ({"contrast": -50, "brightness": 10, "green": 5}, [0.45, 0.65, 0.8]),
    ],
)
def test_feature_manual_follows_its_settings(options, expected):
    np.testing.assert_allclose(_adjusted(**options), expected, atol=1e-6)


@pytest.mark.parametrize("method", ["box", "gaussian", "unsharp"])
def test_feature_sharpen_measures_its_radius_in_per_cent_of_the_crop(method):
    """Against SciPy: 5 per cent of 40 pixels are 2; the mask is full, so only pixels away from the border are read."""
    patch = replace(_crop_patch(1, low=0.45, high=0.55), masks=np.ones((1, 40, 40, 1), np.float32))
    options = SharpenBlender.Options(method=method, radius=5, amount=80, threshold=1)
    sharp = SharpenBlender(options).blend(patch).faces[0, 8:-8, 8:-8]
    for channel in range(3):
        plane = patch.faces[0, ..., channel].astype(np.float64)
        blurred = uniform_filter(plane, 5) if method == "box" else gaussian_filter(plane, 2, radius=6)
        detail = plane - blurred
        if method == "unsharp":
            detail = np.sign(detail) * np.maximum(np.abs(detail) - 0.01, 0)
        np.testing.assert_allclose(sharp[..., channel], (plane + 0.8 * detail)[8:-8, 8:-8], atol=1e-6)


@pytest.mark.parametrize("blender_class", [*MEASURING, SharpenBlender])
def test_colors_outside_the_mask_are_not_measured(blender_class):
    patch = _crop_patch()
    outside = np.broadcast_to(patch.masks == 0, patch.faces.shape)
    faces, targets = (np.where(outside, np.float32(0), colors) for colors in (patch.faces, patch.targets))
    blended, other = (blender_class().blend(one) for one in (patch, replace(patch, faces=faces, targets=targets)))
    np.testing.assert_array_equal(blended.faces[~outside], other.faces[~outside])


@pytest.mark.parametrize("blender_class", FRAME_BLENDERS)
def test_frame_blender_changes_nothing_outside_the_mask(blender_class):
    patch = _frame_patch()
    before = {name: getattr(patch, name).copy() for name in ("frame", "face", "mask")}
    blended = blender_class().composite(patch)
    outside = patch.mask[..., 0] == 0
    np.testing.assert_array_equal(blended[outside], patch.frame[outside])
    assert blended.dtype == np.float32 and blended.min() >= 0 and blended.max() <= 1
    assert not np.array_equal(blended, patch.frame)
    for name, array in before.items():
        np.testing.assert_array_equal(getattr(patch, name), array)


@pytest.mark.parametrize("blender_class", FRAME_BLENDERS)
def test_frame_blender_returns_the_frame_where_there_is_no_mask(blender_class):
    patch = replace(_frame_patch(), mask=np.zeros((30, 44, 1), np.float32))
    np.testing.assert_array_equal(blender_class().composite(patch), patch.frame)


def test_alpha_mixes_in_proportion_to_the_mask():
    patch = _frame_patch()
    frame, face, mask = (array.astype(np.float64) for array in (patch.frame, patch.face, patch.mask))
    np.testing.assert_allclose(AlphaBlender().composite(patch), frame + mask * (face - frame), atol=1e-6)
    inside = patch.mask[..., 0] == 1
    np.testing.assert_array_equal(AlphaBlender().composite(patch)[inside], patch.face[inside])


def test_alpha_of_white_on_white_does_not_round_above_one():
    white = np.ones((40, 40, 3), np.float32)
    patch = FramePatch(frame=white, face=white, mask=_noise(6, (40, 40, 1)))
    assert AlphaBlender().composite(patch).max() <= 1


def test_overlay_takes_the_face_wherever_the_mask_is_not_zero():
    patch = _frame_patch()
    support = patch.mask[..., 0] > 0
    blended = OverlayBlender().composite(patch)
    assert (patch.mask[support] < 0.5).any()
    np.testing.assert_array_equal(blended[support], patch.face[support])


def test_poisson_clone_of_the_frame_onto_itself_moves_nothing():
    patch = _frame_patch()
    np.testing.assert_array_equal(PoissonBlender().composite(replace(patch, face=patch.frame)), patch.frame)


def test_poisson_forgets_the_face_s_color_offset():
    frame = _noise(7, (40, 40, 3), 0.3, 0.6)
    patch = FramePatch(frame=frame, face=frame + np.float32(0.2), mask=(_disc(40, 12) > 0).astype(np.float32))
    np.testing.assert_allclose(PoissonBlender().composite(patch), frame, atol=1e-3)


def test_mixed_poisson_keeps_the_frame_s_stronger_gradients():
    """A flat face takes the frame's detail away, unless gradients are mixed."""
    frame = _noise(8, (40, 40, 3), 0.3, 0.7)
    patch = FramePatch(frame=frame, face=np.full_like(frame, 0.5), mask=(_disc(40, 12) > 0).astype(np.float32))
    inside = _disc(40, 8)[..., 0] == 1
    mixed = PoissonBlender(PoissonBlender.Options(mixed=True)).composite(patch)
    np.testing.assert_allclose(mixed, frame, atol=1e-3)
    assert PoissonBlender().composite(patch)[inside].std() < 0.5 * frame[inside].std()


def test_feature_laplacian_follows_its_options():
    patch = _frame_patch()
    plain = LaplacianBlender(LaplacianBlender.Options(fade=0)).composite(patch)
    np.testing.assert_allclose(plain, AlphaBlender().composite(patch), atol=1e-6)
    several = [
        LaplacianBlender(options).composite(patch)
        for options in (LaplacianBlender.Options(bands=1, fade=30), LaplacianBlender.Options(bands=3, fade=30))
    ]
    assert np.abs(several[0] - plain).max() > 0.05 and np.abs(several[0] - several[1]).max() > 0.01


@pytest.fixture(scope="module")
def portrait(tmp_path_factory: pytest.TempPathFactory) -> Frame:
    """The photograph as a frame, of which each test takes a copy."""
    path = tmp_path_factory.mktemp("portrait") / "portrait.png"
    write_image(path, astronaut())
    (frame,) = read_frames(probe(path))
    return frame


@pytest.mark.parametrize("color", [(), *((name,) for name in FACE_BLENDERS)])
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("composition", COMPOSITES)
def test_every_chain_swaps_inside_the_mask_alone(portrait, color, mask, composition):
    prepared = [prepare("blender", PluginChoice(name=name)) for name in (*color, *mask, composition)]
    require_chain(prepared)
    chain = load_chain(prepared, check=True)
    landmarks = LANDMARKS.astype(np.float32)
    to_mask = crop_matrix(landmarks, "ibug68", "full", 100)
    hull = convex_hull_mask(transform_points(to_mask, landmarks), 100)
    visible = hull.copy()
    visible[60:75, :50] = 0
    stored = {"hull": PlacedMask(hull, to_mask), "grabcut": PlacedMask(visible, to_mask)}
    frame = portrait.still()
    cut = cut_face(frame, FrameFace(landmarks, "ibug68", stored), CropSpec(64))
    assert cut is not None
    mirrored = cut.crop[:, ::-1].astype(np.float32) / 255
    patch = chain.blend(make_patch(cut, mirrored, cut.masks["hull"], 0.0))
    assert np.isfinite(patch.faces).all() and patch.faces.min() >= 0 and patch.faces.max() <= 1
    assert composite(frame, patch, chain)
    before, after = astronaut().astype(int), frame.image().astype(int)
    changed = np.abs(after - before).max(axis=2) > 0
    box = np.concatenate([landmarks.min(axis=0), landmarks.max(axis=0)])
    rows, columns = np.nonzero(changed)
    room = 0.08 * (box[2] - box[0])  # What feathering and the patch's own pixels may add.
    assert columns.min() >= box[0] - room and columns.max() <= box[2] + room
    assert rows.min() >= box[1] - room and rows.max() <= box[3] + room
    assert changed.sum() > 2500
    pixels = frame.read_box(0, 0, 512, 512)
    assert np.isfinite(pixels).all() and pixels.min() >= 0 and pixels.max() <= 1
