import json
import os
import pickle
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from faceswap.lib.crops import encode_crop, face_id
from faceswap.lib.errors import OutputError, StoreError
from faceswap.lib.face_records import FaceRecord, FrameRecord, Stage
from faceswap.lib.faceset import Faceset
from faceswap.lib.faceset_chunk import write_chunk
from faceswap.lib.faceset_writer import FacesetWriter

STAGES = (
    Stage("detector", "dlib-hog", "0.1.0", "a1b2c3d4e5f6"),
    Stage("aligner", "dlib-68", "0.1.0", "00ff00ff00ff"),
)
CHUNKS = 100
PER_CHUNK = 4


def make_face(seed, size=32, crop=None):
    rng = np.random.default_rng(seed)
    return FaceRecord(
        box=rng.normal(100, 50, 4).astype(np.float32),
        score=float(rng.random()),
        landmarks=rng.normal(100, 50, (68, 2)).astype(np.float32),
        scheme="ibug68",
        matrix=rng.normal(0, 1, (2, 3)).astype(np.float32),
        masks={"hull": rng.random((16, 16, 1), np.float32), "ellipse": np.ones((8, 8, 1), np.float32)},
        embeddings={"dlib-resnet": rng.normal(0, 1, 128).astype(np.float32)},
        crop=crop or encode_crop(rng.integers(0, 256, (size, size, 3), np.uint8)),
    )


def make_frame(pts, source="clip.mp4", faces=None):
    """A frame with 0, 1 or 2 faces, by its number."""
    count = pts % 3 if faces is None else faces
    return FrameRecord(
        source, pts, pts / 30, 640, 480, tuple(make_face(1000 + pts * 10 + index) for index in range(count))
    )


def make_chunk(index):
    return [make_frame(pts) for pts in range(index * PER_CHUNK, (index + 1) * PER_CHUNK)]


def open_writer(path, **settings):
    return FacesetWriter.create_or_open(path, **{"crop_size": 32, "stages": STAGES, **settings})


def contents(path):
    """All that a faceset holds, in a form that compares exactly."""
    with Faceset.open(path) as faceset:
        frames = [
            (
                *(frame.source, frame.pts, frame.time, frame.width, frame.height),
                *(
                    (
                        *(face.id, face.index, face.score, face.scheme, face.crop.relative_to(path)),
                        *(face.box.tobytes(), face.matrix.tobytes(), face.landmarks.tobytes()),
                        {name: array.tobytes() for name, array in face.embeddings.items()},
                        {name: faceset.read_mask(face, name).tobytes() for name in face.mask_names},
                        face.crop.read_bytes(),
                    )
                    for face in frame.faces
                ),
            )
            for frame in faceset.frames()
        ]
        return frames, faceset.info()


def crop_files(path):
    return {entry for entry in (path / "crops").rglob("*") if entry.is_file()}


def extract(folder):
    """A resumable run over all chunks; prints each chunk that is committed. Run in a process of its own."""
    with open_writer(folder) as faceset:
        done = faceset.done_frames("clip.mp4")
        print("open", flush=True)
        for index in range(CHUNKS):
            frames = [frame for frame in make_chunk(index) if frame.pts not in done]
            if frames:
                faceset.add_chunk("clip.mp4", index, frames)
                print(index, flush=True)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "faces"


