"""Which crop images are there, told without listing the folders that nobody has touched.

A faceset's images lie in 256 folders, its shards. The writer marks a shard whose images are those of its faces by
giving the folder a time of change that it notes. Whoever deletes an image gives the folder another time, so that only
shards whose time is not the noted one need be listed; where a file system or a copy does not keep times, all are.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path

SHARDS = tuple(f"{number:02x}" for number in range(256))

_LENGTH = len(".jpg") + 20
"""Of an image's name; what people put beside is passed over."""

_STEP = 100
"""Nanoseconds: what NTFS counts in. Where times are coarser than that, folders take no mark."""
_BACK = 4_000_000_000
"""Nanoseconds that a mark lies in the past, so that no change can bear its time."""


def shard_folder(faceset: Path, shard: str) -> Path:
    """Where the crop images lie whose names begin so."""
    return faceset / "crops" / shard


def changed_shards(faceset: Path, marks: Mapping[str, int]) -> list[str]:
    """The shards that may hold other images than their faces': those whose time is not the noted one."""
    return [shard for shard in SHARDS if shard not in marks or _time_of(shard_folder(faceset, shard)) != marks[shard]]


def images_in(faceset: Path, shard: str) -> set[str]:
    """The names of the faces whose crop image lies in a shard; empty without its folder."""
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(shard_folder(faceset, shard)) as entries:
        return {entry.name[:-4] for entry in entries if len(entry.name) == _LENGTH and entry.name.endswith(".jpg")}
    return set()


def mark(faceset: Path, shard: str, faces: Callable[[], Collection[str]]) -> int | None:
    """Marks a shard's folder, if it holds exactly the images of its faces.

    The mark comes first, and each is another time; if it is still there after the look at the images, nothing has
    changed meanwhile.

    Args:
        faceset: The faceset's folder.
        shard: A name in `SHARDS`.
        faces: Tells the names of the shard's faces.

    Returns:
        The time to note; None where the images are others, somebody is changing them, or the folder takes no mark.
    """
    folder = shard_folder(faceset, shard)
    past = (time.time_ns() - _BACK) // _STEP * _STEP
    with suppress(OSError):
        os.utime(folder, ns=(past, past))
        same = images_in(faceset, shard) == set(faces())
        return past if same and _time_of(folder) == past else None
    return None


def _time_of(folder: Path) -> int | None:
    """When something was added to a folder or taken out, in nanoseconds; None without the folder."""
    with suppress(OSError):
        return folder.stat().st_mtime_ns
    return None
