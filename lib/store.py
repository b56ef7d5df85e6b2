"""The SQLite file of a faceset: its schema, its versions and its connections.

What the rows mean is told in `lib/faceset.py`; here stands how they are kept, so that a kill or a full disk
loses no committed row. One process writes; any number read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import OutputError, StoreError
from .publish import disk_full_message

SCHEMA_VERSION = 2
"""Of the tables below; raised when a column changes."""

CONTRACT_VERSION = 1
"""Of the tensor contract, which says what the stored arrays mean (edges, centers, the matrix's direction)."""

_WAL_IS_SOUND = sqlite3.sqlite_version_info >= (3, 51, 3)  # Older ones can corrupt the file on a WAL reset.

_SCHEMA = """
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
"""


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Connects to `path` for the one writer, making the tables if the file is new.

    Raises:
        StoreError: The file is no faceset, is damaged, or is of another version.
        OutputError: The disk is full, or the file cannot be written.
    """
    with store_errors(path):
        connection = _connect(path, "rwc")
        try:
            connection.execute(f"PRAGMA journal_mode = {'WAL' if _WAL_IS_SOUND else 'DELETE'}")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            if not connection.execute("SELECT 1 FROM sqlite_schema").fetchone():
                _make_tables(connection)
            _check_versions(path, connection)
        except BaseException:
            connection.close()
            raise
        return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Connects to `path` so that nothing can be changed through the connection.

    The file itself is opened read-write where that is allowed: after a kill the first reader has to roll back
    the half-written transaction, which SQLite refuses to a connection in mode `ro`.

    Raises:
        StoreError: The file is missing, no faceset, damaged, or of another version.
    """
    if not path.is_file():
        remedy = "make one with `faceswap extract`"
        raise StoreError(f"{path.parent} is not a faceset: it has no {path.name}; {remedy}")
    with store_errors(path):
        connection = _connect(path, "rw")
        try:
            connection.execute("PRAGMA query_only = ON")
            _check_versions(path, connection)
        except BaseException:
            connection.close()
            raise
        return connection


def close_writer(connection: sqlite3.Connection) -> None:
    """Closes the writer's connection, leaving one plain file that a read-only disk can hold too."""
    with suppress(sqlite3.Error):  # A reader may be at it; the file is sound in either mode.
        connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()


@contextmanager
def transaction(path: Path, connection: sqlite3.Connection) -> Iterator[None]:
    """All statements of the block become durable together, or none does.

    Raises:
        StoreError: The file is damaged.
        OutputError: The disk is full, or another program holds the file.
    """
    with store_errors(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):  # SQLite has already rolled back when the disk is full.
                connection.execute("ROLLBACK")
            raise


@contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """Turns SQLite's errors into one line that a user can act on; faults of the program pass."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # Without the extended part.
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            raise OutputError(disk_full_message(path)) from error
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            raise OutputError(f"cannot open {path}: {error}; check its permissions") from error
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise OutputError(f"{path} is in use by another program; close that and run again") from error
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise StoreError(f"{path} is damaged ({error}); restore a copy or extract again") from error
        raise


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    """A connection in which transactions begin where `transaction` says, and nowhere else."""
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=10,
        isolation_level=None,
        check_same_thread=False,
    )


def _make_tables(connection: sqlite3.Connection) -> None:
    """Makes the tables and notes their versions, in one transaction."""
    versions = [("schema_version", str(SCHEMA_VERSION)), ("contract_version", str(CONTRACT_VERSION))]
    connection.execute("BEGIN IMMEDIATE")
    for statement in filter(None, map(str.strip, _SCHEMA.split(";"))):
        connection.execute(statement)
    connection.executemany("INSERT INTO meta VALUES (?, ?)", versions)
    connection.execute("COMMIT")


def _check_versions(path: Path, connection: sqlite3.Connection) -> None:
    """Raises StoreError unless the file is a faceset of the versions that this program reads."""
    if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'meta'").fetchone():
        raise StoreError(f"{path} is not the database of a faceset; choose another folder")
    meta = dict(connection.execute("SELECT key, value FROM meta"))
    for key, known in (("schema_version", SCHEMA_VERSION), ("contract_version", CONTRACT_VERSION)):
        found = meta.get(key, "none")
        if found == str(known):
            continue
        newer = found.isdigit() and int(found) > known
        remedy = "upgrade faceswap" if newer else "the faceset is the older side: extract it again"
        name = key.replace("_", " ")
        raise StoreError(f"faceset {path.parent} has {name} {found}, this program reads {known}; {remedy}")