def test_every_field_comes_back_bit_for_bit(path):
    frame = make_frame(5)
    with open_writer(path) as faceset:
        assert faceset.add_chunk("clip.mp4", 0, [frame]) == 2
    with Faceset.open(path) as faceset:
        (stored,) = faceset.frames()
        assert (stored.source, stored.pts, stored.time, stored.width, stored.height) == (
            *("clip.mp4", 5, 5 / 30),
            *(640, 480),
        )
        assert len(faceset) == len(stored.faces) == 2
        for index, (want, face) in enumerate(zip(frame.faces, stored.faces, strict=True)):
            assert (face.source, face.pts, face.time, face.index) == ("clip.mp4", 5, 5 / 30, index)
            assert (face.score, face.scheme) == (want.score, "ibug68")
            for name in ("box", "matrix", "landmarks"):
                assert getattr(face, name).dtype == np.float32
                np.testing.assert_array_equal(getattr(face, name), getattr(want, name))
            assert face.embeddings.keys() == {"dlib-resnet"}
            np.testing.assert_array_equal(face.embeddings["dlib-resnet"], want.embeddings["dlib-resnet"])
            assert face.mask_names == ("ellipse", "hull")
            for name in face.mask_names:
                mask = faceset.read_mask(face, name)
                assert (mask.dtype, mask.shape) == (np.float32, want.masks[name].shape)
                np.testing.assert_allclose(mask, want.masks[name], atol=1 / 255)
            assert face.crop.read_bytes() == want.crop
            assert face.crop == path / "crops" / face.id[:2] / f"{face.id}.jpg"


def test_a_face_without_landmarks_masks_and_embeddings(path):
    bare = FaceRecord(
        box=np.zeros(4, np.float32), score=np.float32(0.1), matrix=np.eye(2, 3, dtype=np.float32), crop=b"jpg"
    )
    with open_writer(path) as faceset:
        faceset.add_chunk("a.png", 0, [FrameRecord("a.png", np.int64(0), 0.0, 8, 8, (bare,))])
        (face,) = faceset.faces()
        assert (face.landmarks, face.scheme, face.embeddings, face.mask_names) == (None, None, {}, ())
        assert face.score == float(np.float32(0.1))
        assert faceset.info().schemes == ()


def test_the_crop_is_read_as_rgb(path):
    left_red = np.zeros((32, 32, 3), np.uint8)
    left_red[:, :16] = [200, 30, 60]
    with open_writer(path) as faceset:
        face = make_face(0, crop=encode_crop(left_red))
        faceset.add_chunk("a", 0, [FrameRecord("a", 0, 0.0, 8, 8, (face,))])
        crop = faceset.read_crop(*faceset.faces())
    assert (crop.dtype, crop.shape) == (np.uint8, (32, 32, 3))
    # At full color resolution and quality 95 the edge stays sharp.
    assert np.abs(crop.astype(int) - left_red).max() <= 6


def test_order_is_source_time_index(path):
    with open_writer(path) as faceset:
        faceset.add_chunk("b", 0, [make_frame(pts, "b", faces=2) for pts in (30, -5, 10)])
        faceset.add_chunk("a", 0, [make_frame(7, "a", faces=1)])
        order = [(face.source, face.pts, face.index) for face in faceset.faces()]
        assert order == [("a", 7, 0), *(("b", pts, index) for pts in (-5, 10, 30) for index in (0, 1))]
        assert faceset.sources() == ("a", "b")
        assert [face.index for face in faceset.faces_at("b", 10)] == [0, 1]
        assert faceset.faces_at("b", 11) == ()
        embeddings = faceset.embeddings("dlib-resnet")
        assert embeddings.shape == (7, 128)
        want = [face.embeddings["dlib-resnet"] for face in faceset.faces()]
        np.testing.assert_array_equal(embeddings, want)


def test_many_frames_go_through_in_pages(path):
    empty = [make_frame(pts, source, faces=0) for source in ("a", "b") for pts in range(1201)]
    with open_writer(path) as faceset:
        faceset.add_chunk("m", 0, empty)
        assert [(frame.source, frame.pts) for frame in faceset.frames()] == [(f.source, f.pts) for f in empty]


def test_info_and_done_frames_count_frames_without_a_face(path):
    with open_writer(path, face_type="head") as faceset:
        faceset.add_chunk("clip.mp4", 0, make_chunk(0))  # Frames 0..3 hold 0, 1, 2, 0 faces.
        info = faceset.info()
        assert faceset.done_frames("clip.mp4") == {0, 1, 2, 3}
        assert faceset.done_frames("other.mp4") == set()
    assert (info.frames, info.faces, info.frames_without_face, info.deleted) == (4, 3, 2, 0)
    assert (info.crop_size, info.face_type, info.schemes) == (32, "head", ("ibug68",))
    assert set(info.stages) == set(STAGES)


