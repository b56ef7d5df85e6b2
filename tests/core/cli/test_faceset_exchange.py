"""`faceswap faceset import`, `export` and `merge`: what they print, what they refuse."""

from __future__ import annotations

import os
import pickle

import cv2
import numpy as np
import pytest
from skimage.data import astronaut

from faceswap.lib.faceset import Faceset
from faceswap.lib.geometry import crop_matrix, mean_face_landmarks, transform_points
from faceswap.lib.warp import cut


def write_aligned(path, source, data=None, face_type="whole_face"):
    """An aligned JPEG of the astronaut with its geometry, as DeepFaceLab's documented fields say."""
    landmarks = (mean_face_landmarks("ibug68", "half", 110) + np.array([170, 70])).astype(np.float32)
    matrix = crop_matrix(landmarks, "ibug68", "whole", 128)
    fields = {
        "face_type": face_type,
        "shape": [128, 128, 3],
        "landmarks": transform_points(matrix, landmarks).tolist(),
        "source_landmarks": landmarks.tolist(),
        "source_rect": [170, 70, 280, 190],
        "source_filename": source,
        "image_to_face_mat": matrix,
    }
    content = pickle.dumps(fields if data is None else data)
    jpeg = cv2.imencode(".jpg", cut(astronaut(), matrix, 128)[..., ::-1])[1].tobytes()
    path.write_bytes(jpeg[:2] + b"\xff\xef" + (len(content) + 2).to_bytes(2, "big") + content + jpeg[2:])


class Harm:
    def __init__(self, trace):
        self.trace = trace

    def __reduce__(self):
        return os.system, (f"touch {self.trace}",)


@pytest.fixture
def aligned(tmp_path):
    """Three faces of two frames, and two files that are no such faces."""
    folder = tmp_path / "aligned"
    folder.mkdir()
    write_aligned(folder / "10_0.jpg", "10.png")
    write_aligned(folder / "9_0.jpg", "9.png")
    write_aligned(folder / "9_1.jpg", "9.png")
    write_aligned(folder / "harm.jpg", "9.png", Harm(tmp_path / "ran"))
    cv2.imwrite(str(folder / "plain.jpg"), astronaut())
    return folder


def test_feature_a_folder_of_aligned_faces_becomes_a_faceset(call, tmp_path, aligned, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, output, error = call("faceset", "import", "faces", "--from", "aligned")
    assert code == 0 and "3 faces of 2 frames added" in output
    assert error.count("Left out:") == 2 and "posix.system" in error and not (tmp_path / "ran").exists()
    with Faceset.open(tmp_path / "faces") as faceset:
        assert (faceset.face_type, faceset.crop_size) == ("whole", 128)
        assert [(face.source, face.index) for face in faceset.faces()] == [("10.png", 0), ("9.png", 0), ("9.png", 1)]
        assert np.isfinite(faceset.face_table().yaw).all()
    code, output, _ = call("faceset", "import", str(tmp_path / "faces"), "--from", str(aligned))
    assert code == 0 and "0 faces of 0 frames added, 2 frames were there" in output


def test_feature_to_a_file_and_back_and_into_another(call, tmp_path, make_faceset, monkeypatch):
    make_faceset(tmp_path / "faces", count=3)
    monkeypatch.chdir(tmp_path)
    assert call("faceset", "export", "faces", "faces.jsonl")[:2] == (0, "faces.jsonl: 3 faces\n")
    code, output, _ = call("faceset", "import", "again", "--from", "faces.jsonl")
    assert code == 0 and "3 faces of 3 frames added, 0 frames were there" in output
    code, output, _ = call("faceset", "merge", "all", "faces", "again")
    assert code == 0 and output.splitlines()[1].endswith("0 faces of 0 frames added, 3 frames were there")
    with Faceset.open(tmp_path / "all") as merged:
        assert len(merged) == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("import", "new", "--from", "missing"), "there is no file"),
        (("import", "new", "--from", "."), "holds no aligned face"),
        (("import", "new", "--from", "notes.txt"), "must end in"),
        (("export", "faces", "faces.csv"), "must end in"),
        (("export", "missing", "faces.jsonl"), "is not a faceset"),
        (("export", "faces", "missing/faces.jsonl"), "does not exist"),
        (("merge", "new", "missing"), "is not a faceset"),
        (("import", "new"), "needs either --from or --boxes"),
        (("import", "new", "--boxes", "notes.txt"), "needs either --from or --boxes"),
        (("import", "new", "--from", "notes.txt", "--crop-size", "64"), "takes no --crop-size"),
        (("import", "new", "--from", ".", "--aligner", "dlib-5"), "takes no --aligner"),
        (("import", "new", "--from", ".", "--attributes", "notes.txt"), "as dfl takes no --attributes"),
        (("import", "new", "--from", ".", "--layout", "aligned", "--landmarks", "a"), "takes no --landmarks"),
        (("import", "new", "--boxes", "a", "--media", "b", "--layout", "dfl"), "--boxes needs none"),
        (("import", "new", "--boxes", "a", "--media", "b", "--face-type", "full"), "--boxes takes no --face-type"),
        (("import", "new", "--from", ".", "--layout", "celeba"), "holds no images"),
        (("import", "new", "--from", "notes.txt", "--layout", "stylegan"), "holds no NAME-rXX.tfrecords"),
        (("export", "faces", "faces.jsonl", "--size", "64"), "--size needs --layout stylegan"),
        (("export", "faces", "faces.jsonl", "--in-order"), "--in-order needs --layout stylegan"),
        (("export", "faces", "set", "--layout", "stylegan", "--in-order", "--seed", "1"), "--in-order out"),
        (("export", "faces", "set", "--layout", "stylegan", "--size", "100"), "Received: 100; 64 or 128 is near"),
    ],
)
def test_error_bad_input_is_one_line_and_makes_nothing(call, tmp_path, make_faceset, monkeypatch, words, said):
    make_faceset(tmp_path / "faces", count=1)
    (tmp_path / "notes.txt").write_text("notes")
    monkeypatch.chdir(tmp_path)
    code, _, error = call("faceset", *words)
    assert code == 2 and said in error and len(error.splitlines()) == 1
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["faces", "notes.txt"]


