"""A folder of DeepFaceLab's aligned faces becomes a faceset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from ..errors import FaceswapError, StoreError
from ..face_records import FaceRecord, FrameRecord, Stage
from ..faceset_writer import FacesetWriter
from ..media.images import natural_key
from .dfl import ENDINGS, DflFace, read_dfl

STAGES = (Stage("import", "dfl-jpg", "1", ""),)
"""What a faceset notes of where such faces are from; extraction does not go on with it."""

_CHUNK = 32


@dataclass(frozen=True)
class DflImport:
    """What an import did.

    Attributes:
        frames: Frames that were added.
        faces: Faces in them.
        held: Frames that were there already.
        refused: A line for each file that is no such face, with the reason.
    """

    frames: int
    faces: int
    held: int
    refused: tuple[str, ...]


def import_dfl(path: Path, folder: Path, crop_size: int | None = None) -> DflImport:
    """Adds the aligned faces of a folder to a faceset, which is made if it is not there.

    The crops stay what they show, cut anew so that they stand on the mean face; there are no masks and embeddings.

    Args:
        path: The faceset.
        folder: Holds the JPEGs; subfolders are left out.
        crop_size: Side of the crops in pixels; that of the largest picture when None.

    Raises:
        StoreError: The folder is missing, has no such face or several types of them, or the faceset is of another kind.
        OutputError: The faceset cannot be written.
    """
    faces, refused = _read(folder)
    face_type = _one_type(folder, faces, refused)
    size = crop_size or max(face.size for face in faces)
    with FacesetWriter.create_or_open(path, crop_size=size, face_type=face_type, stages=STAGES) as faceset:
        done = {source for source in {face.source for face in faces} if faceset.done_frames(source)}
        frames = [(source, list(group)) for source, group in groupby(faces, lambda face: face.source)]
        new = [frame for frame in frames if frame[0] not in done]
        count = 0
        for start in range(0, len(new), _CHUNK):
            chunk, bad = _records(new[start : start + _CHUNK], face_type, size)
            refused += bad
            count += faceset.add_chunk(folder.name, start // _CHUNK, chunk)
    return DflImport(len(new), count, len(frames) - len(new), tuple(refused))


def _read(folder: Path) -> tuple[list[DflFace], list[str]]:
    """The faces in the order of their frames and of their files, and what is wrong with other files."""
    if not folder.is_dir():
        raise StoreError(f"there is no folder {folder}; check the path")
    files = sorted((file for file in folder.iterdir() if file.suffix.lower() in ENDINGS), key=_by_name)
    faces, refused = [], []
    for file in files:
        try:
            faces.append(read_dfl(file))
        except StoreError as error:
            refused.append(str(error))
    return sorted(faces, key=lambda face: natural_key(face.source)), refused


def _by_name(file: Path) -> tuple[list[tuple[bool, int, str]], str]:
    return natural_key(file.name)


def _one_type(folder: Path, faces: Sequence[DflFace], refused: Sequence[str]) -> str:
    types = Counter(face.face_type for face in faces)
    if not types:
        reason = f"; the first of {len(refused)} files: {refused[0]}" if refused else ""
        raise StoreError(
            f"{folder} holds no aligned face{reason}; pictures that are faces without data of DeepFaceLab take --layout"
        )
    if len(types) > 1:
        told = ", ".join(f"{count} {name}" for name, count in types.most_common())
        raise StoreError(f"{folder} holds faces of several types ({told}); import each type from a folder of its own")
    return next(iter(types))


def _records(
    frames: Sequence[tuple[str, list[DflFace]]], face_type: str, size: int
) -> tuple[list[FrameRecord], list[str]]:
    refused: list[str] = []
    records = [
        FrameRecord(source, 0, 0.0, 0, 0, tuple(_whole(faces, face_type, size, refused))) for source, faces in frames
    ]
    return records, refused


def _whole(faces: Sequence[DflFace], face_type: str, size: int, refused: list[str]) -> Iterator[FaceRecord]:
    """The faces whose pictures can be read."""
    for face in faces:
        try:
            yield face.record(face_type, size)
        except FaceswapError as error:
            refused.append(str(error))
