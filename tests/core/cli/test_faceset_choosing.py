"""`faceswap faceset sort`, `group`, `sync --from` and `filter`, on faces whose measures are known."""

from __future__ import annotations

import json

import numpy as np
import pytest

from faceswap.lib.crops import encode_crop
from faceswap.lib.face_records import FaceRecord, FrameRecord, Stage
from faceswap.lib.faceset import Faceset
from faceswap.lib.faceset_writer import FacesetWriter

RECOGNIZER = Stage("recognizer", "dlib-resnet", "0.1.0", "00")
YAW = (10, -40, 60, 0, -5, 25)
SHARP = (50, 10, 90, 30, 70, 20)


def face(number, embedding=None):
    """A face of known measures: the pictures' grays are 40, 65, ... and the embeddings stand on a circle."""
    crop = np.full((64, 64, 3), 40 + 25 * number, np.uint8)
    return FaceRecord(
        box=np.array([0, 0, 9, 9], np.float32),
        score=0.9,
        matrix=np.eye(2, 3, dtype=np.float32),
        crop=encode_crop(crop),
        embeddings={} if embedding is None else {"dlib-resnet": np.asarray(embedding, np.float32)},
        size=100.0 + 10 * number,
        sharpness=float(SHARP[number]),
        brightness=number / 10,
        yaw=float(YAW[number]),
        pitch=float(number),
        roll=0.0,
    )


@pytest.fixture
def make(tmp_path):
    def build(name="faces", embeddings=None):
        stages = () if embeddings is None else (RECOGNIZER,)
        frames = [
            FrameRecord("a.mp4", n, n / 10, 99, 99, (face(n, None if embeddings is None else embeddings[n]),))
            for n in range(len(YAW))
        ]
        with FacesetWriter.create_or_open(tmp_path / name, crop_size=64, stages=stages) as faceset:
            faceset.add_chunk("a.mp4", 0, frames)
        return tmp_path / name

    return build


def pts_of(faceset, names):
    with Faceset.open(faceset) as opened:
        pts = {face.id: face.pts for face in opened.faces()}
    return [pts[name] for name in names]


def left(faceset):
    with Faceset.open(faceset) as opened:
        return [face.pts for face in opened.faces()]


def on_circle(*degrees):
    return [(np.cos(np.radians(angle)), np.sin(np.radians(angle)), 0) for angle in degrees]


@pytest.mark.parametrize(
    ("words", "order"),
    [
        (("--by", "yaw"), [1, 4, 3, 0, 5, 2]),
        (("--by", "sharpness", "--reverse"), [2, 4, 0, 3, 5, 1]),
        (("--by", "brightness"), [0, 1, 2, 3, 4, 5]),
        (("--by", "identity"), None),  # The stranger, face 5, is last.
        (("--by", "similarity"), [3, 1, 4, 2, 0, 5]),  # Around the circle, from the one nearest to the mean of all.
    ],
)
def test_feature_faces_are_sorted(call, make, words, order):
    faceset = make(embeddings=on_circle(0, 10, 2, 12, 4, 90))
    code, output, _ = call("faceset", "sort", str(faceset), *words, "--json")
    found = pts_of(faceset, [told["face"] for told in json.loads(output)])
    assert code == 0
    assert found == order or (order is None and sorted(found) == list(range(6)) and found[-1] == 5)


def test_feature_without_embeddings_similarity_goes_by_color(call, make):
    faceset = make()
    code, output, _ = call("faceset", "sort", str(faceset), "--by", "similarity", "--json")
    assert code == 0 and len(json.loads(output)) == 6
    code, _, error = call("faceset", "sort", str(faceset), "--by", "identity")
    assert code == 2 and "--recognizer" in error and len(error.splitlines()) == 1


def test_feature_what_is_deleted_in_a_folder_goes_to_the_trash_and_comes_back(call, make, tmp_path):
    faceset, look = make(), tmp_path / "look"
    code, output, _ = call("faceset", "sort", str(faceset), "--by", "sharpness", "--out", str(look))
    assert code == 0 and f"faceswap faceset sync {faceset} --from {look}" in output
    files = sorted(look.glob("*.jpg"))
    assert files[0].name.startswith("1_sharpness-10_") and files[0].resolve().parent.parent == faceset / "crops"
    for file in files[:2]:  # The two most blurred.
        file.unlink()
    assert len(left(faceset)) == 6
    told = call("faceset", "sync", str(faceset), "--from", str(look))[1]
    assert told == f"Removed 2 faces; {faceset} holds 4 faces\n"
    assert left(faceset) == [0, 2, 3, 4]
    with FacesetWriter.open(faceset) as writer:
        assert writer.restore() == 2
    assert left(faceset) == [0, 1, 2, 3, 4, 5]


