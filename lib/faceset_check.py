"""Whether a faceset is whole: its database, its crop images, and what lies between the two."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

from .crops import stored_crops, trashed_crops
from .errors import StoreError
from .faceset import DATABASE, Faceset

Progress = Callable[[int, int], None]

_EXAMPLES = 3


@dataclass(frozen=True)
class Finding:
    """Something that is amiss.

    Attributes:
        what: What it is.
        remedy: What to do.
        names: What it is about: faces by name, or the database's faults in SQLite's words.
    """

    what: str
    remedy: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        more = f" and {len(self.names) - _EXAMPLES} more" if len(self.names) > _EXAMPLES else ""
        return f"{self.what}: {', '.join(self.names[:_EXAMPLES])}{more}; {self.remedy}"


def check_faceset(faceset: Faceset, progress: Progress | None = None) -> list[Finding]:
    """Looks over a faceset; every crop image is decoded.

    Args:
        faceset: The faceset, which nobody should be writing.
        progress: Told how many faces were looked at, and of how many.

    Returns:
        What is amiss; nothing where the faceset is whole.
    """
    database = faceset.path / DATABASE
    faults = faceset.integrity_faults()
    if faults:
        return [Finding(f"{database} is damaged", "restore a copy or extract again", tuple(faults))]
    return [*_images(faceset), *_faces(faceset, progress)]


def _images(faceset: Faceset) -> Iterator[Finding]:
    """Images without a face, and faces without an image."""
    sync = f"`faceswap faceset sync {faceset.path}` clears that away"
    removed, deleted = faceset.removed_faces(), faceset.deleted_faces()
    known = {*faceset.face_table(()).ids.tolist(), *deleted}
    stored = {path.stem for path in stored_crops(faceset.path)}
    trash = {path.stem for path in trashed_crops(faceset.path)}
    yield from _finding("faces whose crop image was deleted", sync, deleted)
    yield from _finding("images in `crops` of no face", sync, stored - known - removed)
    yield from _finding("images of removed faces that are not yet in `trash`", sync, stored & removed)
    yield from _finding("removed faces that cannot come back, their image is gone", sync, removed - trash - stored)
    yield from _finding("images in `trash` of no removed face", "delete them, or move them elsewhere", trash - removed)


def _faces(faceset: Faceset, progress: Progress | None) -> Iterator[Finding]:
    """Faces that cannot be read."""
    names = faceset.face_table(()).ids.tolist()
    damaged = []
    for number, name in enumerate(names, start=1):
        try:
            faceset.read_crop(faceset.face(name))
        except StoreError:
            damaged.append(name)
        if progress:
            progress(number, len(names))
    remedy = "restore their images from a copy, or delete them and run `faceswap faceset sync`"
    yield from _finding(f"faces whose image is damaged or not {faceset.crop_size} px", remedy, damaged)


def _finding(what: str, remedy: str, names: Collection[str]) -> Iterator[Finding]:
    if names:
        yield Finding(f"{len(names)} {what}", remedy, tuple(sorted(names)))
