"""Extraction end to end: a small film of the astronaut, images, resuming, refusals."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
from pydantic import ValidationError
from skimage.data import astronaut

from faceswap.core.contract import Detections
from faceswap.core.errors import Cancelled, MediaError, OptionError, OutputError, PluginError, StoreError
from faceswap.core.extracting.chain import Chain, ExpectedFaces
from faceswap.core.extracting.plugins import PluginChoices
from faceswap.core.host import PluginChoice
from faceswap.core.jobs.context import JobContext
from faceswap.core.jobs.extract import ExtractJob
from faceswap.core.jobs.job import run_job
from faceswap.lib.face_measures import measure_face
from faceswap.lib.faceset import Faceset
from faceswap.lib.faceset_writer import FacesetWriter
from faceswap.lib.geometry import transform_points
from faceswap.lib.media import FrameKey, VideoWriter, probe, read_frames, write_image

FRAMES = 12
FACE = (165, 130)
"""Middle of the face in `picture()`, between nose and brows."""

# The quick chain: its weights take a tenth of a second to read.
QUICK = {
    "aligner": PluginChoice(name="dlib-5"),
    "maskers": (PluginChoice(name="ellipse"),),
    "crop_size": 128,
}


def picture(shift=0):
    """The astronaut's head, 340 x 300, moved to the right."""
    return np.ascontiguousarray(np.roll(astronaut()[:300, 60:400], shift, axis=1))


def film(path, frames=FRAMES, face=True, hidden=()):
    with VideoWriter(path, 340, 300, 25) as writer:
        for number in range(frames):
            image = picture(2 * number) if face else np.full((300, 340, 3), 90 + number, np.uint8)
            if number in hidden:
                image[80:150, 120:240] = (0, 160, 0)
            writer.write(image)
    return path


@pytest.fixture(scope="module")
def movie(tmp_path_factory):
    return film(tmp_path_factory.mktemp("media") / "head.mp4")


def extract(media, faceset, listener=None, **settings):
    return run_job(ExtractJob(media=media, faceset=faceset, **{**QUICK, **settings}), listener)


def content(path):
    """Everything that a faceset says, as bytes."""
    with Faceset.open(path) as faceset:
        return [
            (
                (frame.source, frame.pts, frame.time, frame.width, frame.height),
                [
                    (
                        (face.id, face.index, face.score, face.scheme, face.track),
                        [array.tobytes() for array in (face.box, face.matrix, face.landmarks)],
                        face.crop.read_bytes(),
                        [faceset.read_mask(face, name).tobytes() for name in face.mask_names],
                        [(name, vector.tobytes()) for name, vector in face.embeddings.items()],
                    )
                    for face in frame.faces
                ],
            )
            for frame in faceset.frames()
        ]


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


def pixel_at(image, point):
    """The mean color of a few pixels."""
    x, y = np.rint(point).astype(int)
    return cv2.GaussianBlur(image, (5, 5), 0)[y, x].astype(float)


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


