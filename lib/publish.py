"""Writing files and folders so that a name either holds the whole new content or what stood there before.

The new content is written under a temporary name in the same folder, flushed to the disk, and renamed; then
the folder is flushed. A killed process leaves at most a `.tmp-<pid>-<name>`, which `sweep` removes.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import OutputError

_TEMP = re.compile(r"\.tmp-(\d+)-.+")
ASIDE_PREFIX = ".old-"
"""How the name of a folder begins while `publish_folder` replaces it."""

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_REASONS = {
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "there is no permission to write there",
    errno.EPERM: "there is no permission to write there",
    errno.EEXIST: "a file of that name is in the way",
    errno.ENOTEMPTY: "a folder of that name is in the way",
    errno.EISDIR: "a folder of that name is in the way",
    errno.ENOTDIR: "a part of the path is a file, not a folder",
    errno.ENAMETOOLONG: "the name is too long",
    errno.EIO: "the disk reports a fault",
}


def temp_path(path: Path) -> Path:
    """The temporary name under which this process prepares `path`: same folder, same ending."""
    return path.with_name(f".tmp-{os.getpid()}-{path.name}")


def aside_path(folder: Path) -> Path:
    """Where a folder stands while `publish_folder` replaces it."""
    return folder.with_name(ASIDE_PREFIX + folder.name)


def flush_to_disk(path: Path) -> None:
    """Waits until a file's content, or a folder's list of names, is on the disk."""
    windows = os.name == "nt"
    if windows and path.is_dir():
        return  # Windows cannot open a folder; its renames are journaled.
    descriptor = os.open(path, os.O_RDWR if windows else os.O_RDONLY)  # Windows flushes only what may be written.
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def output_errors(path: Path, needed: int | None = None) -> Iterator[None]:
    """Turns the system's errors of writing `path` into one line that a user can act on.

    Args:
        path: What is being written; named in the message.
        needed: Bytes that the output takes, if known; told when the disk is full.

    Raises:
        OutputError: The disk is full or read-only, permission is missing, or the path cannot be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise OutputError(disk_full_message(path, needed)) from error
        if error.errno in _REASONS:
            raise OutputError(f"cannot write {path}: {_REASONS[error.errno]}; nothing was changed") from error
        raise


@contextmanager
def atomic_file(path: str | Path, needed: int | None = None) -> Iterator[Path]:
    """Yields a temporary path to write to, and publishes the file under `path` when the block ends well.

    When the block raises, the temporary file is removed and what stood at `path` stays.

    Args:
        path: The file to make or replace; its folder must exist.
        needed: Bytes that it takes, if known; for the message when the disk is full.

    Raises:
        OutputError: The folder is missing, the disk is full or read-only, or permission is missing.
    """
    final = Path(path)
    require_parent(final)
    temp = temp_path(final)
    try:
        with output_errors(final, needed):
            yield temp
            flush_to_disk(temp)
            temp.replace(final)
            flush_to_disk(final.parent)
    finally:
        with suppress(OSError):
            temp.unlink(missing_ok=True)


def publish_bytes(path: str | Path, data: bytes) -> None:
    """Writes `data` to `path` atomically; raises as `atomic_file` does."""
    with atomic_file(path, needed=len(data)) as temp:
        temp.write_bytes(data)


def publish_folder(temp: Path, final: Path, needed: int | None = None) -> None:
    """Flushes every file below `temp` and gives the folder its final name, replacing a folder of that name.

    A folder cannot be replaced in one step, so the old one steps aside first, to `aside_path(final)`; `sweep`
    brings it back after a kill between the two renames.

    Args:
        temp: The finished folder, best named by `temp_path(final)`; on the same disk as `final`.
        final: Where it goes.
        needed: Bytes that it takes, if known; for the message when the disk is full.

    Raises:
        OutputError: As for `atomic_file`.
    """
    require_parent(final)
    aside = aside_path(final)
    with output_errors(final, needed):
        _flush_folder(temp)
        if final.exists():
            _remove(aside)
            final.rename(aside)
        temp.rename(final)
        flush_to_disk(final.parent)
    _remove(aside)


