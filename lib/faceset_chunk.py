"""A chunk's faces on their way into a faceset: written by a worker, committed by the one process that may.

A worker never touches the database. It writes a folder `incoming/<chunk>/` below the faceset, with the crop
images and a `record.json` that holds the rows, and hands over the folder's path for
`FacesetWriter.commit_chunk`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .blobs import Blob
from .face_records import FrameRecord
from .faceset_rows import FaceRow, FrameRow, frame_row
from .publish import flush_to_disk, output_errors

_RECORD = "record.json"


def incoming_folder(faceset: Path) -> Path:
    """Where finished chunks wait to be committed."""
    return faceset / "incoming"


def waiting_crop(chunk: Path, face: str) -> Path:
    """The crop image of a face in a chunk's folder."""
    return chunk / f"{face}.jpg"


def write_chunk(faceset: str | Path, medium: str, chunk_index: int, frames: Sequence[FrameRecord]) -> Path:
    """Writes a chunk's crops, so that they are on the disk when this returns, and its rows; for any process.

    Args:
        faceset: The faceset's folder, which a writer has open.
        medium: Name of the medium that the chunk is of.
        chunk_index: Its number in the medium.
        frames: All frames of the chunk that are done, those without a face too.

    Returns:
        The folder to hand to `FacesetWriter.commit_chunk`.

    Raises:
        OutputError: The disk is full or cannot be written; nothing of the chunk is left behind.
    """
    rows = [frame_row(frame) for frame in frames]
    crops = [face.crop for frame in frames for face in frame.faces]
    names = [face.name for row in rows for face in row.faces]
    return write_rows(faceset, medium, chunk_index, rows, dict(zip(names, crops, strict=True)))


def write_rows(
    faceset: str | Path, medium: str, chunk_index: int, rows: Sequence[FrameRow], crops: Mapping[str, bytes]
) -> Path:
    """Writes rows and the crop image of each face by its name, as `write_chunk` does."""
    label = hashlib.blake2b(medium.encode(), digest_size=6).hexdigest()
    # The process id keeps a worker that outlived a killed run out of its successor's way.
    folder = incoming_folder(Path(faceset)) / f"{label}-{chunk_index:06d}-{os.getpid()}"
    record = json.dumps([_frame_to_json(row) for row in rows]).encode()
    images = {waiting_crop(folder, name): crop for name, crop in crops.items()}
    try:
        with output_errors(folder, len(record) + sum(map(len, crops.values()))):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / _RECORD).write_bytes(record)
            for path, crop in images.items():
                path.write_bytes(crop)
            for path in images:  # All else is of no use without the commit, which has its own flush.
                flush_to_disk(path)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder.absolute()  # So that it is the same wherever `commit_chunk` looks from.


def read_chunk(chunk: Path) -> list[FrameRow]:
    """The rows that `write_chunk` left in a chunk's folder."""
    return [_frame_from_json(frame) for frame in json.loads((chunk / _RECORD).read_bytes())]


def _frame_to_json(frame: FrameRow) -> list[Any]:
    """A frame's columns in order, then its faces."""
    faces = [
        [*(face.name, face.position, face.score, face.scheme, face.measures), _arrays_to_json(face.arrays)]
        for face in frame.faces
    ]
    return [frame.source, frame.pts, frame.time, frame.width, frame.height, faces]


def _arrays_to_json(arrays: Iterable[tuple[str, str, Blob]]) -> list[list[str]]:
    """Each array's columns in order."""
    return [
        [role, name, blob.dtype, blob.shape, blob.encoding, base64.b64encode(blob.data).decode("ascii")]
        for role, name, blob in arrays
    ]


def _frame_from_json(frame: list[Any]) -> FrameRow:
    """Undoes `_frame_to_json`."""
    source, pts, time, width, height, faces = frame
    return FrameRow(source, pts, time, width, height, tuple(_face_from_json(*face) for face in faces))


def _face_from_json(
    name: str,
    position: int,
    score: float,
    scheme: str | None,
    measures: list[float | None],
    arrays: list[list[str]],
) -> FaceRow:
    """Undoes a face's part of `_frame_to_json`."""
    unpacked = (
        (role, key, Blob(dtype, shape, encoding, base64.b64decode(data)))
        for role, key, dtype, shape, encoding, data in arrays
    )
    return FaceRow(name, position, score, scheme, tuple(measures), tuple(unpacked))
