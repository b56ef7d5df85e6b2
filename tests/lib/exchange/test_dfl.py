"""A folder of aligned JPEGs with geometry: the files are made here, as their documented fields say."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.data import astronaut
from skimage.metrics import peak_signal_noise_ratio

from faceswap.lib.errors import StoreError
from faceswap.lib.exchange.dfl import read_dfl
from faceswap.lib.geometry import compose, crop_matrix, mean_face_landmarks, transform_points
from faceswap.lib.warp import cut

SIZE = 192


def frame_landmarks() -> NDArray[np.float32]:
    """Landmarks on the astronaut's face, near enough."""
    return (mean_face_landmarks("ibug68", "half", 110) + np.array([170, 70])).astype(np.float32)


def other_matrix() -> NDArray[np.float64]:
    """Another tool's alignment: a `whole` crop like ours, turned by 4 degrees and enlarged by 6 %."""
    ours = crop_matrix(frame_landmarks(), "ibug68", "whole", SIZE)
    turn = cv2.getRotationMatrix2D((SIZE / 2, SIZE / 2), 4, 1.06)
    return compose(ours.astype(np.float64), turn)


def fields(**changed: Any) -> dict[str, Any]:
    landmarks, matrix = frame_landmarks(), other_matrix()
    return {
        "face_type": "whole_face",
        "shape": (SIZE, SIZE, 3),
        "landmarks": transform_points(matrix, landmarks.astype(np.float64)).tolist(),
        "source_filename": "00017.png",
        "source_rect": [np.int32(170), 70, 280, 190],
        "source_landmarks": landmarks.tolist(),
        "image_to_face_mat": matrix,
        "seg_ie_polys": {"polys": []},
        "xseg_mask": None,
        **changed,
    }


def write_dfl(path: Path, data: Any, protocol: int = 4) -> Path:
    """Writes the aligned face of the astronaut with its geometry."""
    crop = np.asarray(cut(astronaut(), other_matrix(), SIZE), np.uint8)
    coded = cv2.imencode(".jpg", crop[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 98])[1].tobytes()
    content = data if isinstance(data, bytes) else pickle.dumps(data, protocol)
    segment = b"\xff\xef" + (len(content) + 2).to_bytes(2, "big") + content
    path.write_bytes(coded[:2] + segment + coded[2:])
    return path


@pytest.mark.parametrize("protocol", range(2, 6))
def test_the_crop_is_what_extraction_would_have_cut(tmp_path: Path, protocol: int) -> None:
    face = read_dfl(write_dfl(tmp_path / "00017_0.jpg", fields(), protocol))
    assert (face.source, face.face_type, face.size) == ("00017.png", "whole", SIZE)
    np.testing.assert_array_equal(face.box, [170, 70, 280, 190])
    record = face.record("full", 128)
    wanted = crop_matrix(frame_landmarks(), "ibug68", "full", 128)
    np.testing.assert_allclose(record.matrix, wanted, rtol=1e-5)
    crop = cv2.imdecode(np.frombuffer(record.crop, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    assert peak_signal_noise_ratio(cut(astronaut(), wanted, 128), crop) > 32


def test_without_a_matrix_the_landmarks_give_it(tmp_path: Path) -> None:
    face = read_dfl(write_dfl(tmp_path / "a.jpg", fields(image_to_face_mat=None, source_rect=None)))
    np.testing.assert_allclose(face.matrix, other_matrix(), atol=1e-3)
    np.testing.assert_allclose(face.box[:2], frame_landmarks().min(axis=0) + 0.5)


HUGE: list[Any] = [0.5, 0.5]
for _ in range(3):
    HUGE = [HUGE] * 68


class Harm:
    def __init__(self, trace: str) -> None:
        self.trace = trace

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.trace}",)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"no pickle", "it has none"),
        (b"\x80\x04damaged", "damaged"),
        (fields(face_type="mark_only"), "face_type"),
        (fields(source_landmarks=HUGE), "source_landmarks"),
        (fields(source_landmarks=[[0, float("nan")]] * 68), "source_landmarks"),
        (fields(shape=None), "shape"),
        (fields(image_to_face_mat=np.zeros((2, 3))), "inverted"),
        (fields(image_to_face_mat=other_matrix() + np.array([[0, 0, 40], [0, 0, 0]])), "contradict"),
        ([1, 2], "no dict"),
    ],
    ids=["none", "damaged", "face-type", "huge", "nan", "no-size", "flat-matrix", "contradiction", "list"],
)
def test_files_of_another_kind_are_told_in_one_line(tmp_path: Path, data: Any, said: str) -> None:
    path = write_dfl(tmp_path / "bad.jpg", data)
    with pytest.raises(StoreError, match=said) as told:
        read_dfl(path)
    assert str(path) in str(told.value) and "\n" not in str(told.value)


@pytest.mark.parametrize("protocol", range(2, 6))
def test_a_hostile_file_never_runs(tmp_path: Path, protocol: int) -> None:
    trace = tmp_path / "ran"
    path = write_dfl(tmp_path / "bad.jpg", fields(source_filename=Harm(str(trace))), protocol)
    with pytest.raises(StoreError, match="system"):
        read_dfl(path)
    assert not trace.exists()


def test_a_picture_of_another_size_is_refused(tmp_path: Path) -> None:
    face = read_dfl(write_dfl(tmp_path / "a.jpg", fields(shape=(100, 100, 3))))
    with pytest.raises(StoreError, match="must be 100 x 100"):
        face.record("whole", 64)


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    whole = write_dfl(tmp_path / "a.jpg", fields()).read_bytes()
    for length in range(0, 6000, 97):
        (tmp_path / "cut.jpg").write_bytes(whole[:length])
        try:
            face = read_dfl(tmp_path / "cut.jpg")
        except StoreError:
            continue
        assert face.source == "00017.png"  # Only once all of the segment is there.