def publish_new_folder(temp: Path, final: Path) -> None:
    """Flushes every file below `temp` and gives the folder its final name, which nothing may have yet.

    Args:
        temp: The finished folder, best named by `temp_path(final)`; on the same disk as `final`.
        final: Where it goes.

    Raises:
        OutputError: Something has the name already; or as for `atomic_file`.
    """
    require_parent(final)
    with output_errors(final):
        _flush_folder(temp)
        if os.path.lexists(final):
            raise OutputError(f"cannot write {final}: it exists already; nothing was changed")
        temp.rename(final)  # Refuses a folder with something in it, should one have come up since.
        flush_to_disk(final.parent)


def _flush_folder(folder: Path) -> None:
    """Flushes every file and folder below a folder, and itself."""
    for root, _, names in os.walk(folder):
        for path in (*(Path(root, name) for name in names), Path(root)):
            flush_to_disk(path)


def remove_folder(folder: Path) -> None:
    """Removes a folder so that a kill on the way leaves no half of it under its name, but something to sweep."""
    temp = temp_path(folder)
    _remove(temp)
    folder.rename(temp)
    _remove(temp)


def sweep(folder: Path) -> list[str]:
    """Clears away what killed processes left in `folder`; to be called by its one writer between two writes.

    Temporary names of other processes that still run are left alone. Subfolders are not searched.

    Returns:
        The names that were removed or brought back.
    """
    swept = []
    for entry in sorted(folder.iterdir()):
        if is_left_over(entry.name):
            _remove(entry)
            swept.append(entry.name)
        elif entry.name.startswith(ASIDE_PREFIX):
            _restore(entry)
            swept.append(entry.name)
    return swept


def is_left_over(name: str) -> bool:
    """Whether a name is a temporary one of a process that has ended, or of this one."""
    match = _TEMP.fullmatch(name)
    return match is not None and not _runs_elsewhere(int(match[1]))


def require_parent(path: Path) -> None:
    """Raises OutputError unless the folder that `path` goes into exists."""
    if not path.parent.is_dir():
        raise OutputError(f"cannot write {path}: the folder {path.parent} does not exist; make it first")


def require_folder(path: Path) -> None:
    """Raises OutputError where a file is in the way of a folder that is to be made, or continued."""
    if path.exists() and not path.is_dir():
        raise OutputError(f"cannot write {path}: a file of that name is in the way")


def disk_full_message(path: Path, needed: int | None = None) -> str:
    """The message for a full disk, a used-up quota or a file over the system's size limit."""
    free = shutil.disk_usage(path.parent).free if path.parent.is_dir() else 0
    wanted = "" if needed is None else f"{size_in_words(needed)} needed, "
    return (
        f"cannot write {path}: the disk is full ({wanted}{size_in_words(free)} free); "
        "nothing written before is lost: free some space and run the same command again"
    )


def size_in_words(count: int) -> str:
    """A number of bytes for people."""
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.1f} kB"


def _remove(entry: Path) -> None:
    """Removes a file or a folder, as far as the system lets it."""
    if entry.is_dir() and not entry.is_symlink():
        shutil.rmtree(entry, ignore_errors=True)
    else:
        with suppress(OSError):
            entry.unlink(missing_ok=True)


def _restore(aside: Path) -> None:
    """Gives a folder that stepped aside its name back, unless its successor took it."""
    final = aside.with_name(aside.name.removeprefix(ASIDE_PREFIX))
    if final.exists():
        _remove(aside)
    else:
        aside.rename(final)


def _runs_elsewhere(pid: int) -> bool:
    """Whether another process of that id runs; where that cannot be asked without harm, no."""
    if pid == os.getpid() or os.name == "nt":
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # It runs under another user.
    return True
