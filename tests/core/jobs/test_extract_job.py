"""Extraction end to end on a small film of the astronaut: what a run makes of it, whoever does the work."""

from __future__ import annotations

import numpy as np
import pytest
from head_films import FACE, FRAMES, KILLED, content, extract, picture, pixel_at

from faceswap.core.errors import MediaError, PluginError
from faceswap.core.host import PluginChoice
from faceswap.core.jobs.extract import ExtractJob
from faceswap.core.jobs.job import run_job
from faceswap.lib.face_measures import measure_face
from faceswap.lib.faceset import Faceset
from faceswap.lib.geometry import transform_points
from faceswap.lib.media import VideoWriter, write_image


def test_film_becomes_a_faceset(movie, tmp_path):
    events = []
    report = run_job(ExtractJob(media=movie, faceset=tmp_path / "faces", workers=1, chunk_frames=5), events.append)
    assert (report.frames, report.faces, report.frames_without_face, report.workers) == (FRAMES, FRAMES, 0, 1)
    assert report.warnings == ()
    assert [event for event in events if event.type == "progress"][-1].done == FRAMES
    with Faceset.open(tmp_path / "faces") as faceset:
        stages = [(stage.kind, stage.name) for stage in faceset.stages]
        assert stages == [("aligner", "dlib-68"), ("detector", "dlib-hog"), ("masker", "hull")]
        times = [frame.time for frame in faceset.frames()]
        np.testing.assert_allclose(times, np.arange(FRAMES) / 25)
        for number, face in enumerate(faceset.faces()):
            middle = face.landmarks[27:36].mean(axis=0)  # the nose
            assert np.abs(middle - FACE - (2 * number, -10)).max() < 8
            crop, mask = faceset.read_crop(face), faceset.read_mask(face, "hull")
            assert crop.shape == (512, 512, 3)
            assert mask.shape == (256, 256, 1)
            found = measure_face(crop, face.matrix, "head", face.landmarks, face.scheme)
            assert (face.size, face.yaw) == pytest.approx((found.size, found.yaw), rel=1e-5)
            assert face.sharpness == pytest.approx(found.sharpness, rel=0.05)  # Measured before it became a JPEG.
            assert pixel_at(picture(2 * number), face.landmarks[30]) == pytest.approx(
                pixel_at(crop, transform_points(face.matrix, face.landmarks)[30]), abs=12
            )
            x, y = np.rint(transform_points(face.matrix, face.landmarks)[30] / 2).astype(int)
            assert mask[y, x, 0] == 1


@pytest.mark.slow
def test_number_of_workers_changes_nothing(movie, tmp_path):
    recognizer = PluginChoice(name="dlib-resnet")
    for workers in (1, 2):
        folder = tmp_path / str(workers)
        assert extract(movie, folder, workers=workers, chunk_frames=3, recognizer=recognizer).workers == workers
    assert content(tmp_path / "1") == content(tmp_path / "2")
    with Faceset.open(tmp_path / "1") as faceset:
        vectors = faceset.embeddings("dlib-resnet")
    assert vectors.shape == (FRAMES, 128)
    assert np.linalg.norm(vectors - vectors[0], axis=1).max() < 0.42


def test_folder_of_images(tmp_path):
    media = tmp_path / "images"
    media.mkdir()
    for name, shift in (("b.png", 0), ("a.png", 20)):
        write_image(media / name, picture(shift))
    write_image(media / "c.png", np.full((64, 50, 3), 128, np.uint8))
    report = extract(media, tmp_path / "faces", workers=1)
    assert (report.frames, report.faces, report.frames_without_face) == (3, 2, 1)
    with Faceset.open(tmp_path / "faces") as faceset:
        boxes = {face.source: face.box for face in faceset.faces()}
    assert boxes["a.png"][0] - boxes["b.png"][0] == pytest.approx(20, abs=5)