def test_an_empty_faceset(path):
    open_writer(path).close()
    with Faceset.open(path) as faceset:
        assert (len(faceset), list(faceset.faces()), list(faceset.frames())) == (0, [], [])
        assert faceset.embeddings("any").shape[0] == 0


def test_a_frame_is_done_only_when_every_stage_is(path):
    with open_writer(path) as faceset:
        faceset.add_chunk("clip.mp4", 0, make_chunk(0))
    with sqlite3.connect(path / "faces.db") as connection:
        query = "DELETE FROM stage_done WHERE frame = (SELECT id FROM frame WHERE pts = 2) AND stage = 1"
        assert connection.execute(query).rowcount == 1
    connection.close()
    with Faceset.open(path) as faceset:
        assert faceset.done_frames("clip.mp4") == {0, 1, 3}


def test_a_face_is_called_after_its_place():
    # The shell's answer: printf 'clip.mp4\\0005\\0001' | b2sum -l 80
    assert face_id("clip.mp4", 5, 1) == "d8da77c03bd9db6a9e3a"
    places = [("a1", 2, 3), ("a", 12, 3), ("a", 1, 23), ("a", -1, 23)]
    assert len({face_id(*place) for place in places}) == 4


def test_the_same_run_gives_the_same_names(path, tmp_path):
    for folder in (path, tmp_path / "again"):
        with open_writer(folder) as faceset:
            faceset.add_chunk("clip.mp4", 0, make_chunk(0))
    assert contents(path) == contents(tmp_path / "again")


def test_adding_again_replaces(path):
    with open_writer(path) as faceset:
        faceset.add_chunk("clip.mp4", 0, [make_frame(1, faces=2), make_frame(2, faces=1)])
        faceset.add_chunk("clip.mp4", 0, [make_frame(1, faces=1)])
        assert [(face.pts, face.index) for face in faceset.faces()] == [(1, 0), (2, 0)]
        assert crop_files(path) == {face.crop for face in faceset.faces()}


def test_a_worker_writes_and_the_parent_commits(path):
    script = (
        "import json, runpy, sys\n"
        "from faceswap.lib.faceset_chunk import write_chunk\n"
        "frames = runpy.run_path(sys.argv[1])['make_chunk'](0)\n"
        "print(json.dumps(str(write_chunk(sys.argv[2], 'clip.mp4', 0, frames).relative_to(sys.argv[2]))))"
    )
    with open_writer(path) as faceset:
        chunk = json.loads(run_python(script, __file__, path))
        assert len(faceset) == 0
        assert crop_files(path) == set()
        assert faceset.commit_chunk(chunk) == 3
        assert not (path / chunk).exists()
        assert len(faceset) == len(crop_files(path)) == 3
    worker = contents(path)
    shutil.rmtree(path)
    with open_writer(path) as faceset:
        faceset.add_chunk("clip.mp4", 0, make_chunk(0))
    assert contents(path) == worker


def test_commit_takes_no_folder_from_elsewhere(path, tmp_path):
    with open_writer(path) as faceset, pytest.raises(ValueError, match="must be a folder in"):
        faceset.commit_chunk(tmp_path)


def test_a_chunk_that_was_not_committed_is_swept(path):
    with open_writer(path) as faceset:
        faceset.add_chunk("clip.mp4", 0, make_chunk(0))
        write_chunk(path, "clip.mp4", 1, make_chunk(1))
    before = contents(path)
    orphan = path / "crops" / "ab" / ("ab" * 10 + ".jpg")
    notes = path / "crops" / "ab" / "notes.txt"
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"1")
    notes.write_text("keep")
    open_writer(path).close()
    assert list((path / "incoming").iterdir()) == []
    assert not orphan.exists()
    assert notes.exists()
    assert contents(path) == before


