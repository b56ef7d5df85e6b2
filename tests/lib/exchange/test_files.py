"""Facesets to files and back: exact in each format, refusals in one line, other readers read them."""

from __future__ import annotations

import base64
import json
import sqlite3
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from faceswap.lib.crops import encode_crop
from faceswap.lib.errors import FaceswapError, OutputError, StoreError
from faceswap.lib.exchange.files import export_faceset, import_file
from faceswap.lib.face_records import FaceRecord, FrameRecord, Stage
from faceswap.lib.faceset import Faceset
from faceswap.lib.faceset_copy import FacesetHead, add_frames, whole_frames
from faceswap.lib.faceset_writer import FacesetWriter

STAGES = (Stage("detector", "dlib-hog", "0.1.0", "a1b2c3d4e5f6"), Stage("aligner", "dlib-68", "0.1.0", "00ff00ff00ff"))
ENDINGS = ("jsonl", "parquet", "tfrecord")


def make_face(seed: int) -> FaceRecord:
    rng = np.random.default_rng(seed)
    whole = seed % 3 > 0
    return FaceRecord(
        box=rng.normal(100, 50, 4).astype(np.float32),
        score=float(rng.random()),
        landmarks=rng.normal(100, 50, (68, 2)).astype(np.float32) if whole else None,
        scheme="ibug68" if whole else None,
        matrix=rng.normal(0, 1, (2, 3)).astype(np.float32),
        masks={"hull": rng.random((12, 12, 1), np.float32), "ellipse": np.ones((8, 8, 1), np.float32)} if whole else {},
        embeddings={"dlib-resnet": rng.normal(0, 1, 128).astype(np.float32)} if whole else {},
        crop=encode_crop(rng.integers(0, 256, (32, 32, 3), np.uint8)),
        **({"sharpness": float(rng.random()) / 3, "yaw": -float(rng.random())} if whole else {}),
    )


def make_faceset(path: Path, source: str = "clip.mp4", frames: int = 6, first: int = 0) -> Path:
    """A faceset with empty frames, notes, a removed face and a deleted one."""
    records = [
        FrameRecord(source, pts, pts / 30, 640, 480, tuple(make_face(100 * pts + n) for n in range(pts % 3)))
        for pts in range(first, first + frames)
    ]
    with FacesetWriter.create_or_open(path, crop_size=32, face_type="full", stages=STAGES) as faceset:
        faceset.note_sources({source: f"mark of {source}"})
        faceset.add_chunk(source, 0, records)
        names = [face.id for face in faceset.faces()]
        faceset.note_tracks({name: 3 + place % 2 for place, name in enumerate(names[:-1])})
        faceset.note_people({names[0]: 1, names[1]: 4})
        faceset.name_person(4, "Anna")
        faceset.note_attributes(["Bald", "Smiling"], {names[0]: np.array([1, -1]), names[2]: np.array([0, 1])})
        faceset.remove([names[1]])
        next(face for face in faceset.faces() if face.id == names[-1]).crop.unlink()
        faceset._look_again()
        faceset.sync()
    return path


def tables(path: Path) -> dict[str, Any]:
    """All that the database says, by what it means and not by row numbers; and the pictures."""
    with sqlite3.connect(path / "faces.db") as rows:
        frames = rows.execute("SELECT source, pts, time, width, height FROM frame ORDER BY 1, 2").fetchall()
        faces = rows.execute(
            "SELECT name, source, pts, position, score, scheme, size, sharpness, brightness, yaw, pitch, roll, track, "
            "person, removed FROM face JOIN frame ON face.frame = frame.id ORDER BY 1"
        ).fetchall()
        arrays = rows.execute(
            "SELECT face.name, role, array.name, dtype, shape, encoding, data FROM array JOIN face ON face = face.id "
            "ORDER BY 1, 2, 3"
        ).fetchall()
        others = {
            name: sorted(rows.execute(f"SELECT * FROM {name}").fetchall(), key=str)
            for name in ("meta", "source", "deleted", "person")
        }
        done = rows.execute("SELECT count(*) FROM stage_done").fetchall()
        stages = sorted(rows.execute("SELECT kind, name, version, options_hash FROM stage").fetchall())
    pictures = {
        str(file.relative_to(path)): file.read_bytes()
        for part in ("crops", "trash")
        for file in (path / part).rglob("*.jpg")
    }
    return {"frames": frames, "faces": faces, "arrays": arrays, **others, "done": done, "stages": stages, "p": pictures}


