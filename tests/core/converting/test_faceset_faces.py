"""The faces that a conversion takes from a faceset: smoothed along their tracks, and those that were selected."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from faceswap.core.converting.faces import FacesetFaces, FrameFace, has_tracks
from faceswap.lib.crops import encode_crop
from faceswap.lib.face_records import FaceRecord, FrameRecord
from faceswap.lib.faceset import Faceset
from faceswap.lib.faceset_writer import FacesetWriter
from faceswap.lib.geometry import crop_matrix, mean_face_landmarks, transform_points
from faceswap.lib.media import FrameKey
from faceswap.lib.smoothing import smooth_landmarks

FRAMES, SIZE = 30, 64


def _landmarks(person: int) -> np.ndarray:
    """A face that drifts and jitters, `[frames 68 2]`."""
    noise = np.random.default_rng(person).normal(0, 0.4, (FRAMES, 68, 2))
    drift = np.arange(FRAMES)[:, None, None] * [0.5, 0.2]
    return (mean_face_landmarks("ibug68", "head", 200) + 300 * person + drift + noise).astype(np.float32)


def _record(landmarks: np.ndarray) -> FaceRecord:
    return FaceRecord(
        box=np.zeros(4, np.float32),
        score=0.9,
        matrix=crop_matrix(landmarks, "ibug68", "head", SIZE),
        landmarks=landmarks,
        scheme="ibug68",
        crop=encode_crop(np.zeros((SIZE, SIZE, 3), np.uint8)),
        masks={"oval": np.ones((SIZE // 2, SIZE // 2, 1), np.float32)},
    )


@pytest.fixture
def faceset(tmp_path: Path) -> Iterator[Faceset]:
    """Two people in each frame, whose order changes from frame to frame, on tracks 4 and 7; the first face on none."""
    people = [_landmarks(0), _landmarks(1)]
    with FacesetWriter.create_or_open(tmp_path / "faces", crop_size=SIZE) as writer:
        frames = [
            FrameRecord(
                "clip.mp4", pts, pts / 25, 800, 800, tuple(_record(people[(pts + place) % 2][pts]) for place in (0, 1))
            )
            for pts in range(FRAMES)
        ]
        writer.add_chunk("clip.mp4", 0, frames)
        assert not has_tracks(writer)
        writer.note_tracks({face.id: (4, 7)[(face.pts + face.index) % 2] for face in writer.faces()})
        writer.note_tracks({next(writer.faces()).id: None})
        assert has_tracks(writer)
    with Faceset.open(tmp_path / "faces") as opened:
        yield opened


def _shown(faces: FacesetFaces) -> dict[tuple[int, int], FrameFace]:
    """The faces by frame and track."""
    return {(pts, face.track): face for pts in range(FRAMES) for face in faces.faces(FrameKey("clip.mp4", pts))}


def test_landmarks_are_smoothed_along_tracks(faceset: Faceset) -> None:
    shown = _shown(FacesetFaces(faceset, smooth=1.0))
    times = np.arange(FRAMES) / 25
    expected = {4: smooth_landmarks(_landmarks(0)[1:], times[1:], 1.0), 7: smooth_landmarks(_landmarks(1), times, 1.0)}
    for (pts, track), face in shown.items():
        wanted = _landmarks(0)[0] if track < 0 else expected[track][pts - (track == 4)]
        np.testing.assert_allclose(face.landmarks, wanted, atol=1e-3)
    assert sorted(shown) == sorted([(0, -1), (0, 7), *((pts, track) for pts in range(1, FRAMES) for track in (4, 7))])


def test_a_mask_moves_with_its_face(faceset: Faceset) -> None:
    for smooth in (0.0, 2.0):
        for face in _shown(FacesetFaces(faceset, smooth)).values():
            matrix = crop_matrix(face.landmarks, "ibug68", "head", SIZE // 2)
            points = [transform_points(place, face.landmarks) for place in (matrix, face.masks["oval"].matrix)]
            np.testing.assert_allclose(*points, atol=0.01)


def test_without_smoothing_landmarks_are_the_stored_ones(faceset: Faceset) -> None:
    shown = _shown(FacesetFaces(faceset))
    for (pts, track), face in shown.items():
        assert np.array_equal(face.landmarks, _landmarks(int(track == 7))[pts])


def test_only_selected_faces_are_given(faceset: Faceset) -> None:
    chosen = {face.id: 2 for face in faceset.faces() if face.track == 7}
    faces = FacesetFaces(faceset, 1.0, chosen)
    shown = _shown(faces)
    assert sorted(shown) == [(pts, 7) for pts in range(FRAMES)]
    assert {face.model for face in shown.values()} == {2}
    assert sorted(faces.table().ids.tolist()) == sorted(chosen)


def test_digest_tells_what_faces_depend_on(faceset: Faceset) -> None:
    some = {face.id: 0 for face in faceset.faces() if face.track == 7}
    other = dict.fromkeys(some, 1)
    made = [(0.0, None), (1.0, None), (2.0, None), (0.0, some), (1.0, some), (0.0, {}), (0.0, other)]
    digests = [FacesetFaces(faceset, *settings).digest() for settings in made]
    assert len(set(digests)) == len(made)
    assert digests[0] == FacesetFaces(faceset, 0.0, None).digest()
