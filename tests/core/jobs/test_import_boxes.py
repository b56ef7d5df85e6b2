"""Boxes of another tool become a faceset: frames by number, time stamp or name; landmarks; resuming; refusals."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from skimage.data import astronaut

from faceswap.core.errors import Cancelled, MediaError, PluginError, StoreError
from faceswap.core.host import PluginChoice
from faceswap.core.jobs.context import JobContext
from faceswap.core.jobs.import_boxes import ImportBoxesJob
from faceswap.core.jobs.job import run_job
from faceswap.lib.exchange.boxes import read_boxes
from faceswap.lib.faceset import Faceset
from faceswap.lib.geometry import crop_matrix, mean_face_landmarks
from faceswap.lib.media import VideoWriter, probe, scan, write_image

FRAMES = 20
BOX = (115, 70, 215, 170)
LANDMARKS = (mean_face_landmarks("ibug68", "half", 90) + np.array([120, 85])).astype(np.float32)


@pytest.fixture(scope="module")
def movie(tmp_path_factory):
    """The astronaut's head, 340 x 300, moving right by two pixels a frame."""
    path = tmp_path_factory.mktemp("media") / "head.mp4"
    head = astronaut()[:300, 60:400]
    with VideoWriter(path, 340, 300, 25) as writer:
        for number in range(FRAMES):
            writer.write(np.ascontiguousarray(np.roll(head, 2 * number, axis=1)))
    return path


def job(movie, tmp_path, boxes, name="faces", **settings):
    small = {"aligner": PluginChoice(name="dlib-5"), "maskers": (PluginChoice(name="ellipse"),), "crop_size": 96}
    return ImportBoxesJob(media=movie, faceset=tmp_path / name, boxes=boxes, **{**small, **settings})


def row(number, **more):
    left, top, right, bottom = BOX
    return {"left": left + 2 * number, "top": top, "right": right + 2 * number, "bottom": bottom, **more}


def write(path, rows):
    path.write_text(json.dumps(rows))
    return path


def test_feature_numbers_and_time_stamps_name_frames(movie, tmp_path):
    times = scan(probe(movie)).times
    rows = [row(3, frame=3, score=0.4), row(9, pts=times[9]), row(3, frame=3, score=0.7)]
    report = run_job(job(movie, tmp_path, write(tmp_path / "boxes.json", rows), crop_size=128))
    assert (report.frames, report.faces, report.faces_given) == (FRAMES, 3, 3)
    with Faceset.open(tmp_path / "faces") as faceset:
        faces = list(faceset.faces())
        assert [face.pts for face in faces] == [times[3], times[3], times[9]]
        np.testing.assert_allclose([face.score for face in faces], [0.7, 0.4, 1], rtol=1e-6)
        np.testing.assert_array_equal(faces[2].box, np.array(BOX) + np.array([18, 0, 18, 0]))
        assert {stage.kind: stage.name for stage in faceset.stages}["detector"] == "file"
        assert faces[0].mask_names == ("ellipse",) and faceset.read_crop(faces[0]).shape == (128, 128, 3)
        shift = faces[2].landmarks.mean(axis=0) - faces[0].landmarks.mean(axis=0)
        np.testing.assert_allclose(shift, [12, 0], atol=2.5)  # The aligner looked at each frame itself.


def test_feature_landmarks_of_the_file_are_taken_as_they_are(movie, tmp_path):
    boxes = tmp_path / "boxes.csv"
    points = " ".join(map(repr, LANDMARKS.reshape(-1).tolist()))
    boxes.write_text(f"frame, left, top, right, bottom, landmarks\n5, 120, 85, 210, 175, {points}\n")
    run_job(job(movie, tmp_path, boxes, maskers=(PluginChoice(name="hull"),)))
    with Faceset.open(tmp_path / "faces") as faceset:
        (face,) = faceset.faces()
        np.testing.assert_array_equal(face.landmarks, LANDMARKS)
        np.testing.assert_array_equal(face.matrix, crop_matrix(LANDMARKS, "ibug68", "head", 96))
        assert (face.scheme, face.mask_names) == ("ibug68", ("hull",))