def test_error_two_types_of_faces_are_told(call, tmp_path, aligned):
    write_aligned(aligned / "11_0.jpg", "11.png", face_type="head")
    code, _, error = call("faceset", "import", str(tmp_path / "faces"), "--from", str(aligned))
    assert code == 2 and "3 whole, 1 head" in error and len(error.splitlines()) == 1


def test_feature_faces_of_tfrecords_and_what_filter_makes_of_attributes(call, tmp_path, make_faceset, monkeypatch):
    make_faceset(tmp_path / "faces", count=3)
    monkeypatch.chdir(tmp_path)
    code, output, _ = call("faceset", "export", "faces", "set", "--layout", "stylegan", "--size", "64", "--in-order")
    assert (code, output) == (0, "set: 3 faces at 64 pixels and below\n")
    rows = "".join(f"set-r06-00000{number}.png {2 * (number == 1) - 1}\n" for number in range(3))
    (tmp_path / "list.txt").write_text("3\nSecond\n" + rows)
    words = ("--from", "set", "--layout", "stylegan", "--attributes", "list.txt", "--face-type", "head")
    code, output, error = call("faceset", "import", "again", *words)
    assert code == 0 and "faces: 3" in output.splitlines(), error
    assert "attributes: Second" in call("faceset", "info", "again")[1].splitlines()
    code, output, _ = call("faceset", "filter", "again", "--has", "Second")
    assert code == 0 and output.splitlines()[0] == "has Second: 1 faces"
    code, output, _ = call("faceset", "filter", "again", "--lacks", "Second", "--dry-run")
    assert code == 0 and "2 of 2 faces would be removed" in output
    code, _, error = call("faceset", "filter", "faces", "--has", "Second")
    assert code == 2 and "has no attribute 'Second'; it has none" in error


def test_error_records_of_more_than_crops_show(call, tmp_path, make_faceset, monkeypatch):
    make_faceset(tmp_path / "faces", count=1)
    monkeypatch.chdir(tmp_path)
    call("faceset", "export", "faces", "set", "--layout", "stylegan", "--size", "64", "--face-type", "full")
    call("faceset", "import", "narrow", "--from", "set", "--layout", "stylegan")
    code, _, error = call("faceset", "export", "narrow", "wide", "--layout", "stylegan", "--face-type", "head")
    assert code == 2 and "which are full; choose one of half, mid-full, full" in error
    assert not (tmp_path / "wide").exists()


@pytest.mark.parametrize("command", ["import", "export", "merge"])
def test_smoke_help_teaches_by_an_example(call, command):
    code, output, _ = call("faceset", command, "--help")
    assert code == 0 and f"faceswap faceset {command} faces/anna" in output


def test_feature_boxes_become_a_faceset(call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cv2.imwrite(str(tmp_path / "a.png"), astronaut()[:300, 60:400, ::-1])
    (tmp_path / "boxes.csv").write_text("left,top,right,bottom\n115,70,215,170\n")
    words = ("--boxes", "boxes.csv", "--media", "a.png", "--crop-size", "64")
    plugins = ("--aligner", "dlib-5", "--masker", "ellipse")
    code, output, _ = call("faceset", "import", "faces", *words, *plugins)
    assert code == 0 and "faces: 1" in output.splitlines()
    with Faceset.open(tmp_path / "faces") as faceset:
        (face,) = faceset.faces()
        assert (faceset.crop_size, face.scheme, face.mask_names) == (64, "dlib5", ("ellipse",))
