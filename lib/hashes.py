"""A file's SHA-256, noted beside it so that a large file is not read at each start."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def hash_of(path: Path) -> str:
    """The SHA-256 of a file's content."""
    import hashlib

    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def note_hash(path: Path, digest: str) -> None:
    """Notes a file's hash beside it, where that is allowed."""
    with suppress(OSError):
        _note(path).write_text(f"{digest} {_fingerprint(path)}", "ascii")


def noted_hash(path: Path) -> str | None:
    """The noted hash of a file that has not changed since; None when there is none."""
    try:
        digest, _, fingerprint = _note(path).read_text("ascii").partition(" ")
    except (OSError, ValueError):
        return None
    return digest if fingerprint == _fingerprint(path) else None


def _note(path: Path) -> Path:
    return path.with_name(f".{path.name}.sha256")


def _fingerprint(path: Path) -> str:
    """What changes when a file's content does; unlike the time of modification, `ctime` cannot be set back."""
    told = path.stat()
    return f"{told.st_size} {told.st_mtime_ns} {told.st_ctime_ns}"
