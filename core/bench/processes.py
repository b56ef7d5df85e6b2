"""What Linux tells of running processes: a command's whole tree, and the most memory that each has held."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile

from ..errors import FaceswapError

_PROC = Path("/proc")
_POLL_SECONDS = 0.02


def tree(process: int) -> list[int]:
    """The process ids of a process and all its descendants, parents first.

    Raises:
        FaceswapError: The system is not Linux.
    """
    parents = _parents()
    found = [process]
    for member in found:  # Grows while it is gone through.
        found += [child for child, parent in parents.items() if parent == member]
    return found


def peak_memory(words: Sequence[str]) -> int:
    """Runs a command line to its end.

    Returns:
        The sum of what each of its processes held in memory at its own peak, in bytes.

    Raises:
        FaceswapError: The system is not Linux.
        RuntimeError: The command failed.
    """
    peaks: dict[int, int] = {}
    with TemporaryFile() as output:
        process = subprocess.Popen(words, stdout=output, stderr=output)
        while process.poll() is None:
            # A process is forgotten with its last breath, so its peak is read all the time; it only rises.
            peaks.update({member: peak for member in tree(process.pid) if (peak := peak_of(member))})
            time.sleep(_POLL_SECONDS)
        if process.returncode:
            output.seek(0)
            raise RuntimeError(f"{' '.join(words)} failed: {output.read().decode(errors='replace').strip()[-2000:]}")
    return sum(peaks.values())


def _parents() -> dict[int, int]:
    """The parent of each process that runs."""
    if not (_PROC / "self" / "stat").exists():
        raise FaceswapError("This unit reads /proc, which only Linux has; leave it out.")
    parents = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # It has ended.
                # The name in brackets may hold anything; what follows it is the state and the parent.
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    return parents


def resident_memory(process: int) -> int:
    """The memory that a process holds now, in bytes; 0 when it has ended."""
    return _status(process, "VmRSS:")


def open_files(process: int) -> int:
    """How many files, pipes and sockets a process has open; 0 when it has ended."""
    with suppress(OSError):
        return len(list((_PROC / str(process) / "fd").iterdir()))
    return 0


def peak_of(process: int) -> int:
    """The most memory that a process has held, in bytes; 0 when it has ended."""
    return _status(process, "VmHWM:")


def _status(process: int, name: str) -> int:
    with suppress(OSError):
        for line in (_PROC / str(process) / "status").read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) * 1024
    return 0
