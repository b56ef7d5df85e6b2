"""Which face belongs to which: by moment and place, however frames are stamped and faces are numbered."""

from __future__ import annotations

import numpy as np
import pytest

from faceswap.core.errors import StoreError
from faceswap.core.evaluating.pairing import pair_faces
from faceswap.lib.crops import encode_crop
from faceswap.lib.face_records import FaceRecord, FrameRecord
from faceswap.lib.faceset import Faceset
from faceswap.lib.faceset_writer import FacesetWriter

CROP = 64
LEFT, RIGHT = (10, 10, 60, 60), (110, 10, 160, 60)


def face(box):
    return FaceRecord(
        box=np.float32(box),
        score=0.9,
        matrix=np.float32([[1, 0, -box[0]], [0, 1, -box[1]]]),
        crop=encode_crop(np.zeros((CROP, CROP, 3), np.uint8)),
    )


@pytest.fixture
def faceset(tmp_path):
    """Makes a faceset of frames, each (stamp, seconds, boxes), and opens it."""
    opened = []

    def make(name, frames, source="clip.mp4"):
        records = [FrameRecord(source, pts, time, 200, 100, tuple(map(face, boxes))) for pts, time, boxes in frames]
        with FacesetWriter.create_or_open(tmp_path / name, crop_size=CROP) as writer:
            writer.add_chunk(source, 0, records)
        opened.append(Faceset.open(tmp_path / name))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def places(pairs, fake, real):
    """Time and left side of both faces of each pair."""
    both = [(fake.face(mine), real.face(other)) for mine, other in pairs]
    return [(mine.time, other.time, mine.box[0], other.box[0]) for mine, other in both]


def test_feature_faces_go_together_by_moment_and_place(faceset):
    """The swap has another time base, knows its faces in another order, misses one and a frame."""
    moved = (12, 11, 61, 62)
    real = faceset("real", [(0, 0.0, [LEFT, RIGHT]), (40, 0.04, [LEFT, RIGHT]), (80, 0.08, [LEFT])])
    fake = faceset("fake", [(0, 0.001, [RIGHT, moved]), (512, 0.039, [RIGHT]), (2048, 0.16, [LEFT])], "swap.mp4")
    assert places(pair_faces(fake, real), fake, real) == [
        (0.001, 0.0, 110, 110),
        (0.039, 0.04, 110, 110),
        (0.001, 0.0, 12, 10),
    ]


def test_feature_sources_go_together_by_name(faceset):
    real = faceset("real", [(0, 0.0, [LEFT])], "a.png")
    fake = faceset("fake", [(0, 0.0, [LEFT])], "a.jpg")
    assert len(pair_faces(fake, real)) == 1


@pytest.mark.parametrize("frames", [[(0, 5.0, [LEFT])], [(0, 0.0, [RIGHT])]], ids=["other moment", "other place"])
def test_error_no_pair(faceset, frames):
    real, fake = faceset("real", [(0, 0.0, [LEFT]), (40, 0.04, [LEFT])]), faceset("fake", frames)
    with pytest.raises(StoreError, match=r"no face of .* at the same moment"):
        pair_faces(fake, real)