def test_feature_groups_are_ranges_and_people(call, make, tmp_path):
    faceset = make()
    words = ("--by", "yaw", "--bins", "5", "--out", str(tmp_path / "look"))
    assert call("faceset", "group", str(faceset), *words)[0] == 0
    names = {folder.name: len(list(folder.iterdir())) for folder in (tmp_path / "look").iterdir() if folder.is_dir()}
    assert names == {
        "01-yaw--40-to--20": 1,
        "02-yaw--20-to-0": 1,
        "03-yaw-0-to-20": 2,
        "04-yaw-20-to-40": 1,
        "05-yaw-40-to-60": 1,
    }
    with FacesetWriter.open(faceset) as writer:
        ids = writer.face_table().ids.tolist()
        writer.note_people({ids[0]: 1, ids[1]: 1, ids[2]: 2})
        writer.name_person(2, "Anna/../x")
        writer.note_tracks({ids[5]: 8})
    assert call("faceset", "group", str(faceset), "--by", "person")[1].splitlines() == [
        "no-person: 3 faces",
        "person-1: 2 faces",
        "person-2-Anna-x: 1 faces",
    ]
    assert "track-8: 1 faces" in call("faceset", "group", str(faceset), "--by", "track")[1]


@pytest.mark.parametrize(
    ("words", "stays"),
    [
        (("--blurred", "25"), [0, 2, 3, 4]),
        (("--smaller", "125"), [3, 4, 5]),
        (("--yaw-over", "30"), [0, 3, 4, 5]),
        (("--pitch-over", "3"), [0, 1, 2, 3]),
        (("--darker", "0.15"), [2, 3, 4, 5]),
        (("--brighter", "0.35"), [0, 1, 2, 3]),
        (("--blurred", "25", "--yaw-over", "30"), [0, 3, 4]),
        (("--near-duplicates", "0.1"), [2, 3, 5]),  # 0, 2, 4 and 1, 3 are alike: 2 and 3 are the sharpest.
    ],
)
def test_feature_conditions_remove_faces_and_dry_runs_none(call, make, words, stays):
    faceset = make(embeddings=on_circle(0, 10, 2, 12, 4, 90))
    code, output, _ = call("faceset", "filter", str(faceset), *words, "--dry-run")
    assert code == 0 and f"{6 - len(stays)} of 6 faces would be removed" in output
    assert len(left(faceset)) == 6
    assert call("faceset", "filter", str(faceset), *words)[0] == 0
    assert left(faceset) == stays


def test_feature_each_condition_is_counted(call, make):
    faceset = make()
    words = ("--blurred", "25", "--yaw-over", "30", "--near-duplicates", "0.11", "--json")
    told = json.loads(call("faceset", "filter", str(faceset), *words)[1])
    # Of the grays 40, 115 and 140, which are left, 115 and 140 are 25/255 apart; 140 (face 4) is sharper than 115.
    assert (told["blurred"], told["yaw_over"], told["near_duplicates"], told["removed"]) == (2, 2, 1, 4)
    assert left(faceset) == [0, 4]


def test_feature_other_people_go(call, make, tmp_path):
    faceset = make(embeddings=on_circle(0, 10, 2, 12, 4, 90))
    reference = make("reference", embeddings=on_circle(0, 0, 10, 10, 5, 5))
    assert call("faceset", "filter", str(faceset), "--not-person", str(reference))[0] == 0
    assert left(faceset) == [0, 1, 2, 3, 4]
    with FacesetWriter.open(faceset) as writer:
        writer.note_people({writer.face_table().ids.tolist()[3]: 1})
        writer.name_person(1, "Anna")
    assert call("faceset", "filter", str(faceset), "--not-person", "Anna")[0] == 0
    assert left(faceset) == [3]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "needs a condition"),
        (("--blurred", "-1"), "--blurred"),
        (("--darker", "7"), "--darker"),
        (("--not-person", "Nobody"), "--not-person must be"),
    ],
)
def test_error_filter_says_in_one_line_what_is_wrong(call, make, words, said):
    code, _, error = call("faceset", "filter", str(make()), *words)
    assert code == 2 and said in error and len(error.splitlines()) == 1


@pytest.mark.parametrize("command", ["sort", "group", "sync", "filter"])
def test_smoke_help_teaches_by_an_example(call, command):
    code, output, _ = call("faceset", command, "--help")
    assert code == 0 and f"faceswap faceset {command} faces/anna" in output
