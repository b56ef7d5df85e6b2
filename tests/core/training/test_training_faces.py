from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from faceswap.core.contract import CropSpec
from faceswap.core.errors import Cancelled, StoreError
from faceswap.core.training.faces import TrainingFaces, cut_crops, training_faces, training_side
from faceswap.lib.faceset import Faceset
from faceswap.lib.geometry import crop_matrix, recut
from faceswap.lib.warp import cut

SPEC = CropSpec(64, "full")


def _ignore(done: int, total: int) -> None:
    """Watches nothing."""


def _load(path: Path, cache: Path, spec: CropSpec = SPEC, watch: Callable[[int, int], None] = _ignore) -> TrainingFaces:
    return training_faces(path, "source", spec, cache, watch)


def test_feature_sides() -> None:
    assert training_side(64) == 128
    assert training_side(128) == 256


def test_feature_faces_are_cut_by_their_landmarks_with_the_margin(facesets: tuple[Path, Path], tmp_path: Path) -> None:
    got = _load(facesets[0], tmp_path / "cache")
    assert got.pictures.shape == (7, 128, 128, 3) and got.pictures.dtype == np.uint8
    assert got.masks.shape == (7, 128, 128, 3) and got.masked
    with Faceset.open(facesets[0]) as faceset:
        for index, face in enumerate(faceset.faces()):
            # 160 of 256 parts of the training face are the model's crop.
            wanted = crop_matrix(face.landmarks, "ibug68", "full", 128, coverage=256 / 160)
            expected = cut(faceset.read_crop(face), recut(face.matrix, wanted), 128)
            assert np.abs(got.pictures[index].astype(int) - expected).max() <= 1


def test_feature_middle_of_a_training_face_is_the_models_crop(facesets: tuple[Path, Path], tmp_path: Path) -> None:
    got = _load(facesets[0], tmp_path / "cache")
    with Faceset.open(facesets[0]) as faceset:
        crops = cut_crops(faceset, list(faceset.faces()), SPEC)
    middle = got.pictures[:, 24:104, 24:104]  # 80 pixels for the 64 of the crop.
    for picture, crop in zip(middle, crops, strict=True):
        resized = cv2.resize(picture, (64, 64), interpolation=cv2.INTER_LINEAR)
        assert np.abs(resized.astype(float) - crop).mean() < 1.5


def test_feature_masks_lie_on_their_faces(facesets: tuple[Path, Path], tmp_path: Path) -> None:
    got = _load(facesets[0], tmp_path / "cache")
    with Faceset.open(facesets[0]) as faceset:
        face = next(faceset.faces())
        large = cv2.resize(faceset.read_mask(face, "oval"), (128, 128))[..., None]
        wanted = crop_matrix(face.landmarks, "ibug68", "full", 128, coverage=256 / 160)
        expected = cut(large, recut(face.matrix, wanted), 128, border="zero")
    assert np.abs(got.masks[0, ..., :1] / 255 - expected).mean() < 0.01
    assert 0.1 < (got.masks[0, ..., 0] > 127).mean() < 0.6


def test_feature_eyes_and_mouth_lie_on_their_landmarks(facesets: tuple[Path, Path], tmp_path: Path) -> None:
    got = _load(facesets[0], tmp_path / "cache")
    with Faceset.open(facesets[0]) as faceset:
        landmarks = next(faceset.faces()).landmarks
    wanted = crop_matrix(landmarks, "ibug68", "full", 128, coverage=256 / 160)
    eyes, mouth = (got.masks[0, ..., channel] for channel in (1, 2))
    columns, rows = np.rint(landmarks @ wanted[:, :2].T + wanted[:, 2]).astype(int).T
    assert (eyes[rows[36:48], columns[36:48]] == 255).all() and (mouth[rows[48:], columns[48:]] == 255).all()
    assert (eyes[rows[48:], columns[48:]] == 0).all() and (mouth[rows[:48], columns[:48]] == 0).all()
    assert 0.01 < (eyes > 0).mean() < 0.1 and 0.01 < (mouth > 0).mean() < 0.1


def test_feature_second_call_takes_the_cache(facesets: tuple[Path, Path], tmp_path: Path) -> None:
    calls: list[tuple[int, int]] = []
    first = _load(facesets[0], tmp_path / "cache", watch=lambda *told: calls.append(told))
    assert calls[0] == (0, 7) and calls[-1] == (7, 7)
    calls.clear()
    second = _load(facesets[0], tmp_path / "cache", watch=lambda *told: calls.append(told))
    assert calls == []
    assert isinstance(second.pictures, np.memmap) and not second.pictures.flags.writeable
    assert (first.pictures == second.pictures).all() and (first.masks == second.masks).all()


def test_feature_cache_follows_faceset_and_crop(make_faceset: Callable[..., Path], tmp_path: Path) -> None:
    path, cache = make_faceset(tmp_path / "faces", count=2), tmp_path / "cache"
    before = _load(path, cache)
    names = sorted(entry.name for entry in cache.iterdir())

    with Faceset.open(path) as faceset:
        crop = next(faceset.faces()).crop
    picture = cv2.imread(str(crop))
    cv2.imwrite(str(crop), 255 - picture)
    os.utime(crop, ns=(1, 1))
    after = _load(path, cache)
    assert np.abs(after.pictures[0].astype(int) - before.pictures[0]).mean() > 20
    assert (after.pictures[1] == before.pictures[1]).all()
    replaced = sorted(entry.name for entry in cache.iterdir())
    assert len(replaced) == 2 and replaced != names

    assert _load(path, cache, CropSpec(64, "half")).pictures.shape == before.pictures.shape
    assert sorted(entry.name for entry in cache.iterdir()) != replaced
    assert len(list(cache.iterdir())) == 2


def test_feature_without_masks_the_whole_crop_is_face(make_faceset: Callable[..., Path], tmp_path: Path) -> None:
    path = make_faceset(tmp_path / "faces", count=2, masked=False)
    got = _load(path, tmp_path / "cache")
    assert not got.masked
    assert got.masks.shape == (2, 128, 128, 3) and (got.masks[[1, 0], ..., 0] == 255).all()


def test_feature_stopping_leaves_no_half_file(facesets: tuple[Path, Path], tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        if done == 3:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        _load(facesets[0], tmp_path / "cache", watch=stop)
    assert list((tmp_path / "cache").iterdir()) == []
    assert len(_load(facesets[0], tmp_path / "cache")) == 7


def test_error_empty_faceset(make_faceset: Callable[..., Path], tmp_path: Path) -> None:
    path = make_faceset(tmp_path / "faces", count=0)
    with pytest.raises(StoreError, match="holds no face"):
        _load(path, tmp_path / "cache")


def test_feature_faces_whose_crop_was_deleted_are_left_out(make_faceset: Callable[..., Path], tmp_path: Path) -> None:
    path = make_faceset(tmp_path / "faces", count=3)
    before = _load(path, tmp_path / "cache")
    with Faceset.open(path) as faceset:
        next(faceset.faces()).crop.unlink()
    after = _load(path, tmp_path / "cache")
    assert np.array_equal(after.pictures, before.pictures[1:])
