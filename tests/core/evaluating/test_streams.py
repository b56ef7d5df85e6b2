"""Faces as streams: pictures without a face are counted once each, wherever they stand."""

from __future__ import annotations

import numpy as np
import pytest

from faceswap.core.evaluating import streams
from faceswap.core.evaluating.streams import Faces, Look, PairedFaces
from faceswap.core.facesets.recognition import Known
from faceswap.lib.crops import encode_crop
from faceswap.lib.face_records import FaceRecord, FrameRecord
from faceswap.lib.faceset import Faceset
from faceswap.lib.faceset_writer import FacesetWriter
from faceswap.lib.geometry import crop_matrix, mean_face_landmarks, transform_points

CROP = 128
SEEN = [False, True, True, False, False, True, False]
LOOK = Look(64, "full", Known("some", 0.5))


def face(shift):
    """A face whose crop is as red as the frame is far right."""
    points = mean_face_landmarks("ibug68", "head", CROP) + np.float32([shift, 0])
    matrix = crop_matrix(points, "ibug68", "head", CROP)
    crop = np.zeros((CROP, CROP, 3), np.uint8)
    crop[..., 0] = np.clip(np.arange(CROP) + round(shift), 0, 255)
    embedding = {"some": np.float32([shift, 1])}
    box = np.float32([shift, 0, shift + CROP, CROP])
    return FaceRecord(
        box=box,
        score=0.9,
        matrix=matrix,
        landmarks=points,
        scheme="ibug68",
        embeddings=embedding,
        crop=encode_crop(crop),
    )


@pytest.fixture
def faceset(tmp_path):
    frames = [
        FrameRecord("clip.mp4", index, index / 25, 400, 200, (face(8 * index),) if seen else ())
        for index, seen in enumerate(SEEN)
    ]
    with FacesetWriter.create_or_open(tmp_path / "faces", crop_size=CROP) as writer:
        writer.add_chunk("clip.mp4", 0, frames)
    with Faceset.open(tmp_path / "faces") as opened:
        yield opened


@pytest.mark.parametrize("size", [1, 2, 64])
def test_feature_pictures_without_a_face_count_once(faceset, size, monkeypatch):
    monkeypatch.setattr(streams, "_BATCH", size)
    seen: list[str] = []
    batches = list(Faces(faceset, LOOK).stream(frozenset({"embeddings"}), seen, lambda: None))
    assert sum(batch.without_face for batch in batches) == SEEN.count(False)
    assert np.concatenate([batch.embeddings[:, 0] for batch in batches]).tolist() == [8, 16, 40]
    assert seen == [stored.id for stored in faceset.faces()]
    assert batches[0].crops is None
    assert (batches[0].recognizer, batches[0].same_person_below) == ("some", 0.5)


def test_feature_pairs_are_cut_along_the_real_face(faceset):
    """A face paired with one 8 pixels to its right shows what is there: the same places of the frame."""
    first, second, _ = (stored.id for stored in faceset.faces())
    fake = PairedFaces(faceset, faceset, [(first, second)], LOOK)
    real = PairedFaces(faceset, faceset, [(second, second)], LOOK)
    needs = frozenset({"crops", "landmarks"})
    ours, theirs = (next(side.stream(needs, [], lambda: None)) for side in (fake, real))
    inner = np.s_[:, 8:-8, 8:-8, 0]
    assert np.abs(ours.crops[inner].astype(int) - theirs.crops[inner]).max() <= 2
    own = next(Faces(faceset, LOOK).stream(needs, [], lambda: None))
    assert np.abs(own.crops[:1][inner].astype(int) - theirs.crops[inner]).max() > 4
    scale = LOOK.matrix(faceset.face(second))[0, 0]
    apart = theirs.landmarks - ours.landmarks
    np.testing.assert_allclose(apart, np.broadcast_to([8 * scale, 0], apart.shape), atol=1e-3)
    np.testing.assert_allclose(
        theirs.landmarks[0],
        transform_points(LOOK.matrix(faceset.face(second)), faceset.face(second).landmarks),
        atol=1e-4,
    )
