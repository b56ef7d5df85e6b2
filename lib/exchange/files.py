"""The files that a faceset goes to and comes from, by their endings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from ..errors import OutputError, StoreError
from ..faceset import Faceset
from ..faceset_copy import Added, FacesetHead, WholeFrame, add_frames, whole_frames
from ..faceset_writer import FacesetWriter
from .records import FlatFace, flat_faces, frames_of

ENDINGS = {".jsonl": "json_lines", ".parquet": "parquet", ".tfrecord": "tfrecord"}
"""Ending -> the module here that writes and reads it."""


def export_faceset(faceset: Faceset, path: Path) -> int:
    """Writes all that a faceset holds to a file, in the format that its ending names.

    Returns:
        How many faces were written.

    Raises:
        OutputError: The ending is unknown, a package is missing, or the file cannot be written.
        StoreError: A crop image is missing.
    """
    form = _format(path, OutputError)
    count = 0

    def counted() -> Iterator[FlatFace]:
        nonlocal count
        for face in flat_faces(whole_frames(faceset)):
            count += face.id is not None
            yield face

    form.write(path, FacesetHead.of(faceset), counted())
    return count


def import_file(faceset: Path, path: Path) -> Added:
    """Adds what `export_faceset` wrote to a faceset, which is made if it is not there.

    Raises:
        StoreError: The file is missing, of another kind, damaged, or of a faceset that was made otherwise.
        OutputError: The faceset cannot be written.
    """
    if not path.is_file():
        raise StoreError(f"there is no file {path}; check the path")
    form = _format(path, StoreError)
    head, faces = form.read(path)
    return add_to(faceset, head, frames_of(faces))


def add_to(path: Path, head: FacesetHead, frames: Iterable[WholeFrame]) -> Added:
    """Adds frames to the faceset of a folder, which is made if it is not there."""
    with FacesetWriter.create_or_open(
        path, crop_size=head.crop_size, face_type=head.face_type, stages=head.stages
    ) as faceset:
        return add_frames(faceset, head, frames)


def _format(path: Path, error: type[Exception]) -> Any:
    module = ENDINGS.get(path.suffix.lower())
    if module is None:
        raise error(f"{path} must end in {' or '.join(ENDINGS)}. Received: {path.suffix or 'no ending'}")
    return import_module(f".{module}", __package__)