def test_a_deleted_crop_is_dropped_by_sync_and_never_comes_back(path):
    with open_writer(path) as faceset:
        faceset.add_chunk("clip.mp4", 0, make_chunk(0))
        victim, *others = faceset.faces()
        victim.crop.unlink()
    with open_writer(path) as faceset:
        assert len(faceset) == 2
        assert faceset.info().deleted == 1
        assert faceset.done_frames("clip.mp4") == {0, 1, 2, 3}
    with FacesetWriter.open(path) as faceset:
        assert faceset.sync() == 1
        assert faceset.sync() == 0
        assert [face.id for face in faceset.faces()] == [face.id for face in others]
        assert (faceset.info().deleted, faceset.info().frames) == (1, 4)
        assert faceset.add_chunk("clip.mp4", 0, make_chunk(0)) == 2
        assert [face.id for face in faceset.faces()] == [face.id for face in others]
        assert not victim.crop.exists()


def test_a_deleted_crop_does_not_come_back_before_sync_either(path):
    with open_writer(path) as faceset:
        faceset.add_chunk("clip.mp4", 0, make_chunk(0))
        victim, *_ = faceset.faces()
        victim.crop.unlink()
        assert faceset.add_chunk("clip.mp4", 0, make_chunk(0)) == 2
        assert not victim.crop.exists()
        assert faceset.sync() == 0


def test_readers_leave_out_faces_whose_crop_a_person_deleted(path):
    with open_writer(path) as faceset:
        faceset.add_chunk("clip.mp4", 0, make_chunk(0))
        victim, *others = faceset.faces()
    victim.crop.unlink()
    with Faceset.open(path) as faceset:
        assert [face.id for face in faceset.faces()] == [face.id for face in others]
        assert [face.id for face in faceset.faces_at(victim.source, victim.pts)] == [
            face.id for face in others if face.pts == victim.pts
        ]
        assert len(faceset) == len(faceset.embeddings("dlib-resnet")) == len(others)
        info = faceset.info()
        alone = victim.pts not in {face.pts for face in others}
        assert (info.faces, info.deleted, info.frames_without_face) == (len(others), 1, 2 + alone)


def test_readers_do_not_take_a_faceset_for_empty_whose_crops_folder_is_gone(path):
    with open_writer(path) as faceset:
        faceset.add_chunk("clip.mp4", 0, make_chunk(0))
    (path / "crops").rename(path / "moved")
    with Faceset.open(path) as faceset, pytest.raises(StoreError, match="lost its folder `crops`"):
        list(faceset.faces())


def test_sync_does_not_empty_a_faceset_whose_crops_folder_is_gone(path):
    with open_writer(path) as faceset:
        faceset.add_chunk("clip.mp4", 0, make_chunk(0))
        (path / "crops").rename(path / "moved")
        with pytest.raises(StoreError, match="lost its folder `crops`"):
            faceset.sync()
        (path / "moved").rename(path / "crops")
        assert len(faceset) == 3


@pytest.mark.parametrize("data", [None, b"", b"no picture", encode_crop(np.zeros((16, 16, 3), np.uint8))])
def test_a_bad_crop_image_is_named(path, data):
    with open_writer(path) as faceset:
        faceset.add_chunk("clip.mp4", 0, make_chunk(0))
        face, *_ = faceset.faces()
        face.crop.unlink()
        if data is not None:
            face.crop.write_bytes(data)
        with pytest.raises(StoreError, match=rf"{face.id}\.jpg (is missing|must be 32 x 32)"):
            faceset.read_crop(face)


