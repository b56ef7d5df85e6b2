"""What bounds a worker process: how long it may stay at one place of its task, and how much memory it may hold.

The memory is watched from outside. A limit of the system on address space would be hit at once by TensorFlow and
dlib, which reserve and map far more than they use.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_SHARE = 0.8
_LEAST_BYTES = 2 * 2**30
"""What any worker may hold: frameworks and a few frames of 8K."""


@dataclass(frozen=True)
class Limits:
    """The bounds of each worker.

    Attributes:
        seconds: How long it may stay at one place.
        memory: Bytes that it may hold; 0 for any number. Kept on Linux alone.
    """

    seconds: float = 30.0
    memory: int = 0

    @classmethod
    def shared(cls, seconds: float, workers: int) -> Limits:
        """Gives each of several workers an equal part of four fifths of the computer's memory, two GiB at least."""
        return cls(seconds, max(_LEAST_BYTES, int(_SHARE * _physical_memory() / max(1, workers))))


def own_memory(process: int) -> int:
    """The memory that a process holds for itself, in bytes; 0 where it has ended or the system does not tell.

    Mapped files, such as the libraries of frameworks for GPUs, which have gigabytes, do not count.
    """
    with suppress(OSError, ValueError, IndexError):
        _, resident, shared, *_ = Path(f"/proc/{process}/statm").read_text().split()
        return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")
    return 0


def _physical_memory() -> int:
    with suppress(AttributeError, ValueError, OSError):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return 0
