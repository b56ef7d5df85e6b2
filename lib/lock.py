"""One writer per folder: a lock that the system lets go of when its process ends, however it ends.

It stands apart because a faceset and a model folder need the same promise, and locks differ between systems.
"""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from weakref import WeakSet

from .errors import OutputError
from .publish import output_errors

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LOCK_NAME = ".lock"

_held: WeakSet[FolderLock] = WeakSet()


class FolderLock:
    """Holds the right to write a folder; a second process, or a second writer in this one, is refused.

    The file `.lock` in the folder stays when the lock is let go: removing it would let two processes hold one
    lock each on two files of that name.

    Args:
        folder: An existing folder.

    Raises:
        OutputError: Somebody else writes the folder, or the lock file cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        path = folder / LOCK_NAME
        with output_errors(path):
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        self._descriptor: int | None = descriptor
        if not _try_lock(descriptor):
            owner = _read_owner(descriptor)
            self.release()
            raise OutputError(f"{folder} is being written by {owner}; wait until that ends, or choose another folder")
        _held.add(self)
        with suppress(OSError):  # Who holds it serves a message only; a full disk may refuse it.
            os.ftruncate(descriptor, 0)
            os.write(
                descriptor, f"{os.getpid()}\n{socket.gethostname()}\n{datetime.now():%Y-%m-%d %H:%M:%S}\n".encode()
            )

    def release(self) -> None:
        """Lets the folder go; a second call does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> FolderLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _read_owner(descriptor: int) -> str:
    """Who holds the lock, in words; Windows lets nobody else read a locked file."""
    with suppress(OSError, ValueError):
        number, host, since, *_ = os.read(descriptor, 500).decode().split("\n")
        return f"process {int(number)} on {host} since {since}"
    return "another process"


def _try_lock(descriptor: int) -> bool:
    """Takes the lock if it is free; it belongs to the open file, so that it keeps threads apart too."""
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _forget_in_child() -> None:
    """Closes a forked child's copies, which would keep the folder locked after the parent was killed."""
    for lock in list(_held):
        lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_in_child)
