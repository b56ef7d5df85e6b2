from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from faceswap.core.contract import CropSpec
from faceswap.core.kinds import Recognizer, SwapModel
from faceswap.core.training.likeness import Likeness, lay_back
from faceswap.core.training.validation import (
    FACES,
    Sample,
    Validator,
    held_out,
    read_likeness,
    read_sample,
    score,
    spread,
    stored_to_crop,
)
from faceswap.lib.faceset import Faceset
from faceswap.lib.geometry import crop_matrix, recut
from faceswap.lib.warp import cut

SIZE = 32


class Darker(SwapModel):
    """Answers with the crops at 9/10 of their brightness, and paints the source red."""

    masks: np.ndarray | None = None

    @property
    def crop(self) -> CropSpec:
        return CropSpec(SIZE, "full")

    def swap(self, crops: np.ndarray, identity: str = "source") -> tuple[np.ndarray, np.ndarray | None]:
        faces = crops.astype(np.float32) / np.float32(255) * np.float32(0.9)
        if identity == "source":
            faces[..., 1:] = 0
        return faces, None if self.masks is None else np.broadcast_to(self.masks, (*crops.shape[:3], 1))


class MeanColor(Recognizer):
    """Embeds a face as the direction of its mean color."""

    @property
    def crop(self) -> CropSpec:
        return CropSpec(24, "half")

    def embed(self, crops: np.ndarray) -> np.ndarray:
        colors = crops.reshape(len(crops), -1, 3).mean(axis=1).astype(np.float64)
        return (colors / np.linalg.norm(colors, axis=1, keepdims=True)).astype(np.float32)


def _sample(seed: int = 0, count: int = 3) -> Sample:
    """Noisy faces with a mask in the middle; the model's crop is the middle half of the head."""
    rng = np.random.default_rng(seed)
    heads = rng.integers(60, 200, (count, 2 * SIZE, 2 * SIZE, 3)).astype(np.uint8)
    middle = np.s_[:, SIZE // 2 : -SIZE // 2, SIZE // 2 : -SIZE // 2]
    masks = np.zeros((count, SIZE, SIZE, 1), np.float32)
    masks[:, 8:24, 6:26] = 1
    matrix = np.array([[1.0, 0.0, -SIZE / 2], [0.0, 1.0, -SIZE / 2]])
    return Sample(heads, heads[middle].copy(), masks, matrix)


@pytest.mark.parametrize(
    ("count", "share", "wanted"), [(1000, 0.05, 50), (200, 0.05, 10), (80, 0.05, 4), (90, 0.5, 45)]
)
def test_feature_held_out_faces_lie_in_stretches_over_the_whole_faceset(count: int, share: float, wanted: int) -> None:
    places = held_out(count, share)
    assert len(places) == len(set(places.tolist())) == wanted
    assert places.min() >= 0 and places.max() < count
    stretches = np.split(places, np.flatnonzero(np.diff(places) != 1) + 1)
    assert len(stretches) == {50: 4, 10: 1, 4: 1, 45: 4}[wanted]
    middles = np.array([stretch.mean() for stretch in stretches]) + 0.5
    even = (np.arange(len(stretches)) + 0.5) * count / len(stretches)
    np.testing.assert_allclose(middles, even, atol=1)


@pytest.mark.parametrize(("count", "share"), [(7, 0.05), (69, 0.05), (10_000, 0.0)])
def test_feature_too_few_faces_are_all_trained_on(count: int, share: float) -> None:
    assert len(held_out(count, share)) == 0


def test_feature_few_of_many_are_evenly_spread() -> None:
    assert spread(np.arange(100, 164)).tolist() == list(range(102, 164, 4))
    assert spread(np.arange(5)).tolist() == [0, 1, 2, 3, 4]
    assert len(spread(np.arange(0))) == 0 and len(spread(np.arange(1000))) == FACES


def test_feature_psnr_and_ssim_are_those_of_skimage_inside_the_mask() -> None:
    sample = _sample()
    figures = Validator(Darker(), {"target": sample}, None).measure()
    psnr, ssim = [], []
    for crop in sample.crops:
        answer = np.rint(crop.astype(np.float32) / np.float32(255) * np.float32(0.9) * 255).astype(np.uint8)
        inside = np.s_[8:24, 6:26]
        psnr.append(peak_signal_noise_ratio(crop[inside], answer[inside], data_range=255))
        options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "full": True}
        _, similarity = structural_similarity(crop, answer, channel_axis=2, data_range=255, **options)
        ssim.append(similarity[inside].mean())
    assert figures.keys() == {"psnr_target", "ssim_target"}
    assert figures["psnr_target"] == pytest.approx(np.mean(psnr), abs=1e-4)
    assert figures["ssim_target"] == pytest.approx(np.mean(ssim), abs=1e-4)


