"""What runs have left in a workspace that nothing needs any more, or that can be made again; found, and moved away."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..lib.lock import FolderLock
from ..lib.publish import is_left_over, output_errors
from .errors import OutputError

TRASH = "trash"

_PARTS_ENDING = ".parts"
_FACESET, _MODEL = "faces.db", "model.yaml"
_WHOLE = frozenset({TRASH, "runs", "crops", "checkpoints", "snapshots", "previews", "tensorboard"})
"""Folders of facesets and models in which nothing is left over; some hold a million files."""


@dataclass(frozen=True)
class Leftover:
    """Something that can go.

    Attributes:
        path: The file or folder.
        what: What it is, in words.
        size: Bytes.
        owner: The folder whose lock its writer holds; None where that writer has ended.
    """

    path: Path
    what: str
    size: int
    owner: Path | None = None

    def busy(self) -> str | None:
        """Who writes it just now, in one line; None when nobody does."""
        if self.owner is None:
            return None
        try:
            FolderLock(self.owner).release()
        except OutputError as error:
            return str(error)
        return None


def leftovers(workspace: Path) -> list[Leftover]:
    """Finds what can go, in a workspace and the folders in it; links are not followed.

    These are parts of unfinished conversions, chunks of unfinished extractions that lie beside a faceset's database,
    a model's cache, and files of processes that were killed. What a run needs to go on counts too, as long as no
    process works on it: without it, that run begins anew.

    Args:
        workspace: A folder of outputs, a swap's workspace, a faceset or a model.
    """
    return [found for folder in _folders(workspace) for entry in _entries(folder) if (found := _judged(entry))]


def move_away(found: Leftover, workspace: Path, trash: Path) -> Path:
    """Moves something into the trash, at the place that it had in the workspace.

    Raises:
        OutputError: It cannot be moved; it stays where it is.
    """
    place = trash / found.path.relative_to(workspace)
    with output_errors(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        found.path.rename(place)
    return place


def _folders(folder: Path) -> Iterator[Path]:
    """A folder and those below it in which something may be left over."""
    yield folder
    for entry in _entries(folder):
        if entry.is_dir() and entry.name not in _WHOLE and not _judged(entry):
            yield from _folders(entry)


def _entries(folder: Path) -> list[Path]:
    """What lies in a folder, links left aside; nothing where it cannot be read."""
    try:
        return sorted(entry for entry in folder.iterdir() if not entry.is_symlink())
    except OSError:
        return []


def _judged(entry: Path) -> Leftover | None:
    """An entry as something that can go, if it is that."""
    name, folder = entry.name, entry.parent
    if is_left_over(name):
        return Leftover(entry, "left by a process that was killed", _size(entry))
    if not entry.is_dir():
        return None
    if name.endswith(_PARTS_ENDING) and _holds_parts(entry):
        what = f"what is finished of {name.removesuffix(_PARTS_ENDING)}, which would begin anew"
        return Leftover(entry, what, _size(entry), entry)
    if name == "incoming" and (folder / _FACESET).is_file() and _entries(entry):
        return Leftover(entry, "faces of an unfinished extraction, which would find them again", _size(entry), folder)
    if name == "cache" and (folder / _MODEL).is_file():
        return Leftover(entry, "faces as the model sees them, made again when they are needed", _size(entry), folder)
    return None


def _holds_parts(folder: Path) -> bool:
    """Whether a folder is one that unfinished outputs keep their parts in."""
    try:
        return "settings" in json.loads((folder / "manifest.json").read_bytes())
    except (OSError, ValueError, TypeError):
        return False


def _size(entry: Path) -> int:
    """Bytes of a file, or of all files below a folder."""
    if not entry.is_dir():
        return entry.lstat().st_size
    paths = (Path(root, name) for root, _, names in os.walk(entry) for name in names)
    return sum(path.lstat().st_size for path in paths)