KILLED = """
import sys
from faceswap.core.host import PluginChoice
from faceswap.core.jobs.extract import ExtractJob
from faceswap.core.jobs.job import run_job
media, faceset = sys.argv[1:]
job = ExtractJob(media=media, faceset=faceset, aligner=PluginChoice(name="dlib-5"), crop_size=128,
                 maskers=(PluginChoice(name="ellipse"),), workers=1, chunk_frames=1)
run_job(job)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_killed_run_goes_on_to_the_same_result(movie, tmp_path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    chance, committed = random.Random(7), 0
    for _ in range(3):
        command = [sys.executable, "-c", KILLED, str(movie), str(killed)]
        with subprocess.Popen(command, env=environment) as process:
            wait_for(lambda: frames_in(killed) > committed or process.poll() is not None)  # noqa: B023
            time.sleep(chance.uniform(0, 0.05))
            process.send_signal(signal.SIGKILL)
        held = frames_in(killed)
        assert held > committed
        committed = held
        if committed == FRAMES:  # The last kill came too late.
            break
    report = extract(movie, killed, workers=1, chunk_frames=5)
    assert report.frames_extracted == FRAMES - committed
    extract(movie, whole, workers=1)
    assert content(killed) == content(whole)


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def frames_in(folder):
    try:
        with Faceset.open(folder) as faceset:
            return len(list(faceset.frames()))
    except (StoreError, sqlite3.Error):
        return 0


def test_finished_faceset_is_left_alone(movie, tmp_path):
    extract(movie, tmp_path / "faces", workers=1)
    report = extract(movie, tmp_path / "faces")
    assert (report.frames, report.frames_extracted, report.workers) == (FRAMES, 0, 0)


def test_stopped_run_keeps_its_chunks_and_goes_on(movie, tmp_path):
    job = ExtractJob(media=movie, faceset=tmp_path / "faces", workers=1, chunk_frames=1, **QUICK)
    context = JobContext(lambda event: stop(event), tmp_path)

    def stop(event):
        if event.type == "progress" and event.done >= 1:
            context.stop()

    with pytest.raises(Cancelled):
        job.run(context)
    held = frames_in(tmp_path / "faces")
    assert 1 <= held < FRAMES
    assert extract(movie, tmp_path / "faces").frames_extracted == FRAMES - held


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


def clips(folder):
    """Two films of eight frames and two images, one of them in a folder of its own with a space in its name."""
    inner = folder / "a b ü"
    inner.mkdir()
    film(folder / "one.mp4", 8)
    with VideoWriter(inner / "zwei ü.mp4", 340, 300, 25) as writer:
        for number in range(8):
            writer.write(picture(40 - 3 * number))
    for name, shift in (("x.png", 6), ("y.png", 12)):
        write_image(inner / name, picture(shift))
    return folder / "one.mp4", inner


@pytest.mark.slow
def test_several_media_and_chosen_frames_with_one_worker_and_with_two(tmp_path):
    media = clips(tmp_path)
    for workers in (1, 2):
        events = []
        faceset = tmp_path / f"faces {workers}"
        report = extract(media, faceset, events.append, workers=workers, chunk_frames=2, every=3, frames="1-7")
        # Of each film the frames 1, 4 and 7, of the two images the second one.
        assert (report.media, report.frames, report.frames_extracted, report.frames_missing) == (3, 7, 7, 0)
        told = [event for event in events if event.type == "progress"]
        assert (told[0].done, told[-1].done, told[-1].total, told[-1].stage) == (0, 7, 7, "extract 3 media")
    assert content(tmp_path / "faces 1") == content(tmp_path / "faces 2")
    with Faceset.open(tmp_path / "faces 1") as faceset:
        found = [(frame.source, round(frame.time * 25)) for frame in faceset.frames()]
    assert found == [
        *(("one.mp4", place) for place in (1, 4, 7)),
        ("y.png", 25),
        *(("zwei ü.mp4", n) for n in (1, 4, 7)),
    ]
    # The rest is added to what is there; the result is that of one run over all.
    assert extract(media, tmp_path / "faces 1", workers=1, chunk_frames=3).frames_extracted == 18 - 7
    extract(media[::-1], tmp_path / "whole", workers=2, chunk_frames=5)
    assert content(tmp_path / "faces 1") == content(tmp_path / "whole")


def test_media_that_are_whole_are_not_opened_again(tmp_path, monkeypatch):
    from faceswap.core.jobs import extract_run as job_module

    media, faceset, opened = clips(tmp_path), tmp_path / "faces", []
    extract(media[0], faceset, workers=1, every=4)
    look = job_module.look
    note = lambda paths, *more: opened.extend(path.name for path in paths) or look(paths, *more)  # noqa: E731
    monkeypatch.setattr(job_module, "look", note)

    def run(**settings):
        opened.clear()
        return extract(media, faceset, workers=1, skip_existing=True, **settings)

    report = run(every=4)
    assert opened == ["zwei ü.mp4"]
    assert (report.media, report.media_skipped, report.frames) == (3, 1, 2 + 2 + 1)
    assert (run(every=4).media_skipped, opened) == (3, [])
    assert (run().media_skipped, len(opened)) == (0, 2)  # More frames are wanted now than then.
    report = run(frames="2-5")
    assert (report.media_skipped, report.frames, report.frames_extracted, report.workers) == (3, 18, 0, 0)
    media[0].unlink()
    film(media[0], 9)
    with pytest.raises(StoreError, match=r"frames of another one\.mp4"):
        run()


def test_names_collide_only_where_the_content_differs(tmp_path):
    for folder in ("a", "b", "c"):
        (tmp_path / folder).mkdir()
    film(tmp_path / "a" / "clip.mp4", 2)
    (tmp_path / "b" / "clip.mp4").write_bytes((tmp_path / "a" / "clip.mp4").read_bytes())
    film(tmp_path / "c" / "clip.mp4", 3)
    report = extract([tmp_path / "a", tmp_path / "b" / "clip.mp4"], tmp_path / "faces", workers=1)
    assert (report.media, report.frames) == (1, 2)
    with pytest.raises(StoreError, match=r"clip\.mp4 of .* have the same name and other content; .*rename one"):
        extract([tmp_path / "a", tmp_path / "c"], tmp_path / "other")


def test_a_medium_that_cannot_be_read_does_not_stop_the_others(movie, tmp_path):
    (tmp_path / "text.mp4").write_text("no film")
    report = extract([tmp_path / "text.mp4", movie], tmp_path / "faces", workers=1, every=6)
    assert (report.frames, report.media, len(report.warnings)) == (2, 2, 1)
    assert "text.mp4 as a video" in report.warnings[0] and report.warnings[0].endswith("it is left out")
    with pytest.raises(MediaError, match=r"text\.mp4 as a video"):
        extract(tmp_path / "text.mp4", tmp_path / "none")


def test_a_broken_image_is_named_and_tried_again(tmp_path):
    media = tmp_path / "images"
    media.mkdir()
    write_image(media / "a.png", picture())
    (media / "b.png").write_bytes(b"broken")
    for _ in range(2):
        report = extract(media, tmp_path / "faces", workers=1, skip_existing=True)
        assert (report.frames, report.frames_missing, report.media_skipped) == (1, 1, 0)
        assert "1 of 2 frames could be decoded; missing: b.png: cannot read" in report.warnings[0]
    write_image(media / "b.png", picture(4))
    assert extract(media, tmp_path / "faces", workers=1).frames_extracted == 1
    (tmp_path / "alone.png").write_bytes(b"broken")
    with pytest.raises(MediaError, match=r"alone\.png as an image"):
        extract(tmp_path / "alone.png", tmp_path / "none", workers=1)


MINEFIELD = """
import os, time
import numpy as np
from faceswap import Detections, Detector, hookimpl

