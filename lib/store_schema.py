"""The tables of a faceset's database, and how those of older versions become today's.

A change of the tables raises `SCHEMA_VERSION` and adds a step to `MIGRATIONS`; the schema below is what all steps
lead to, so that a new faceset and a migrated one are the same.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

SCHEMA_VERSION = 3
"""Of the tables below; raised when a column changes."""

CONTRACT_VERSION = 1
"""Of the tensor contract, which says what the stored arrays mean (edges, centers, the matrix's direction)."""

_MARKS_OF_3 = """
CREATE TABLE shard (name TEXT PRIMARY KEY, mtime INTEGER NOT NULL) STRICT;
CREATE INDEX face_removed ON face (name) WHERE removed = 1;
CREATE INDEX face_person ON face (person) WHERE person IS NOT NULL;
CREATE TRIGGER face_added AFTER INSERT ON face BEGIN
    DELETE FROM shard WHERE name = substr(NEW.name, 1, 2);
END;
CREATE TRIGGER face_dropped AFTER DELETE ON face BEGIN
    DELETE FROM shard WHERE name = substr(OLD.name, 1, 2);
END;
CREATE TRIGGER face_moved AFTER UPDATE OF removed ON face BEGIN
    DELETE FROM shard WHERE name = substr(NEW.name, 1, 2);
END;
"""
"""Of shards (see `lib/shards.py`): a mark goes with any change of which faces its shard has. A later
version that changes them has its own; this one stays, for the step to 3."""

_SCHEMA = (
    """
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
CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT UNIQUE) STRICT;
CREATE TABLE face (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
    frame INTEGER NOT NULL REFERENCES frame ON DELETE CASCADE, position INTEGER NOT NULL,
    score REAL NOT NULL, scheme TEXT,
    size REAL, sharpness REAL, brightness REAL, yaw REAL, pitch REAL, roll REAL,
    track INTEGER, person INTEGER REFERENCES person, removed INTEGER NOT NULL DEFAULT 0, UNIQUE (frame, position)
) STRICT;
CREATE TABLE array (
    face INTEGER NOT NULL REFERENCES face ON DELETE CASCADE, role TEXT NOT NULL, name TEXT NOT NULL,
    dtype TEXT NOT NULL, shape TEXT NOT NULL, encoding TEXT NOT NULL, data BLOB NOT NULL,
    UNIQUE (face, role, name)
) STRICT;
CREATE TABLE deleted (name TEXT PRIMARY KEY) STRICT;
"""
    + _MARKS_OF_3
)

_TO_3 = (
    """
CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT UNIQUE) STRICT;
ALTER TABLE face ADD COLUMN size REAL;
ALTER TABLE face ADD COLUMN sharpness REAL;
ALTER TABLE face ADD COLUMN brightness REAL;
ALTER TABLE face ADD COLUMN yaw REAL;
ALTER TABLE face ADD COLUMN pitch REAL;
ALTER TABLE face ADD COLUMN roll REAL;
ALTER TABLE face ADD COLUMN track INTEGER;
ALTER TABLE face ADD COLUMN person INTEGER REFERENCES person;
ALTER TABLE face ADD COLUMN removed INTEGER NOT NULL DEFAULT 0;
"""
    + _MARKS_OF_3
)

MIGRATIONS: Mapping[int, str] = {2: _TO_3}
"""Version -> the statements that make the next one of it; they change rows only where a default does not do."""


def make_tables(connection: sqlite3.Connection) -> None:
    """Makes the tables and notes their versions; within a transaction."""
    versions = [("schema_version", str(SCHEMA_VERSION)), ("contract_version", str(CONTRACT_VERSION))]
    _run(connection, _SCHEMA)
    connection.executemany("INSERT INTO meta VALUES (?, ?)", versions)


def migrate(connection: sqlite3.Connection, version: int) -> None:
    """Takes all steps from a version in `MIGRATIONS` to `SCHEMA_VERSION`; within a transaction."""
    for step in range(version, SCHEMA_VERSION):
        _run(connection, MIGRATIONS[step])
    connection.execute("UPDATE meta SET value = ? WHERE key = 'schema_version'", (str(SCHEMA_VERSION),))


def _run(connection: sqlite3.Connection, statements: str) -> None:
    """Runs statements in the transaction that is open, which `executescript` would end."""
    statement = ""
    for part in statements.split(";")[:-1]:
        statement += f"{part};"
        if sqlite3.complete_statement(statement):  # A trigger's has semicolons within.
            connection.execute(statement)
            statement = ""
