"""Tells footage from other footage that bears the same file name."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from ..errors import MediaError
from .gathering import Gathered
from .medium import Medium

_ENDS = 4096
"""Bytes that are read at each end of a file: with its size, what no two files of real footage share."""


def fingerprints(medium: Medium | Gathered) -> dict[str, str]:
    """Fingerprints the files of a medium, by the names that its frames bear as `FrameKey.source`.

    Returns:
        File name -> 32 hex digits: a digest of the file's size, beginning and end.

    Raises:
        MediaError: A file cannot be read.
    """
    return {file.name: _fingerprint(file) for file in medium.files}


def _fingerprint(path: Path) -> str:
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            content = file.read(_ENDS)
            file.seek(max(0, size - _ENDS))
            content += file.read(_ENDS)
    except OSError as error:
        raise MediaError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error
    return hashlib.blake2b(content, digest_size=16, salt=size.to_bytes(8, "big")).hexdigest()
