"""Images that a person deletes are missed without listing folders that nobody touched; nothing is ever overlooked."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from faceswap.lib import faceset as faceset_module
from faceswap.lib import shards
from faceswap.lib.crops import crop_path, encode_crop
from faceswap.lib.face_records import FaceRecord, FrameRecord
from faceswap.lib.faceset import Faceset
from faceswap.lib.faceset_writer import FacesetWriter
from faceswap.lib.shards import changed_shards, images_in, mark, shard_folder

CROP = encode_crop(np.zeros((8, 8, 3), np.uint8))


def frames(pts: range) -> list[FrameRecord]:
    face = FaceRecord(
        box=np.zeros(4, np.float32), score=0.5, matrix=np.eye(2, 3, dtype=np.float32), crop=CROP, sharpness=1.0
    )
    return [FrameRecord("a.mp4", number, number / 25, 8, 8, (face,)) for number in pts]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with FacesetWriter.create_or_open(tmp_path / "faces", crop_size=8) as faceset:
        faceset.add_chunk("a.mp4", 0, frames(range(40)))
    return tmp_path / "faces"


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The shards whose folder is listed."""
    looked: list[str] = []

    def look(faceset: Path, shard: str) -> set[str]:
        if shard_folder(faceset, shard).is_dir():
            looked.append(shard)
        return images_in(faceset, shard)

    for module in (faceset_module, shards):
        monkeypatch.setattr(module, "images_in", look)
    return looked


def names(path: Path) -> list[str]:
    with Faceset.open(path) as faceset:
        assert len(faceset) == len(faceset.face_table())
        return faceset.face_table().ids.tolist()


def test_only_shards_that_changed_are_listed(path: Path, listed: list[str]) -> None:
    before = names(path)
    assert listed == []
    crop_path(path, before[5]).unlink()
    assert names(path) == before[:5] + before[6:]
    assert set(listed) == {before[5][:2]}
    crop_path(path, before[5]).write_bytes(CROP)
    assert names(path) == before


def test_what_is_deleted_while_the_writer_works_is_missed(path: Path, listed: list[str]) -> None:
    before = names(path)
    with FacesetWriter.open(path) as faceset:
        faceset.add_chunk("a.mp4", 1, frames(range(40, 80)))
        crop_path(path, before[5]).unlink()
    with FacesetWriter.open(path):
        pass
    assert set(before) - set(names(path)) == {before[5]}
    with FacesetWriter.open(path) as faceset:
        assert faceset.sync() == 1
    listed.clear()
    assert len(names(path)) == 79
    assert listed == []


@pytest.mark.parametrize("change", ["remove", "restore", "add", "sync"])
def test_an_image_that_a_kill_left_behind_is_swept(path: Path, change: str) -> None:
    """Rows change under marks that hold; the marks must go with them."""
    victim = names(path)[7]
    if change == "restore":
        with FacesetWriter.open(path) as faceset:
            faceset.remove([victim])
    statement = {
        "remove": "UPDATE face SET removed = 1 WHERE name = ?",
        "restore": "UPDATE face SET removed = 0 WHERE name = ?",
        "sync": "DELETE FROM face WHERE name = ?",
        "add": "DELETE FROM frame WHERE id = (SELECT frame FROM face WHERE name = ?)",
    }[change]
    connection = sqlite3.connect(path / "faces.db")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(statement, (victim,))
    connection.commit()
    assert connection.execute("SELECT 1 FROM shard WHERE name = ?", (victim[:2],)).fetchall() == []
    connection.close()
    FacesetWriter.open(path).close()
    assert not crop_path(path, victim).exists()


def test_a_copy_that_keeps_no_times_is_listed(path: Path, listed: list[str]) -> None:
    before = names(path)
    for folder in (path / "crops").iterdir():
        os.utime(folder)
    crop_path(path, before[0]).unlink()
    assert names(path) == before[1:]
    assert set(listed) == {folder.name for folder in (path / "crops").iterdir()}


def test_no_mark_while_somebody_changes_the_folder(path: Path) -> None:
    victim, folder = names(path)[0], path / "crops"
    shard = victim[:2]
    faces = images_in(path, shard)

    def deleting() -> set[str]:
        crop_path(path, victim).unlink()
        return faces

    assert mark(path, shard, deleting) is None
    assert mark(path, shard, lambda: faces) is None
    crop_path(path, victim).write_bytes(CROP)
    first, second = mark(path, shard, lambda: faces), mark(path, shard, lambda: faces)
    assert first and second and first != second
    assert shard in changed_shards(path, {shard: first}) and shard not in changed_shards(path, {shard: second})
    assert mark(folder / "nowhere", shard, lambda: faces) is None


def test_a_folder_of_coarse_times_takes_no_mark(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shard = names(path)[0][:2]
    change = os.utime
    monkeypatch.setattr(os, "utime", lambda folder, ns: change(folder, ns=(ns[0], ns[1] // 10**9 * 10**9)))
    assert mark(path, shard, lambda: images_in(path, shard)) is None