def test_image_without_a_face(tmp_path):
    write_image(tmp_path / "wall.png", np.full((120, 160, 3), 128, np.uint8))
    with pytest.raises(MediaError, match=r"No face was found in .*wall\.png \(1 frame\).*upsample"):
        extract(tmp_path / "wall.png", tmp_path / "faces")


def test_masker_that_does_not_fit_is_refused(movie, tmp_path):
    with pytest.raises(PluginError) as told:
        extract(movie, tmp_path / "faces", maskers=(PluginChoice(name="hull"),))
    assert str(told.value) == (
        "masker 'hull' needs ibug68 landmarks, aligner 'dlib-5' gives dlib5. "
        "Use --masker box or ellipse or onnx, or --aligner dlib-68."
    )
    assert not (tmp_path / "faces" / "faces.db").exists()


def test_aligner_that_needs_more_than_boxes_is_refused(movie, tmp_path):
    with pytest.raises(PluginError) as told:
        extract(movie, tmp_path / "faces", aligner=PluginChoice(name="mtcnn-5"))
    assert str(told.value) == (
        "aligner 'mtcnn-5' needs a detector that gives five landmarks, detector 'dlib-hog' gives none. "
        "Use --detector mtcnn or yunet, or --aligner dlib-5 or dlib-68."
    )
    assert not (tmp_path / "faces" / "faces.db").exists()


def test_film_of_a_head_that_hangs(tmp_path):
    with VideoWriter(tmp_path / "hanging.mp4", 340, 300, 25) as writer:
        for number in range(3):
            writer.write(np.ascontiguousarray(picture(2 * number)[::-1, ::-1]))
    with pytest.raises(MediaError, match=r"No face was found.*--rotations"):
        extract(tmp_path / "hanging.mp4", tmp_path / "none", workers=1)
    settings = {"rotations": (180,), "refeed": 2, "realign": True, "check": True}
    assert extract(tmp_path / "hanging.mp4", tmp_path / "faces", workers=1, **settings).faces == 3
    with Faceset.open(tmp_path / "faces") as faceset:
        for number, face in enumerate(faceset.faces()):
            middle = face.landmarks.mean(axis=0)  # Four eye corners, nose base.
            assert np.abs(middle - (339 - FACE[0] - 2 * number, 299 - FACE[1] + 20)).max() < 15
            assert (face.landmarks[:4, 1] > face.landmarks[4, 1] + 10).all()  # The eyes hang below the nose,
            in_crop = transform_points(face.matrix, face.landmarks)
            assert (in_crop[:4, 1] < in_crop[4, 1] - 5).all()  # and stand above it in the crop,
            assert in_crop[0, 0] > in_crop[2, 0] + 10  # the picture's right eye at the right.


def test_light_parent(fresh_python, movie, tmp_path):
    """The process that commits imports none of the frameworks that plugins may need."""
    code = KILLED + "\nprint(sorted({'dlib', 'keras', 'tensorflow'} & set(sys.modules)))"
    ran = fresh_python("-c", code, str(movie), str(tmp_path / "faces"))
    assert ran.stdout.strip() == "[]", ran.stderr


def test_feature_listeners_hear_of_every_frame_once(tmp_path, movie, recording):
    faceset = tmp_path / "faces"
    extract(movie, faceset, chunk_frames=5, workers=1, listeners=(recording.choice,))
    with Faceset.open(faceset) as stored:
        held = [(frame.source, frame.pts, frame.time, len(frame.faces)) for frame in stored.frames()]
    told = recording.told("frame_extracted")
    assert [(said["source"], said["pts"], said["seconds"], said["faces"]) for said in told] == held
    assert len(held) == FRAMES
    extract(movie, faceset, chunk_frames=5, workers=1, listeners=(recording.choice,))
    assert len(recording.told("frame_extracted")) == FRAMES
    assert [said["outcome"] for said in recording.told("run_ended")] == ["done", "done"]