@pytest.fixture(scope="module")
def faceset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_faceset(tmp_path_factory.mktemp("exchange") / "faces")


def write(faceset: Path, file: Path) -> int:
    if file.suffix == ".parquet":
        pytest.importorskip("pyarrow")
    with Faceset.open(faceset) as opened:
        return export_faceset(opened, file)


@pytest.mark.parametrize("ending", ENDINGS)
def test_everything_comes_back_exactly(faceset: Path, tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"faces.{ending}"
    assert write(faceset, file) == 5  # One of them removed; the deleted one is gone.
    added = import_file(tmp_path / "again", file)
    assert (added.frames, added.held) == (6, 0)
    before, after = tables(faceset), tables(tmp_path / "again")
    assert before == after
    assert [row[-1] for row in before["faces"]].count(1) == 1 and len(before["deleted"]) == 1
    again = import_file(tmp_path / "again", file)
    assert (again.frames, again.faces, again.held) == (0, 0, 6)
    assert tables(tmp_path / "again") == before


def test_lines_are_what_json_reads(faceset: Path, tmp_path: Path) -> None:
    write(faceset, tmp_path / "faces.jsonl")
    head, *lines = [json.loads(line) for line in (tmp_path / "faces.jsonl").read_text().splitlines()]
    assert head["faceset"]["crop_size"] == 32
    assert sum("id" not in line for line in lines) == 2 and len(lines) == 7
    with Faceset.open(faceset) as opened:
        by_id = {line.get("id"): line for line in lines}
        for face in opened.faces():
            line = by_id[face.id]
            np.testing.assert_array_equal(np.array(line["box"], np.float32), face.box)
            assert base64.b64decode(line["crop"]) == face.crop.read_bytes()
            for name in face.mask_names:
                mask = cv2.imdecode(
                    np.frombuffer(base64.b64decode(line["masks"][name]), np.uint8), cv2.IMREAD_UNCHANGED
                )
                np.testing.assert_allclose(mask[..., None] / np.float32(255), opened.read_mask(face, name))


@pytest.mark.slow
def test_records_are_what_tensorflow_reads(faceset: Path, tmp_path: Path) -> None:
    import tensorflow as tf

    write(faceset, tmp_path / "faces.tfrecord")
    features = {
        "id": tf.io.FixedLenFeature([], tf.string, ""),
        "score": tf.io.FixedLenFeature([], tf.string, "0"),
        "matrix": tf.io.FixedLenFeature([2, 3], tf.float32, [0.0] * 6),
        "crop": tf.io.FixedLenFeature([], tf.string, ""),
    }
    with Faceset.open(faceset) as opened:
        faces = {face.id: face for face in opened.faces()}
    seen = 0
    for record in tf.data.TFRecordDataset(str(tmp_path / "faces.tfrecord")).skip(1):
        told = tf.io.parse_single_example(record, features)
        face = faces.get(told["id"].numpy().decode())
        if face is not None:
            seen += 1
            assert tf.strings.to_number(told["score"], tf.float64).numpy() == face.score
            np.testing.assert_array_equal(told["matrix"], face.matrix)
            assert tf.io.decode_jpeg(told["crop"]).shape == (32, 32, 3)
    assert seen == len(faces) == 4


def test_a_table_is_what_pyarrow_reads(faceset: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    write(faceset, tmp_path / "faces.parquet")
    table = parquet.read_table(tmp_path / "faces.parquet").to_pydict()
    with Faceset.open(faceset) as opened:
        scores = {face.id: face.score for face in opened.faces()}
    assert {name: score for name, score in zip(table["id"], table["score"], strict=True) if name in scores} == scores


@pytest.mark.parametrize("ending", ENDINGS)
def test_damaged_files_are_told_in_one_line(faceset: Path, tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"faces.{ending}"
    write(faceset, file)
    whole = file.read_bytes()
    for name, data in {
        "empty": b"",
        "cut": whole[: len(whole) * 2 // 3],
        "noise": bytes(range(256)) * 20,
        "middle": whole[: len(whole) // 2] + b"\x00\xff\x00\xff" + whole[len(whole) // 2 + 4 :],
    }.items():
        file.write_bytes(data)
        with pytest.raises(FaceswapError) as told:
            import_file(tmp_path / f"{name}-{ending}", file)
        assert "\n" not in str(told.value), name


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"box": [1, 2, 3]}, "box"),
        ({"crop": base64.b64encode(b"GIF89a").decode()}, "no JPEG"),
        ({"scheme": "other"}, "landmarks"),
        ({"score": "high"}, "score"),
        ({"pts": 1.5}, "pts"),
        ({"person": 77}, "person 77"),
        ({"masks": {"hull": "AAAA"}}, "gray PNG"),
        ({"matrix": [[1, 2], [3]]}, "damaged"),
    ],
)
def test_a_wrong_field_is_named(faceset: Path, tmp_path: Path, change: dict[str, Any], said: str) -> None:
    file = tmp_path / "faces.jsonl"
    write(faceset, file)
    head, *lines = file.read_text().splitlines()
    face = next(json.loads(line) for line in lines if "scheme" in line)
    file.write_text("\n".join([head, json.dumps({**face, **change})]))
    with pytest.raises(StoreError, match=said):
        import_file(tmp_path / "again", file)


def test_endings_and_settings_are_checked(faceset: Path, tmp_path: Path) -> None:
    with Faceset.open(faceset) as opened, pytest.raises(OutputError, match=r"must end in \.jsonl"):
        export_faceset(opened, tmp_path / "faces.csv")
    with pytest.raises(StoreError, match="no file"):
        import_file(tmp_path / "again", tmp_path / "none.jsonl")
    write(faceset, tmp_path / "faces.jsonl")
    FacesetWriter.create_or_open(tmp_path / "other", crop_size=64).close()
    with FacesetWriter.open(tmp_path / "other") as other:
        other.add_chunk("a.mp4", 0, [FrameRecord("a.mp4", 0, 0.0, 10, 10)])
    with pytest.raises(StoreError, match="made with"):
        import_file(tmp_path / "other", tmp_path / "faces.jsonl")


def test_without_pyarrow_one_line_says_what_to_do(
    faceset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with Faceset.open(faceset) as opened, pytest.raises(OutputError, match=r"pip install 'faceswap\[parquet\]'"):
        export_faceset(opened, tmp_path / "faces.parquet")
    assert list(tmp_path.iterdir()) == []


def merge(into: Path, *others: Path) -> None:
    for other in others:
        with Faceset.open(other) as opened, FacesetWriter.open(into) as faceset:
            add_frames(faceset, FacesetHead.of(opened), whole_frames(opened))


def test_merged_tracks_and_people_are_kept_apart(faceset: Path, tmp_path: Path) -> None:
    into = make_faceset(tmp_path / "into", "other.mp4", frames=4)
    before = tables(into)
    merge(into, faceset)
    after, other = tables(into), tables(faceset)
    assert len(after["frames"]) == 10 and len(after["arrays"]) == len(before["arrays"]) + len(other["arrays"])
    assert after["p"] == {**before["p"], **other["p"]}
    tracks = {source: {row[12] for row in after["faces"] if row[1] == source} for source in ("clip.mp4", "other.mp4")}
    assert not tracks["clip.mp4"] & tracks["other.mp4"] - {None}
    people = {row[0]: row[13] for row in after["faces"]}
    (mine,) = {row[13] for row in before["faces"] if row[13] == 1}
    anna = {people[row[0]] for row in other["faces"] if row[13] == 4}
    unnamed = {people[row[0]] for row in other["faces"] if row[13] == 1}
    assert anna == {4} and not unnamed & {mine, 4}
    merge(into, faceset)
    assert tables(into)["faces"] == after["faces"]


def test_another_film_of_the_same_name_is_refused(faceset: Path, tmp_path: Path) -> None:
    into = make_faceset(tmp_path / "into", frames=3)
    with FacesetWriter.open(into) as opened:
        opened._connection.execute("UPDATE source SET fingerprint = 'another'")
    with pytest.raises(StoreError, match="of other content"):
        merge(into, faceset)
    assert len(tables(into)["frames"]) == 3