def test_feature_identity_is_the_distance_of_the_swap_to_the_source() -> None:
    """A red source: where the whole head is swapped the distance is 0, and the target's own where nothing is."""
    sample, recognizer = _sample(), MeanColor()
    red = np.zeros((2, 24, 24, 3), np.uint8)
    red[..., 0] = 100
    likeness = Likeness(recognizer, red)
    whole_head = np.array([[0.5, 0.0, -0.25], [0.0, 0.5, -0.25]])
    middle = np.array([[1.0, 0.0, -SIZE / 2 - 4], [0.0, 1.0, -SIZE / 2 - 4]])  # The inner 24 of the crop's 32 pixels.

    def distance(masks: np.ndarray | None, shown: np.ndarray) -> float:
        model = Darker()
        model.masks = masks
        return Validator(model, {"target": sample}, (likeness, shown)).measure()["identity"]

    nothing, everything = np.zeros((SIZE, SIZE, 1), np.float32), np.ones((SIZE, SIZE, 1), np.float32)
    colors = np.stack([head.reshape(-1, 3).mean(axis=0) for head in sample.heads.astype(np.float64)])
    units = colors / np.linalg.norm(colors, axis=1, keepdims=True)
    own = np.linalg.norm(units - [1, 0, 0], axis=1).mean()
    assert distance(nothing, whole_head) == pytest.approx(own, abs=0.02)
    assert distance(everything, middle) < 0.1 < distance(None, middle) < own


def test_feature_a_face_laid_back_changes_what_its_mask_shows() -> None:
    sample = _sample()
    face = np.zeros((SIZE, SIZE, 3), np.float32)
    laid = lay_back(sample.heads[0], face, sample.masks[0], sample.matrix)
    changed = (laid != sample.heads[0]).any(axis=2)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    assert (rows[0], rows[-1], columns[0], columns[-1]) == (16 + 8, 16 + 23, 16 + 6, 16 + 25)
    assert laid[16 + 16, 16 + 16].max() == 0  # The middle is the face alone,
    assert laid[16 + 8, 16 + 16].max() > 0  # and the edge is soft.


def test_feature_a_face_laid_back_where_it_was_is_no_change() -> None:
    head = cv2.resize(np.random.default_rng(1).integers(0, 256, (8, 8, 3)).astype(np.uint8), (64, 64))
    matrix = np.array([[0.9, 0.1, -8.0], [-0.1, 0.9, -4.0]])
    crop = cut(head, matrix, SIZE).astype(np.float32) / 255
    laid = lay_back(head, crop, np.ones((SIZE, SIZE, 1), np.float32), matrix)
    assert np.abs(laid.astype(int) - head).mean() < 1.5


def test_feature_samples_are_cut_as_the_model_sees_them(tmp_path: Path, make_faceset: Callable[..., Path]) -> None:
    path, spec = make_faceset(tmp_path / "faces", count=6), CropSpec(SIZE, "full")
    sample = read_sample(path, np.array([1, 4]), spec)
    with Faceset.open(path) as faceset:
        faces = [list(faceset.faces())[place] for place in (1, 4)]
        for number, face in enumerate(faces):
            wanted = crop_matrix(face.landmarks, "ibug68", "full", SIZE)
            expected = cut(faceset.read_crop(face), recut(face.matrix, wanted), SIZE)
            assert (sample.heads[number] == faceset.read_crop(face)).all()
            assert np.abs(sample.crops[number].astype(int) - expected).max() <= 1
    assert sample.masks.shape == (2, SIZE, SIZE, 1) and 0.2 < sample.masks.mean() < 0.9


def test_feature_a_faceset_is_near_to_itself_and_far_from_another(
    facesets: tuple[Path, Path], tmp_path: Path, make_faceset: Callable[..., Path]
) -> None:
    recognizer = MeanColor()
    target = make_faceset(tmp_path / "target", (60, 80, 150), count=5)
    sample = read_sample(target, np.arange(5), CropSpec(SIZE, "full"))
    same = sample.crops.astype(np.float32) / 255
    near, far = (
        read_likeness(path, recognizer).distance(
            sample.heads, same, sample.masks, sample.matrix, stored_to_crop(target, recognizer.crop)
        )
        for path in (target, facesets[0])
    )
    assert near < 0.05 < 0.3 < far


def test_feature_the_score_weighs_likeness_and_identity() -> None:
    assert score({"ssim_source": 0.8, "ssim_target": 0.9, "psnr_source": 30.0}) == pytest.approx(0.85)
    assert score({"ssim_source": 0.8, "ssim_target": 0.9, "identity": 0.5}) == pytest.approx(0.35)
    assert score({"ssim_target": 0.9, "identity": 0.5}) == pytest.approx(0.4)
