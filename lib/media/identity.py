"""Tells footage from other footage that bears the same file name."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from .medium import Medium

_ENDS = 4096
"""Bytes that are read at each end of a file: with its size, what no two files of real footage share."""


def fingerprints(medium: Medium) -> dict[str, str]:
    """Fingerprints the files of a medium, by the names that its frames bear as `FrameKey.source`.

    Returns:
        File name -> 32 hex digits: a digest of the file's size, beginning and end.
    """
    files = [medium.folder / name for name in medium.images] or [medium.path]
    return {file.name: _fingerprint(file) for file in files}


def _fingerprint(path: Path) -> str:
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        content = file.read(_ENDS)
        file.seek(max(0, size - _ENDS))
        content += file.read(_ENDS)
    return hashlib.blake2b(content, digest_size=16, salt=size.to_bytes(8, "big")).hexdigest()