def test_feature_images_are_named(tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for name in ("b.png", "a.png"):
        write_image(folder / name, np.ascontiguousarray(astronaut()[:300, 60:400]))
    boxes = write(tmp_path / "boxes.json", [row(0, source="b.png"), row(0, frame=0)])
    run_job(job(folder, tmp_path, boxes))
    with Faceset.open(tmp_path / "faces") as faceset:
        assert [face.source for face in faceset.faces()] == ["a.png", "b.png"]


@pytest.mark.slow
@pytest.mark.usefixtures("stopped_on_time")
def test_feature_a_stopped_import_goes_on_to_what_any_number_of_workers_makes(movie, tmp_path, monkeypatch):
    monkeypatch.setattr("faceswap.core.jobs.import_given._CHUNK", 2)
    boxes = write(tmp_path / "boxes.json", [row(number, frame=number) for number in range(FRAMES)])
    assert run_job(job(movie, tmp_path, boxes, "whole", workers=2)).workers == 2
    stopped = job(movie, tmp_path, boxes, workers=1)
    context = JobContext(lambda event: event.type == "progress" and event.done and context.stop(), tmp_path)
    with pytest.raises(Cancelled):
        stopped.run(context)
    with Faceset.open(tmp_path / "faces") as faceset:
        assert faceset.info().frames == 2
    report = run_job(stopped)
    assert (report.frames_imported, report.frames, report.frames_missing) == (FRAMES - 2, FRAMES, 0)
    with Faceset.open(tmp_path / "faces") as one, Faceset.open(tmp_path / "whole") as other:
        for face, same in zip(one.faces(), other.faces(), strict=True):
            assert face.id == same.id and face.crop.read_bytes() == same.crop.read_bytes()
            np.testing.assert_array_equal(face.landmarks, same.landmarks)
    other_boxes = write(tmp_path / "others.json", [row(1, frame=1)])
    with pytest.raises(StoreError, match="detector 'file'"):
        run_job(job(movie, tmp_path, other_boxes))


def test_error_media_that_are_several(movie, tmp_path):
    (tmp_path / "media").mkdir()
    shutil.copy(movie, tmp_path / "media")
    write_image(tmp_path / "media" / "a.png", np.zeros((64, 64, 3), np.uint8))
    with pytest.raises(MediaError, match="media holds 2 media, and one is wanted: name the video"):
        run_job(job(tmp_path / "media", tmp_path, write(tmp_path / "boxes.json", [row(0, frame=0)])))


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([row(0, frame=FRAMES)], f"has no frame frame {FRAMES}"),
        ([row(0, frame=-1)], "has no frame"),
        ([row(0, pts=7)], "has no frame pts 7"),
        ([row(0)], "names none"),
        ([row(0, frame=0, source="other.mp4")], "has no frame"),
        ([], "holds no face"),
        ({"left": 1}, "list of objects"),
        ([{"left": 1, "top": 2, "right": 3, "frame": 0}], "row 1: `bottom` must be a number"),
        ([row(0, frame=0), {**row(0, frame=0), "right": 1}], "row 2: right and bottom"),
        ([row(0, frame=0.5)], "`frame` must be a whole number"),
        ([row(0, frame=0, score=2)], "`score` must be 0..1"),
        ([row(0, frame=0, landmarks=[[1, 2]])], "Received: 1 of None"),
        ([row(0, frame=0), row(1, frame=1, landmarks=LANDMARKS.tolist())], "mixes rows"),
        ([row(0, frame=0, landmarks=[[float("nan"), 0]] * 5)], "landmarks"),
        ([{**row(0, frame=0), "left": 1e300}], "below 1e9"),
    ],
)
def test_error_a_wrong_file_is_told_in_one_line(movie, tmp_path, rows, said):
    with pytest.raises(MediaError, match=said) as told:
        run_job(job(movie, tmp_path, write(tmp_path / "boxes.json", rows)))
    assert "boxes.json" in str(told.value) and "\n" not in str(told.value)
    assert not (tmp_path / "faces" / "faces.db").exists()


@pytest.mark.parametrize(
    ("name", "text"), [("a.txt", "x"), ("a.json", "{"), ("a.csv", "\x00"), ("b.csv", "left,top\n1")]
)
def test_error_a_file_of_another_kind(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    with pytest.raises(MediaError):
        read_boxes(tmp_path / name)
    with pytest.raises(MediaError, match="no file"):
        read_boxes(tmp_path / "missing.csv")


def test_error_maskers_must_fit_the_files_landmarks(movie, tmp_path):
    five = mean_face_landmarks("five", "half", 90).tolist()
    boxes = write(tmp_path / "boxes.json", [row(0, frame=0, landmarks=five)])
    with pytest.raises(PluginError, match=r"hull' needs ibug68 landmarks, aligner 'file' gives five"):
        run_job(job(movie, tmp_path, boxes, maskers=(PluginChoice(name="hull"),)))