FACESWAP_CONTRACT = 1


class Minefield(Detector):
    def detect(self, images):
        red, green, _ = images[0][0, 0]
        if red == 255:
            os.abort()
        if green == 255:
            time.sleep(600)
        return [Detections(np.float32([[30, 30, 90, 90]]), np.ones(1, np.float32)) for _ in images]


@hookimpl
def faceswap_detector():
    return Minefield
"""


@pytest.fixture
def minefield(tmp_path, install_plugin):
    """Images some of which kill or block a detector; returns the folder and the detector."""
    media = tmp_path / "images"
    media.mkdir()
    for number in range(8):
        image = np.full((120, 120, 3), 90 + number, np.uint8)
        image[0, 0] = {2: (255, 0, 0), 5: (0, 255, 0)}.get(number, (1, 1, 1))
        write_image(media / f"{number}.png", image)
    return media, install_plugin("detector", "minefield", MINEFIELD)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_frame_that_kills_or_blocks_a_worker_costs_itself_alone(tmp_path, minefield):
    media, detector = minefield
    for workers in (1, 2):
        told = []
        report = extract(
            media,
            tmp_path / f"faces {workers}",
            told.append,
            detector=detector,
            workers=workers,
            chunk_frames=4,
            frame_seconds=4,
        )
        assert (report.frames, report.faces, report.frames_missing) == (6, 6, 2)
        crashed, hung = sorted(report.warnings)
        assert crashed.startswith("2.png could not be extracted, since the worker ended by signal 6")
        assert hung == "5.png could not be extracted, since there was no progress on it for 4 s."
        assert sorted(event.message for event in told if event.type == "warning") == [crashed, hung]
        assert [event for event in told if event.type == "progress"][-1].done == 6
    assert content(tmp_path / "faces 1") == content(tmp_path / "faces 2")


def test_what_cannot_be_decoded_is_lost_up_to_the_next_keyframe_and_a_file_of_mines_is_given_up():
    from faceswap.core.extracting.mending import Mender
    from faceswap.core.extracting.messages import ChunkTask

    mender = Mender()
    task = ChunkTask(index=0, medium=1, wanted=tuple(range(0, 80, 10)), keys=(30, 60)).model_dump(mode="json")

    def die(task, stage, place):
        again = mender.mend(task, [stage, place], "of it")
        assert (again["wanted"], again["suspect"]) == (task["wanted"], place)
        return mender.mend(again, [stage, place], "of it")

    task = die(task, "decode", 40)
    assert task["wanted"] == [0, 10, 20, 30, 60, 70]
    task = die(task, "faces", 10)
    assert task["wanted"] == [0, 20, 30, 60, 70]
    task = die(task, "decode", 60)
    assert task["wanted"] == [0, 20, 30]
    assert [failure["places"] for failure in task["failures"]] == [[40, 50], [10], [60, 70]]
    assert mender.prepare(task) is task
    for place in (0, 20):
        task = die(task, "faces", place)
    other = ChunkTask(index=1, medium=1, wanted=(90, 91)).model_dump(mode="json")
    assert mender.prepare(other)["wanted"] == []
    assert "nothing more of this file was tried" in mender.prepare(other)["failures"][0]["reason"]
    mender.succeeded(1)
    assert mender.prepare(other) is other


def test_image_without_a_face(tmp_path):
    write_image(tmp_path / "wall.png", np.full((120, 160, 3), 128, np.uint8))
    with pytest.raises(MediaError, match=r"No face was found in .*wall\.png \(1 frame\).*upsample"):
        extract(tmp_path / "wall.png", tmp_path / "faces")


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


def test_an_aligner_that_is_misled_is_not_followed(monkeypatch):
    loaded = chain()
    (face,) = loaded.faces(KEY, picture())
    expected = ExpectedFaces(face.box[None] + 30, face.landmarks[None] + 30)
    align = loaded._aligner.align
    for shift, followed in ((3, True), (60, False)):
        astray = lambda image, detections, shift=shift: align(image, detections) * 0 + expected.landmarks[0] + shift  # noqa: E731
        monkeypatch.setattr(loaded._aligner, "align", astray)
        points = loaded.expected_landmarks(KEY, picture(), expected)
        np.testing.assert_allclose(points, expected.landmarks + shift * followed, rtol=1e-6)


def test_images_are_not_linked(tmp_path):
    media = tmp_path / "images"
    media.mkdir()
    for name in ("a.png", "b.png", "c.png"):
        write_image(media / name, picture())
    assert extract(media, tmp_path / "faces", workers=1).tracks == 3


def test_faces_whose_crop_a_person_deleted_stay_away(movie, tmp_path):
    extract(movie, tmp_path / "faces")
    with Faceset.open(tmp_path / "faces") as faceset:
        next(faceset.faces()).crop.unlink()
    assert extract(movie, tmp_path / "faces").faces == FRAMES - 1
    with Faceset.open(tmp_path / "faces") as faceset:
        assert (len(faceset), faceset.info().deleted) == (FRAMES - 1, 1)


def test_other_footage_of_the_same_name_is_refused(movie, tmp_path):
    extract(movie, tmp_path / "faces")
    other = film(tmp_path / movie.name, frames=FRAMES + 1)
    with pytest.raises(StoreError, match=r"frames of another head\.mp4.*rename the file or choose another folder"):
        extract(other, tmp_path / "faces")
    copied = tmp_path / "copy" / movie.name
    copied.parent.mkdir()
    copied.write_bytes(movie.read_bytes())
    assert extract(copied, tmp_path / "faces").frames_extracted == 0


def test_truncated_film_gives_what_can_be_decoded(movie, tmp_path):
    import av

    # A container that keeps its index in front, as a download that broke off would have it.
    with (
        av.open(str(movie)) as source,
        av.open(str(tmp_path / "fast.mp4"), "w", options={"movflags": "faststart"}) as out,
    ):
        stream = out.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.size:
                packet.stream = stream
                out.mux(packet)
    whole = (tmp_path / "fast.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: int(len(whole) * 0.8)])
    warnings = []
    report = extract(tmp_path / "cut.mp4", tmp_path / "faces", lambda event: warnings.append(event), workers=1)
    assert 0 < report.frames < FRAMES
    assert len(report.warnings) == 1
    assert f"{report.frames} of {FRAMES} frames" in report.warnings[0]
    assert [event.message for event in warnings if event.type == "warning"] == list(report.warnings)


def test_masker_that_does_not_fit_is_refused(movie, tmp_path):
    with pytest.raises(PluginError) as told:
        extract(movie, tmp_path / "faces", maskers=(PluginChoice(name="hull"),))
    assert str(told.value) == (
        "masker 'hull' needs ibug68 landmarks, aligner 'dlib-5' gives dlib5. "
        "Use --masker box or ellipse or onnx, or --aligner dlib-68."
    )
    assert not (tmp_path / "faces" / "faces.db").exists()


def test_times_do_not_choose_among_images(tmp_path):
    write_image(tmp_path / "a.png", picture())
    with pytest.raises(OptionError, match=r"--frames gives times, which the images of .*a\.png do not have"):
        extract(tmp_path / "a.png", tmp_path / "faces", frames="0:01-0:02")


def test_aligner_that_needs_more_than_boxes_is_refused(movie, tmp_path):
    with pytest.raises(PluginError) as told:
        extract(movie, tmp_path / "faces", aligner=PluginChoice(name="mtcnn-5"))
    assert str(told.value) == (
        "aligner 'mtcnn-5' needs a detector that gives five landmarks, detector 'dlib-hog' gives none. "
        "Use --detector mtcnn or yunet, or --aligner dlib-5 or dlib-68."
    )
    assert not (tmp_path / "faces" / "faces.db").exists()


@pytest.mark.parametrize("settings", [{"rotations": (90,)}, {"realign": True}, {"min_face": 20}])
def test_a_faceset_that_was_searched_otherwise_is_refused(settings, movie, tmp_path):
    extract(movie, tmp_path / "faces", workers=1)
    with pytest.raises(StoreError, match="aligner" if "realign" in settings else "detector"):
        extract(movie, tmp_path / "faces", **settings)


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


@pytest.mark.parametrize(
    "settings, error, words",
    [
        ({"detector": PluginChoice(name="dlib-hgo")}, PluginError, "Did you mean 'dlib-hog'"),
        ({"detector": PluginChoice(name="dlib-hog", options={"upsampel": 1})}, OptionError, "Did you mean 'upsample'"),
        ({"media": "missing.mp4"}, MediaError, "missing.mp4"),
        ({"media": ()}, ValidationError, "at least one video, image or folder"),
        ({"every": 0}, ValidationError, "greater than or equal to 1"),
        ({"frames": "5"}, ValidationError, "must be two frame numbers such as 100-200"),
        ({"frames": "100-200"}, MediaError, "head.mp4 has no frame in --frames 100-200; it has 12"),
        ({"faceset": "no/such/folder"}, OutputError, "does not exist"),
    ],
)
def test_bad_input_is_told(movie, tmp_path, monkeypatch, settings, error, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=words):
        extract(**{"media": movie, "faceset": tmp_path / "faces", **settings})


def chain(**more):
    choices = {"detector": PluginChoice(name="dlib-hog"), "aligner": PluginChoice(name="dlib-5"), **more}
    return Chain(PluginChoices(**choices).prepare(), 128)


KEY = FrameKey("head.mp4", 512)


def test_failing_plugin_is_named_with_its_frame(monkeypatch):
    loaded = chain(maskers=(PluginChoice(name="ellipse"),))

    def fail(*arguments):
        raise ValueError("two\nlines")

    monkeypatch.setattr(loaded._maskers["ellipse"], "mask", fail)
    with pytest.raises(PluginError, match=r"^masker 'ellipse' failed on frame head.mp4 512: ValueError: two lines$"):
        loaded.faces(KEY, picture())


def test_answers_of_another_shape_are_blamed_on_the_plugin(monkeypatch):
    loaded = chain()
    monkeypatch.setattr(loaded._aligner, "align", lambda image, detections: np.zeros((1, 7, 2), np.float32))
    with pytest.raises(PluginError, match=r"aligner 'dlib-5' failed on frame head.mp4 512: .*\[1, 7, 2\]"):
        loaded.faces(KEY, picture())


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Detections(np.zeros((1, 4)), np.ones(1, np.float32)), r"float32 \[1, 4\]. Received: float64 \[1, 4\]"),
        (
            Detections(np.zeros(4, np.float32), np.ones(1, np.float32)),
            r"must be float32 \[1, 4\]. Received: float32 \[4\]",
        ),
        (Detections(np.zeros((1, 4), np.float32), np.ones(1)), r"float32 \[1\]. Received: float64 \[1\]"),
    ],
)
def test_boxes_and_scores_of_another_kind_are_blamed_on_the_detector(monkeypatch, answer, message):
    loaded = chain()
    monkeypatch.setattr(loaded._detector, "detect", lambda images: [answer])
    with pytest.raises(PluginError, match=rf"detector 'dlib-hog' failed on frame head.mp4 512: .*{message}"):
        loaded.faces(KEY, picture())


def test_detections_that_are_not_in_a_list_are_blamed_on_the_detector(monkeypatch):
    loaded = chain()
    monkeypatch.setattr(loaded._detector, "detect", lambda images: Detections.none())
    with pytest.raises(PluginError, match=r"must be a list of one Detections\. Received: Detections"):
        loaded.faces(KEY, picture())


def test_faces_come_by_score_and_without_those_that_have_no_extent(monkeypatch):
    loaded = chain()
    boxes = np.array([[10, 10, 90, 90], [121, 83, 209, 171], [5, 5, 85, 85]], np.float32)
    found = Detections(boxes, np.float32([0.2, 0.5, 0.9]))
    monkeypatch.setattr(loaded._detector, "detect", lambda images: [found])
    align = loaded._aligner.align

    def collapse(image, detections):
        points = align(image, detections)
        return np.where(detections.boxes[:, :1, None] == 10, np.float32(7), points)

    monkeypatch.setattr(loaded._aligner, "align", collapse)
    faces = loaded.faces(KEY, picture())
    assert [round(face.score, 1) for face in faces] == [0.9, 0.5]
    assert [face.box[0] for face in faces] == [5, 121]


def test_masks_lie_over_the_stored_crop_whatever_crop_the_masker_took():
    """A mask drawn in a crop of another size is, stored, the one that is drawn in the stored crop."""
    masks = []
    for size in (64, 150):
        hull = PluginChoice(name="hull", options={"size": size})
        (face,) = chain(aligner=PluginChoice(name="dlib-68"), maskers=(hull,)).faces(KEY, picture())
        masks.append(face.masks["hull"][..., 0])
    assert masks[0].shape == masks[1].shape == (64, 64)
    assert masks[1].sum() == pytest.approx(masks[0].sum(), rel=0.03)
    for axis in (0, 1):
        middles = [(mask.sum(axis=axis) * np.arange(64)).sum() / mask.sum() for mask in masks]
        assert middles[1] == pytest.approx(middles[0], abs=0.1)


def test_a_crop_that_is_halved_is_the_one_that_would_be_cut():
    from faceswap.core.contract import CropSpec
    from faceswap.core.extracting.chain import Cutter

    (face,) = chain(aligner=PluginChoice(name="dlib-68")).faces(KEY, picture())
    landmarks = face.landmarks[None]
    cutter, fresh = Cutter(picture(), landmarks, "ibug68"), Cutter(picture(), landmarks, "ibug68")
    wide, spec = CropSpec(256, "head"), CropSpec(128, "head")
    cutter.crops(wide)
    halved, matrix = cutter.crops(spec)
    whole, exact = fresh.crops(spec)
    np.testing.assert_allclose(matrix, exact, rtol=1e-5, atol=1e-4)
    shift, _ = cv2.phaseCorrelate(*(np.float32(crop[0].mean(axis=-1)) for crop in (halved, whole)))
    assert np.abs(shift).max() < 0.05
    assert np.abs(halved.astype(int) - whole).mean() < 3


def test_same_masker_twice_keeps_both_masks():
    twice = (PluginChoice(name="ellipse"), PluginChoice(name="ellipse", options={"width": 0.5}))
    (face,) = chain(maskers=twice).faces(KEY, picture())
    assert face.masks["ellipse"].sum() > 1.5 * face.masks["ellipse-2"].sum()


def test_light_parent(fresh_python, movie, tmp_path):
    """The process that commits imports none of the frameworks that plugins may need."""
    code = KILLED + "\nprint(sorted({'dlib', 'keras', 'tensorflow'} & set(sys.modules)))"
    ran = fresh_python("-c", code, str(movie), str(tmp_path / "faces"))
    assert ran.stdout.strip() == "[]", ran.stderr


def test_frames_read_on_are_those_read_anew(movie):
    """Neighboring chunks, one read after the other, and each read from its keyframe, hold the same pictures."""
    from faceswap.core.extracting.reel import Reel
    from faceswap.lib.media import Gathered, scan

    medium = probe(movie)
    every = [(frame.key, frame.image().tobytes()) for frame in read_frames(medium)]
    times = scan(medium).times
    chunks = [(index, times[5 * index : 5 * index + 5]) for index in range(3)]
    for order in (chunks, chunks[::-1], [chunks[0], chunks[2], chunks[1]]):
        reel = Reel(Gathered(movie))
        parts = {
            index: [(frame.key, frame.image().tobytes()) for _, frame in reel.frames(index, wanted)]
            for index, wanted in order
        }
        assert [frame for index in sorted(parts) for frame in parts[index]] == every
        assert reel.missing == {}


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
