"""A faceset of an older version of the tables becomes today's, keeps every row, and loses none when that fails."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from faceswap.lib import store_schema
from faceswap.lib.errors import OutputError, StoreError
from faceswap.lib.faceset import Faceset
from faceswap.lib.faceset_writer import FacesetWriter
from faceswap.lib.lock import FolderLock
from faceswap.lib.store import close_writer, open_for_reading, open_for_writing

VERSION_2 = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE stage (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL,
    options_hash TEXT NOT NULL, UNIQUE (kind, name, version, options_hash)
) STRICT;
CREATE TABLE frame (
    id INTEGER PRIMARY KEY, source TEXT NOT NULL, pts INTEGER NOT NULL, time REAL NOT NULL,
    width INTEGER NOT NULL, height INTEGER NOT NULL, UNIQUE (source, pts)
) STRICT;
CREATE TABLE source (name TEXT PRIMARY KEY, fingerprint TEXT NOT NULL) STRICT;
CREATE TABLE stage_done (
    frame INTEGER NOT NULL REFERENCES frame ON DELETE CASCADE, stage INTEGER NOT NULL REFERENCES stage,
    PRIMARY KEY (frame, stage)
) STRICT, WITHOUT ROWID;
CREATE TABLE face (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
    frame INTEGER NOT NULL REFERENCES frame ON DELETE CASCADE, position INTEGER NOT NULL,
    score REAL NOT NULL, scheme TEXT, UNIQUE (frame, position)
) STRICT;
CREATE TABLE array (
    face INTEGER NOT NULL REFERENCES face ON DELETE CASCADE, role TEXT NOT NULL, name TEXT NOT NULL,
    dtype TEXT NOT NULL, shape TEXT NOT NULL, encoding TEXT NOT NULL, data BLOB NOT NULL,
    UNIQUE (face, role, name)
) STRICT;
CREATE TABLE deleted (name TEXT PRIMARY KEY) STRICT;
INSERT INTO meta VALUES ('schema_version', '2'), ('contract_version', '1'), ('crop_size', '8'), ('face_type', 'head');
INSERT INTO frame VALUES (1, 'clip.mp4', 5, 0.2, 64, 48);
INSERT INTO face VALUES (1, 'd8da77c03bd9db6a9e3a', 1, 1, 0.5, NULL);
INSERT INTO array VALUES (1, 'box', '', '<f4', '4', 'raw', zeroblob(16)),
    (1, 'matrix', '', '<f4', '2,3', 'raw', zeroblob(24));
INSERT INTO deleted VALUES ('00112233445566778899');
"""
"""What the program made before faces were measured."""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A faceset of version 2 with one face."""
    connection = sqlite3.connect(tmp_path / "faces.db")
    connection.executescript(VERSION_2)
    connection.close()
    (tmp_path / "crops" / "d8").mkdir(parents=True)
    (tmp_path / "crops" / "d8" / "d8da77c03bd9db6a9e3a.jpg").write_bytes(b"jpg")
    return tmp_path


def version(path: Path) -> str:
    connection = sqlite3.connect(path / "faces.db")
    ((found,),) = connection.execute("SELECT value FROM meta WHERE key = 'schema_version'")
    connection.close()
    return str(found)


def layout(connection: sqlite3.Connection) -> dict[str, object]:
    """Columns, indexes and references of every table, as SQLite tells them."""
    return {
        name: [
            connection.execute(f"SELECT * FROM pragma_{what}('{name}')").fetchall()
            for what in ("table_info", "index_list", "foreign_key_list")
        ]
        for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
    }


def test_a_migrated_file_is_laid_out_like_a_new_one(old: Path) -> None:
    migrated, new = open_for_writing(old / "faces.db"), open_for_writing(old / "new.db")
    assert layout(migrated) == layout(new)
    assert migrated.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    close_writer(migrated)
    close_writer(new)


@pytest.mark.parametrize("opens", [Faceset.open, FacesetWriter.open])
def test_old_faces_are_read_as_they_were(old: Path, opens) -> None:
    with opens(old) as faceset:
        (face,) = faceset.faces()
        assert (face.id, face.source, face.pts, face.index, face.score) == (
            *("d8da77c03bd9db6a9e3a", "clip.mp4", 5),
            *(1, 0.5),
        )
        assert (face.size, face.yaw, face.track, face.person) == (None, None, None, None)
        np.testing.assert_array_equal(face.box, np.zeros(4, np.float32))
        info = faceset.info()
        assert (info.faces, info.deleted, info.removed, info.unmeasured, info.measured) == (1, 1, 0, 1, {})
    assert version(old) == "3"


def test_a_step_that_fails_leaves_the_old_file(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = store_schema.MIGRATIONS[2] + "INSERT INTO no_such_table VALUES (1);"
    monkeypatch.setattr(store_schema, "MIGRATIONS", {2: steps})
    with pytest.raises(sqlite3.OperationalError, match="no_such_table"):
        FacesetWriter.open(old)
    connection = sqlite3.connect(old / "faces.db")
    assert [row[1] for row in connection.execute("PRAGMA table_info(face)")][-1] == "scheme"
    connection.close()
    assert version(old) == "2"


def test_a_reader_says_what_to_do_where_it_cannot_migrate(old: Path) -> None:
    with FolderLock(old):
        with pytest.raises(StoreError, match=r"schema version 2 and could not be brought to 3 \(.*being written"):
            open_for_reading(old / "faces.db")
        with pytest.raises((StoreError, OutputError), match="is being written"):
            FacesetWriter.open(old)
    assert version(old) == "2"
    Faceset.open(old).close()
