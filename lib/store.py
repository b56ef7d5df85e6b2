"""The SQLite file of a faceset: its connections and its versions; `lib/store_schema.py` has its tables.

What the rows mean is told in `lib/faceset.py`; here stands how they are kept, so that a kill or a full disk
loses no committed row. One process writes; any number read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import OutputError, StoreError
from .lock import FolderLock
from .publish import disk_full_message
from .store_schema import CONTRACT_VERSION, MIGRATIONS, SCHEMA_VERSION, make_tables, migrate

_WAL_IS_SOUND = sqlite3.sqlite_version_info >= (3, 51, 3)  # Older ones can corrupt the file on a WAL reset.


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Connects to `path` for the one writer, making the tables if the file is new, migrating them if they are old.

    Raises:
        StoreError: The file is no faceset, is damaged, or is of a version that this program does not read.
        OutputError: The disk is full, or the file cannot be written.
    """
    with store_errors(path):
        connection = _connect(path, "rwc")
        try:
            connection.execute(f"PRAGMA journal_mode = {'WAL' if _WAL_IS_SOUND else 'DELETE'}")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            if not connection.execute("SELECT 1 FROM sqlite_schema").fetchone():
                with transaction(path, connection):
                    make_tables(connection)
            version = _checked_version(path, connection)
            if version != SCHEMA_VERSION:
                with transaction(path, connection):
                    migrate(connection, version)
        except BaseException:
            connection.close()
            raise
        return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Connects to `path` so that nothing can be changed through the connection.

    The file itself is opened read-write where that is allowed: after a kill the first reader has to roll back
    the half-written transaction, which SQLite refuses to a connection in mode `ro`. Tables of an older version
    are migrated first.

    Raises:
        StoreError: The file is missing, no faceset, damaged, of a version that this program does not read, or of
            an older one where it cannot be migrated.
    """
    if not path.is_file():
        remedy = "make one with `faceswap extract`"
        raise StoreError(f"{path.parent} is not a faceset: it has no {path.name}; {remedy}")
    connection, version = _reader(path)
    if version == SCHEMA_VERSION:
        return connection
    connection.close()
    _migrate_for_a_reader(path, version)
    return _reader(path)[0]


def integrity_faults(path: Path, connection: sqlite3.Connection) -> list[str]:
    """What SQLite finds amiss with a file, in its words; takes about as long as reading all of it."""
    try:
        with store_errors(path):
            found = [str(line) for (line,) in connection.execute("PRAGMA integrity_check")]
            rows = connection.execute("PRAGMA foreign_key_check").fetchall()
    except StoreError as error:  # It could not even look.
        return [str(error.__cause__)]
    lost = [f"a row of `{table}` has lost its `{parent}`" for table, _, parent, _ in rows]
    return [line for line in found if line != "ok"] + lost


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


def _reader(path: Path) -> tuple[sqlite3.Connection, int]:
    """A connection that can change nothing, and the version of the tables."""
    with store_errors(path):
        connection = _connect(path, "rw")
        try:
            connection.execute("PRAGMA query_only = ON")
            return connection, _checked_version(path, connection)
        except BaseException:
            connection.close()
            raise


def _migrate_for_a_reader(path: Path, version: int) -> None:
    """Migrates a file that nobody writes; raises StoreError where that cannot be."""
    try:
        with FolderLock(path.parent):
            close_writer(open_for_writing(path))
    except OutputError as error:
        raise StoreError(
            f"faceset {path.parent} has schema version {version} and could not be brought to {SCHEMA_VERSION} "
            f"({error}); read a copy of it in a folder that can be written"
        ) from error


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    """A connection in which transactions begin where `transaction` says, and nowhere else."""
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=10,
        isolation_level=None,
        check_same_thread=False,
    )


def _checked_version(path: Path, connection: sqlite3.Connection) -> int:
    """The version of the tables; raises StoreError unless the file is a faceset that can be read or migrated."""
    if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'meta'").fetchone():
        raise StoreError(f"{path} is not the database of a faceset; choose another folder")
    meta = dict(connection.execute("SELECT key, value FROM meta"))
    for key, known in (("schema_version", SCHEMA_VERSION), ("contract_version", CONTRACT_VERSION)):
        found = meta.get(key, "none")
        migrated = key == "schema_version" and found.isdecimal() and int(found) in MIGRATIONS
        if found == str(known) or migrated:
            continue
        newer = found.isdecimal() and int(found) > known
        remedy = "upgrade faceswap" if newer else "the faceset is the older side: extract it again"
        name = key.replace("_", " ")
        raise StoreError(f"faceset {path.parent} has {name} {found}, this program reads {known}; {remedy}")
    return int(meta["schema_version"])