def test_a_missing_mask_or_embedding_is_named(path):
    with open_writer(path) as faceset:
        faceset.add_chunk("clip.mp4", 0, make_chunk(0))
        with pytest.raises(StoreError, match=r"no mask 'other'.*it has: ellipse, hull"):
            faceset.read_mask(next(faceset.faces()), "other")
        with pytest.raises(StoreError, match="no embedding 'other'"):
            faceset.embeddings("other")


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (
            {"stages": (Stage("detector", "mtcnn", "0.1.0", "a1b2c3d4e5f6"), STAGES[1])},
            r"made with detector 'dlib-hog' 0\.1\.0, not 'mtcnn' 0\.1\.0: choose another folder or the same options",
        ),
        (
            {"stages": (Stage("detector", "dlib-hog", "0.1.0", "999999999999"), STAGES[1])},
            r"made with detector 'dlib-hog' 0\.1\.0 with other options: choose",
        ),
        ({"stages": STAGES[:1]}, r"made with aligner 'dlib-68' .*, not none"),
        ({"crop_size": 64}, "made with crop_size 32, not 64"),
        ({"face_type": "full"}, "made with face_type head, not full"),
    ],
)
def test_another_way_of_making_is_refused(path, settings, told):
    with open_writer(path) as faceset:
        faceset.add_chunk("clip.mp4", 0, make_chunk(0))
    with pytest.raises(StoreError, match=told + ".*"):
        open_writer(path, **settings)
    open_writer(path, stages=STAGES[::-1]).close()  # Their order is no difference, and the lock is free.


def test_an_empty_faceset_takes_other_stages(path):
    open_writer(path, stages=STAGES[:1]).close()
    with open_writer(path, crop_size=64) as faceset:
        assert set(faceset.stages) == set(STAGES)
        assert faceset.crop_size == 64


def test_two_writers_refuse_each_other_and_readers_do_not_mind(path):
    with open_writer(path) as faceset:
        faceset.add_chunk("clip.mp4", 0, make_chunk(0))
        with pytest.raises(OutputError, match=f"is being written by process {os.getpid()}"):
            open_writer(path)
        with Faceset.open(path) as reader:
            faces = reader.faces()
            next(faces)
            faceset.add_chunk("clip.mp4", 1, make_chunk(1))
            assert len(list(faces)) == 6
    open_writer(path).close()


def test_crops_without_a_database_are_not_swept(path):
    with open_writer(path) as faceset:
        faceset.add_chunk("clip.mp4", 0, make_chunk(0))
    (path / "faces.db").unlink()
    before = crop_files(path)
    with pytest.raises(StoreError, match=r"has crop images but no faces\.db"):
        open_writer(path)
    assert crop_files(path) == before
    with pytest.raises(StoreError, match="is not a faceset"):
        FacesetWriter.open(path)


def test_another_version_is_refused_for_reading_and_writing(path):
    open_writer(path).close()
    with sqlite3.connect(path / "faces.db") as connection:
        connection.execute("UPDATE meta SET value = '2' WHERE key = 'contract_version'")
    connection.close()
    for opens in (open_writer, FacesetWriter.open, Faceset.open):
        with pytest.raises(StoreError, match="contract version 2, this program reads 1; upgrade faceswap"):
            opens(path)


def test_a_missing_parent_folder_is_named(tmp_path):
    with pytest.raises(OutputError, match=r"the folder .*nowhere does not exist"):
        open_writer(tmp_path / "nowhere" / "faces")


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "faces").write_text("a file")
    with pytest.raises(OutputError, match=r"cannot write .*faces: a file of that name is in the way"):
        open_writer(tmp_path / "faces")


@pytest.mark.parametrize("big", ["crop", "database"])
def test_a_full_disk_keeps_what_was_committed_and_the_run_goes_on(path, big, file_size_limit):
    """The crop images hit the limit in the first case, the database in the second."""
    limit = 2_000 if big == "crop" else 150_000
    chunk = [make_frame(pts, faces=2) for pts in range(100, 160)]
    with open_writer(path) as faceset:
        faceset.add_chunk("clip.mp4", 0, make_chunk(0))
        before = contents(path)
        if big == "database":
            folder = write_chunk(path, "clip.mp4", 1, chunk)
            assert (path / "faces.db").stat().st_size < limit
            with file_size_limit(limit), pytest.raises(OutputError, match=r"faces\.db: the disk is full"):
                faceset.commit_chunk(folder)
        else:
            with file_size_limit(limit), pytest.raises(OutputError, match=r"disk is full \([\d.]+ [kM]B needed"):
                faceset.add_chunk("clip.mp4", 1, chunk)
            assert list((path / "incoming").iterdir()) == []
        assert contents(path) == before
        assert faceset.add_chunk("clip.mp4", 1, chunk) == 120
    open_writer(path).close()
    assert len(crop_files(path)) == 123


