"""Two small facesets that training tests share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from faceswap.lib.crops import encode_crop
from faceswap.lib.face_records import FaceRecord, FrameRecord
from faceswap.lib.faceset_writer import FacesetWriter
from faceswap.lib.geometry import crop_matrix, mean_face_landmarks

MakeFaceset = Callable[..., Path]

CROP = 128


def _face(rng: np.random.Generator, tint: tuple[int, int, int], masked: bool) -> FaceRecord:
    """A smooth picture of one color with a darker oval, and a mask of the oval."""
    coarse = rng.integers(0, 60, (5, 5, 3)) + np.array(tint)
    crop = cv2.resize(coarse.astype(np.float32), (CROP, CROP), interpolation=cv2.INTER_CUBIC)
    mask = np.zeros((CROP // 2, CROP // 2, 1), np.float32)
    cv2.ellipse(mask, (32, 36), (12, 16), 0, 0, 360, 1.0, -1)
    crop = crop * (1 - 0.3 * cv2.resize(mask, (CROP, CROP))[..., None])
    landmarks = mean_face_landmarks("ibug68", "head", CROP)
    return FaceRecord(
        box=np.array([30, 30, 98, 98], np.float32),
        score=0.9,
        matrix=crop_matrix(landmarks, "ibug68", "head", CROP),
        landmarks=landmarks,
        scheme="ibug68",
        crop=encode_crop(np.clip(crop, 0, 255).astype(np.uint8)),
        masks={"oval": mask} if masked else {},
    )


@pytest.fixture(scope="session")
def make_faceset() -> MakeFaceset:
    """Makes a faceset of some tinted faces in a folder."""

    def make(path: Path, tint: tuple[int, int, int] = (120, 90, 80), count: int = 7, masked: bool = True) -> Path:
        rng = np.random.default_rng(sum(tint))
        frames = [
            FrameRecord("clip.mp4", index, index / 25, 320, 240, (_face(rng, tint, masked),)) for index in range(count)
        ]
        with FacesetWriter.create_or_open(path, crop_size=CROP) as faceset:
            faceset.add_chunk("clip.mp4", 0, frames)
        return path

    return make


@pytest.fixture(scope="session")
def facesets(tmp_path_factory: pytest.TempPathFactory, make_faceset: MakeFaceset) -> tuple[Path, Path]:
    """A source of seven reddish faces and a target of five bluish ones, for reading only."""
    folder = tmp_path_factory.mktemp("facesets")
    return make_faceset(folder / "source"), make_faceset(folder / "target", (60, 80, 150), count=5)
