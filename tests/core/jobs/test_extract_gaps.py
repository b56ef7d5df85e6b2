"""Gaps in which the detector missed a face: they are filled, unless somebody took the face out."""

from __future__ import annotations

import numpy as np
import pytest
from head_films import FRAMES, content, extract, film, picture, pixel_at

from faceswap.lib.faceset import Faceset
from faceswap.lib.faceset_writer import FacesetWriter
from faceswap.lib.geometry import transform_points
from faceswap.lib.media import write_image

HIDDEN = (5, 6)
"""Frames in which a green board hides the eyes, so that the detector misses the face."""


@pytest.fixture(scope="module")
def hidden_movie(tmp_path_factory):
    return film(tmp_path_factory.mktemp("media") / "hidden.mp4", hidden=HIDDEN)


def faces_of(folder):
    with Faceset.open(folder) as faceset:
        return {round(face.time * 25): face for face in faceset.faces()}


def test_faces_that_the_detector_missed_are_filled_in(hidden_movie, tmp_path):
    plain = extract(hidden_movie, tmp_path / "plain", fill_gaps=0, workers=1)
    assert (plain.faces, plain.faces_filled, plain.tracks) == (FRAMES - len(HIDDEN), 0, 1)
    report = extract(hidden_movie, tmp_path / "filled", chunk_frames=4, workers=1)
    assert (report.faces, report.faces_filled, report.tracks) == (FRAMES, len(HIDDEN), 1)
    assert report.frames_extracted == FRAMES
    faces = faces_of(tmp_path / "filled")
    assert [number for number, face in faces.items() if face.score == 0] == list(HIDDEN)
    assert {face.track for face in faces.values()} == {0}
    with Faceset.open(tmp_path / "filled") as faceset:
        for number in HIDDEN:
            face, share = faces[number], (number - 4) / 3
            np.testing.assert_allclose(face.box, (1 - share) * faces[4].box + share * faces[7].box, rtol=1e-5)
            between = (1 - share) * faces[4].landmarks + share * faces[7].landmarks
            assert np.abs(face.landmarks - between).max() < 6
            crop, eyes = faceset.read_crop(face), transform_points(face.matrix, face.landmarks)[:4].mean(axis=0)
            assert pixel_at(crop, eyes) == pytest.approx((0, 160, 0), abs=30)
            assert faceset.read_mask(face, "ellipse").mean() > 0.05
    assert content(tmp_path / "plain") != content(tmp_path / "filled")
    again = extract(hidden_movie, tmp_path / "plain", workers=2, chunk_frames=4)
    assert (again.frames_extracted, again.faces_filled) == (0, len(HIDDEN))
    assert content(tmp_path / "plain") == content(tmp_path / "filled")
    assert extract(hidden_movie, tmp_path / "filled").faces_filled == 0
    assert content(tmp_path / "plain") == content(tmp_path / "filled")


def test_faces_that_a_person_took_out_are_not_filled_in(movie, hidden_movie, tmp_path):
    extract(movie, tmp_path / "faces", workers=1)
    faces = faces_of(tmp_path / "faces")
    faces[4].crop.unlink()
    with FacesetWriter.open(tmp_path / "faces") as faceset:
        faceset.remove([faces[7].id])
    report = extract(movie, tmp_path / "faces", workers=1)
    assert (report.faces, report.faces_filled, report.tracks) == (FRAMES - 2, 0, 1)
    extract(hidden_movie, tmp_path / "filled", workers=1)
    faces_of(tmp_path / "filled")[HIDDEN[0]].crop.unlink()
    assert extract(hidden_movie, tmp_path / "filled", workers=1).faces == FRAMES - 1


def test_images_are_not_linked(tmp_path):
    media = tmp_path / "images"
    media.mkdir()
    for name in ("a.png", "b.png", "c.png"):
        write_image(media / name, picture())
    assert extract(media, tmp_path / "faces", workers=1).tracks == 3