@pytest.mark.parametrize("written_before", [False, True])
def test_a_failed_flush_of_the_crops_commits_nothing(path, monkeypatch, written_before):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    with open_writer(path) as faceset:
        faceset.add_chunk("clip.mp4", 0, make_chunk(0))
        before = contents(path)
        chunk = write_chunk(path, "clip.mp4", 1, make_chunk(1)) if written_before else None
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            with pytest.raises(OutputError, match="disk is full"):
                faceset.commit_chunk(chunk) if chunk else faceset.add_chunk("clip.mp4", 1, make_chunk(1))
        assert contents(path) == before


def run_python(code, *arguments, **settings):
    """Runs code in a process of its own that sees the same packages."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, env=environment, check=True, capture_output=True, cwd="/", **settings).stdout


def run_killed(path, rng):
    """Starts `extract`, kills it at a random moment after a random number of commits; returns what it printed."""
    code = "import runpy, sys; runpy.run_path(sys.argv[1])['extract'](__import__('pathlib').Path(sys.argv[2]))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code, __file__, str(path)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, cwd="/") as process:
        lines = [process.stdout.readline() for _ in range(rng.randint(1, 7))]
        time.sleep(rng.uniform(0, 0.008))
        process.kill()
        lines += process.stdout.readlines()
        process.wait()
        assert process.returncode == -signal.SIGKILL
    assert lines[0] == "open\n"
    return [int(line) for line in lines[1:]]


def test_a_run_killed_three_times_ends_like_one_that_was_not(path, tmp_path):
    extract(tmp_path / "whole")
    rng = random.Random(time.time_ns())
    committed = set()
    for _ in range(3):
        committed |= {pts for index in run_killed(path, rng) for pts in range(index * 4, index * 4 + 4)}
        with Faceset.open(path) as faceset:
            assert faceset.done_frames("clip.mp4") >= committed
            assert all(face.crop.exists() for face in faceset.faces())
        open_writer(path).close()
        with Faceset.open(path) as faceset:
            assert crop_files(path) == {face.crop for face in faceset.faces()}
        assert list((path / "incoming").iterdir()) == []
    assert len(committed) < CHUNKS * PER_CHUNK
    extract(path)
    assert contents(path) == contents(tmp_path / "whole")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("box", np.zeros(4)),
        ("box", np.zeros(5, np.float32)),
        ("matrix", np.zeros((3, 3), np.float32)),
        ("landmarks", np.zeros((68, 3), np.float32)),
        ("landmarks", None),
        ("masks", {"hull": np.zeros((8, 8), np.float32)}),
        ("embeddings", {"e": np.zeros((1, 8), np.float32)}),
    ],
)
def test_a_record_refuses_arrays_of_another_shape(field, value):
    fields = {name: getattr(make_face(0), name) for name in FaceRecord.__dataclass_fields__}
    with pytest.raises(ValueError, match=field):
        FaceRecord(**{**fields, field: value})


def test_records_pickle(path):
    with open_writer(path) as faceset:
        faceset.add_chunk("clip.mp4", 0, make_chunk(0))
        face = next(faceset.faces())
    back = pickle.loads(pickle.dumps(face))
    assert (back.id, back.crop) == (face.id, face.crop)
    np.testing.assert_array_equal(back.box, face.box)
    assert pickle.loads(pickle.dumps(make_frame(1))).faces[0].crop == make_frame(1).faces[0].crop
    assert isinstance(face.crop, Path)
