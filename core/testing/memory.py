"""How much memory this process takes on while it does something, where the system tells it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_KILOBYTE = 1024


def growth(work: Callable[[], object]) -> int | None:
    """Does something and returns by how many bytes resident memory grew at its peak; None where nobody tells."""
    # On Linux the peak can be set back, so that an earlier, higher one does not hide this one.
    with suppress(OSError):
        _CLEAR.write_text("5")
    before = _resident("VmRSS")
    work()
    after = _resident("VmHWM")
    return None if before is None or after is None else max(0, after - before)


def _resident(field: str) -> int | None:
    """Resident bytes: now (`VmRSS`) or at the peak (`VmHWM`); where only the peak is known, the peak for both."""
    if _STATUS.exists():
        lines = _STATUS.read_text().splitlines()
        return next(int(line.split()[1]) * _KILOBYTE for line in lines if line.startswith(f"{field}:"))
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * _KILOBYTE
