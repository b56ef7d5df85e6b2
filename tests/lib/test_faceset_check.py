"""Every way in which a faceset can be amiss is found, and gone after what the finding says to do."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from faceswap.lib.crops import crop_path, encode_crop, trash_path
from faceswap.lib.face_records import FaceRecord, FrameRecord
from faceswap.lib.faceset import Faceset
from faceswap.lib.faceset_check import check_faceset
from faceswap.lib.faceset_writer import FacesetWriter

ORPHAN = "ab" * 10


def change(path: Path, statement: str) -> None:
    """Changes the database behind the program's back."""
    connection = sqlite3.connect(path / "faces.db")
    connection.execute(statement)
    connection.commit()
    connection.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    face = FaceRecord(
        box=np.zeros(4, np.float32),
        score=0.5,
        matrix=np.eye(2, 3, dtype=np.float32),
        crop=encode_crop(np.zeros((8, 8, 3), np.uint8)),
    )
    with FacesetWriter.create_or_open(tmp_path / "faces", crop_size=8) as faceset:
        faceset.add_chunk("a.mp4", 0, [FrameRecord("a.mp4", pts, 0.0, 8, 8, (face,)) for pts in range(6)])
        names = faceset.face_table().ids.tolist()
        faceset.remove(names[:1])
    return tmp_path / "faces"


@pytest.fixture
def names(path: Path) -> list[str]:
    """The faces by name, the removed one first."""
    with Faceset.open(path) as faceset:
        return [*faceset.removed_faces(), *faceset.face_table().ids.tolist()]


def found(path: Path) -> list[tuple[str, list[str]]]:
    with Faceset.open(path) as faceset:
        return [(finding.what, list(finding.names)) for finding in check_faceset(faceset)]


def test_a_whole_faceset_has_no_finding_and_every_face_is_looked_at(path: Path) -> None:
    told: list[tuple[int, int]] = []
    with Faceset.open(path) as faceset:
        assert check_faceset(faceset, lambda *done: told.append(done)) == []
    assert told == [(number, 5) for number in range(1, 6)]


def test_findings_that_sync_clears_away(path: Path, names: list[str]) -> None:
    crop_path(path, names[1]).unlink()
    trash_path(path, names[0]).unlink()
    crop_path(path, ORPHAN).parent.mkdir(exist_ok=True)
    shutil.copy(crop_path(path, names[2]), crop_path(path, ORPHAN))
    assert found(path) == [
        ("1 faces whose crop image was deleted", [names[1]]),
        ("1 images in `crops` of no face", [ORPHAN]),
        ("1 removed faces that cannot come back, their image is gone", [names[0]]),
    ]
    with FacesetWriter.open(path) as faceset:
        assert faceset.sync() == 2
        assert (faceset.info().removed, faceset.info().deleted) == (0, 2)
    assert found(path) == []


def test_a_removal_that_was_killed_is_found(path: Path, names: list[str]) -> None:
    change(path, f"UPDATE face SET removed = 1 WHERE name = '{names[3]}'")
    assert found(path) == [("1 images of removed faces that are not yet in `trash`", [names[3]])]
    FacesetWriter.open(path).close()
    assert found(path) == []


def test_images_that_are_amiss(path: Path, names: list[str]) -> None:
    crop_path(path, names[1]).write_bytes(b"no picture")
    crop_path(path, names[2]).write_bytes(encode_crop(np.zeros((9, 9, 3), np.uint8)))
    trash_path(path, ORPHAN).parent.mkdir()
    trash_path(path, ORPHAN).write_bytes(b"")
    assert found(path) == [
        ("1 images in `trash` of no removed face", [ORPHAN]),
        ("2 faces whose image is damaged or not 8 px", sorted(names[1:3])),
    ]


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("INSERT INTO array VALUES (99, 'box', '', '<f4', '4', 'raw', zeroblob(16))", "a row of `array` has lost its"),
        ("DELETE FROM frame WHERE pts = 3", "a row of `face` has lost its `frame`"),
    ],
)
def test_rows_that_lost_theirs_are_damage(path: Path, statement: str, fault: str) -> None:
    change(path, statement)
    (finding,) = found(path)
    assert finding[0].endswith("faces.db is damaged")
    assert fault in finding[1][0]


def test_a_damaged_array_is_a_damaged_face(path: Path, names: list[str]) -> None:
    where = f"face = (SELECT id FROM face WHERE name = '{names[4]}') AND role = 'matrix'"
    change(path, f"UPDATE array SET data = zeroblob(5) WHERE {where}")
    assert found(path) == [("1 faces whose image is damaged or not 8 px", [names[4]])]


def test_a_torn_index_is_damage(path: Path) -> None:
    """A page of the database is overwritten, as by a failing disk."""
    connection = sqlite3.connect(path / "faces.db")
    ((page,),) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'face_person'")
    ((size,),) = connection.execute("PRAGMA page_size")
    connection.close()
    data = bytearray((path / "faces.db").read_bytes())
    data[(page - 1) * size : page * size] = b"\xff" * size
    (path / "faces.db").write_bytes(data)
    (finding,) = found(path)
    assert finding[0].endswith("faces.db is damaged")
