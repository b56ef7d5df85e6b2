"""The functions of the page on facesets do what it says."""

from __future__ import annotations

import numpy as np
from pages import run_page

from faceswap.lib.crops import encode_crop
from faceswap.lib.face_records import FaceRecord, FrameRecord
from faceswap.lib.faceset_writer import FacesetWriter


def test_feature_blurred_faces_go_and_frontal_ones_are_read(tmp_path, monkeypatch) -> None:
    module = run_page("docs/facesets.md", tmp_path, monkeypatch)
    faces = tuple(
        FaceRecord(
            box=np.zeros(4, np.float32),
            score=0.5,
            matrix=np.eye(2, 3, dtype=np.float32),
            crop=encode_crop(np.full((8, 8, 3), 10 * number, np.uint8)),
            sharpness=10.0 * number,
            yaw=4.0 * number,
        )
        for number in range(5)
    )
    with FacesetWriter.create_or_open(tmp_path / "faces", crop_size=8) as faceset:
        faceset.add_chunk("a", 0, [FrameRecord("a", 0, 0.0, 8, 8, faces)])
    assert module.remove_blurred(tmp_path / "faces", 15) == 2
    (picture,) = module.frontal_pictures(tmp_path / "faces")
    assert int(picture.mean()) == 20
