from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from faceswap.core.contract import CropSpec
from faceswap.core.errors import PluginError, StoreError
from faceswap.core.facesets import recognition
from faceswap.core.kinds import Generator, TrainableModel
from faceswap.core.training.facesets import faceset_warnings
from faceswap.lib.crops import encode_crop
from faceswap.lib.face_records import FaceRecord, FrameRecord, Stage
from faceswap.lib.faceset_writer import FacesetWriter
from faceswap.lib.geometry import crop_matrix, mean_face_landmarks

SPEC = CropSpec(64, "full")


def _faceset(
    path: Path,
    count: int = 100,
    crop: int = 128,
    face_type: str = "head",
    embedding: list[float] | None = None,
    clip: str = "clip.mp4",
) -> Path:
    """Gray faces; the embedding is given to each, a little turned."""
    landmarks = mean_face_landmarks("ibug68", face_type, crop)
    faces = []
    for number in range(count):
        vector = np.array([*(embedding or [1.0]), 0.1 * (-1) ** number], np.float32)
        faces.append(
            FaceRecord(
                box=np.array([0, 0, crop, crop], np.float32),
                score=0.9,
                matrix=crop_matrix(landmarks, "ibug68", face_type, crop),
                landmarks=landmarks,
                scheme="ibug68",
                crop=encode_crop(np.full((crop, crop, 3), 90, np.uint8)),
                embeddings={"judge": vector / np.linalg.norm(vector)} if embedding else {},
            )
        )
    stages = [Stage("recognizer", "judge", "1.0", "0" * 16)] if embedding else []
    with FacesetWriter.create_or_open(path, crop_size=crop, face_type=face_type, stages=stages) as writer:
        frames = [FrameRecord(clip, index, index / 25, 320, 240, (face,)) for index, face in enumerate(faces)]
        writer.add_chunk(clip, 0, frames)
    return path


def _warnings(*paths: Path, spec: CropSpec = SPEC, kind: type[Any] = TrainableModel, begun: bool = False) -> list[str]:
    class Trained(kind):  # type: ignore[misc]
        crop = spec

    return faceset_warnings(dict(zip(Trained.identities, paths, strict=True)), Trained(), begun=begun)


@pytest.fixture(scope="module")
def enough(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _faceset(tmp_path_factory.mktemp("enough") / "faces")


def test_feature_good_facesets_are_passed_over_in_silence(enough: Path, tmp_path: Path) -> None:
    assert _warnings(enough, _faceset(tmp_path / "other", crop=160)) == []


@pytest.mark.parametrize(("count", "said"), [(0, "holds no face"), (1, "holds 1 face,")])
def test_error_too_few_faces(enough: Path, tmp_path: Path, count: int, said: str) -> None:
    with pytest.raises(StoreError, match=f"{said}.* training needs 2 at least; extract"):
        _warnings(enough, _faceset(tmp_path / "few", count))


def test_feature_few_faces(enough: Path, tmp_path: Path) -> None:
    (line,) = _warnings(_faceset(tmp_path / "few", 99), enough)
    assert "few holds 99 faces" in line and "\n" not in line
    assert _warnings(tmp_path / "few", enough, begun=True) == []


def test_feature_a_generator_needs_more_faces_than_a_model(enough: Path) -> None:
    (line,) = _warnings(enough, kind=Generator)
    assert f"{enough} holds 100 faces; with fewer than 500, a generator learns them by heart" in line


def test_feature_crops_smaller_than_the_model_sees(enough: Path) -> None:
    size = 256
    lines = _warnings(enough, enough, spec=CropSpec(size, "full"))
    # The side of `full` is a share of that of `head`, by the landmarks that both have.
    spread = [np.ptp(mean_face_landmarks("ibug68", kind, 128), axis=0)[0] for kind in ("head", "full")]
    pixels = int(128 * spread[0] / spread[1])
    assert len(lines) == 2 and f"(128 px) give {pixels} pixels for the model's 256" in lines[0]
    named = int(lines[0].partition("--crop-size ")[2].partition(" ")[0])
    assert (named - 1) * spread[0] / spread[1] < size <= named * spread[0] / spread[1]


def test_feature_crops_that_show_less_than_the_model_sees(enough: Path, tmp_path: Path) -> None:
    narrow = _faceset(tmp_path / "narrow", face_type="half")
    (line,) = _warnings(enough, narrow)
    assert "(128 px, half) show less of the head than the model sees (full)" in line


def _installed(monkeypatch: pytest.MonkeyPatch, limit: float | None) -> None:
    """Puts a recognizer in the place of whatever is installed; None for one that no longer is."""

    def prepare(kind: str, choice: Any) -> Any:
        assert (kind, choice.name) == ("recognizer", "judge")
        if limit is None:
            raise PluginError("unknown")
        return SimpleNamespace(plugin=SimpleNamespace(same_person_below=limit))

    monkeypatch.setattr(recognition, "prepare", prepare)


@pytest.mark.parametrize(("limit", "warns"), [(0.5, False), (0.8, True), (None, False)])
def test_feature_the_same_person_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: float | None, warns: bool
) -> None:
    """The mean embeddings stand at an angle of 40 degrees: 2 sin 20 = 0.684 apart."""
    angle = np.radians(40)
    source = _faceset(tmp_path / "source", embedding=[1.0, 0.0])
    target = _faceset(tmp_path / "target", embedding=[float(np.cos(angle)), float(np.sin(angle))])
    _installed(monkeypatch, limit)
    lines = _warnings(source, target)
    assert len(lines) == warns
    if warns:
        assert "seem to show the same person: judge puts them 0.68 apart" in lines[0] and "0.80" in lines[0]


@pytest.mark.parametrize(("others", "people"), [(0, 0), (8, 0), (40, 2)])
def test_feature_several_people_in_one_faceset(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, others: int, people: int
) -> None:
    """The embeddings of both people stand at a right angle; a handful of the other's faces is no person."""
    path = tmp_path / "faces"
    _faceset(path, 100 - others, embedding=[1.0, 0.0])
    _faceset(path, others, embedding=[0.0, 1.0], clip="other.mp4")
    _installed(monkeypatch, 0.8)
    lines = [line for line in _warnings(path, kind=Generator) if "seems to show" in line]
    assert len(lines) == bool(people)
    assert all(f"{path} seems to show {people} people" in line for line in lines)


def test_feature_facesets_without_embeddings_cannot_be_compared(
    enough: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _installed(monkeypatch, 2.0)
    assert _warnings(enough, _faceset(tmp_path / "source", embedding=[1.0, 0.0])) == []
