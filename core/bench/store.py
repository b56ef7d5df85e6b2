"""What a large faceset costs: opening it, and sorting and filtering all of its faces.

Its rows hold what extraction stores of a face but masks; its crop images are empty files, since nothing here reads
them, but every folder of them has to be known.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from ...lib.blobs import pack
from ...lib.crops import crop_path, face_id
from ...lib.face_records import Stage
from ...lib.faceset import DATABASE, Faceset
from ...lib.faceset_rows import FaceRow, FrameRow, insert_frames
from ...lib.faceset_writer import FacesetWriter
from ...lib.shards import SHARDS, shard_folder
from ...lib.store import close_writer, open_for_writing, transaction
from .measure import Figure, seconds

OPENING, QUERY = 1.0, 2.0
"""Bounds, in seconds."""

RECOGNIZER = "dlib-resnet"
"""Whose embeddings the faces have."""

_SOURCES = 10
_BATCH = 20_000


def measure(faces: int, repeats: int) -> list[Figure]:
    """Makes a faceset and measures it; files are in the system's memory, as after a first look.

    Args:
        faces: How many it holds, one in each frame.
        repeats: How often each is measured; figures are medians, the core seconds in their details means.
    """
    with TemporaryDirectory(prefix="faceswap-bench-") as folder:
        path = Path(folder)
        make_faceset(path, faces)
        size = (path / DATABASE).stat().st_size
        figures = [_timed(name, work, path, bound, repeats) for name, work, bound in _WORKS]
    return [*figures, Figure("store: database for each face", round(size / faces), "bytes", details={"bytes": size})]


def make_faceset(path: Path, faces: int, crop: bytes = b"", seed: int = 0) -> None:
    """Makes a faceset of many faces, measured and tracked, in an empty folder.

    Args:
        path: The folder.
        faces: How many.
        crop: The image that all of them show, 512 x 512; nothing may look at them without.
        seed: Of the values.
    """
    FacesetWriter.create_or_open(path, stages=(Stage("recognizer", RECOGNIZER, "1", ""),)).close()
    for shard in SHARDS:
        shard_folder(path, shard).mkdir(parents=True)
        (path / f"{shard}.jpg").write_bytes(crop)
    with closing(open_for_writing(path / DATABASE)) as connection:
        rows = _frames(faces, seed)
        while batch := [frame for frame, _ in zip(rows, range(_BATCH), strict=False)]:
            with transaction(path / DATABASE, connection):
                for frame in batch:
                    name = frame.faces[0].name
                    os.link(path / f"{name[:2]}.jpg", crop_path(path, name))  # A file may not have too many names.
                insert_frames(connection, batch, (), {})
        with transaction(path / DATABASE, connection):
            connection.execute("UPDATE face SET track = id / 50")
        close_writer(connection)
    FacesetWriter.open(path).close()  # Marks the folders of images, as the writer does that made them.


def _frames(faces: int, seed: int) -> Iterator[FrameRow]:
    rng = np.random.default_rng(seed)
    for number in range(faces):
        source, pts = f"clip{number * _SOURCES // faces}.mp4", number * 512
        yield FrameRow(source, pts, pts / 12800, 1920, 1080, (_face(face_id(source, pts, 0), rng),))


def _face(name: str, rng: np.random.Generator) -> FaceRow:
    values, vector = rng.random(202, np.float32), rng.standard_normal(128, np.float32)
    arrays = {
        ("box", ""): values[:4],
        ("matrix", ""): values[4:10].reshape(2, 3),
        ("landmarks", ""): values[10:146].reshape(68, 2),
        ("embedding", RECOGNIZER): vector / np.linalg.norm(vector),
    }
    size, sharpness, brightness, yaw, pitch, roll = (values[146:152] * (300, 200, 1, 90, 40, 30)).tolist()
    measures = (size, sharpness, brightness, yaw - 45, pitch - 20, roll - 15)
    packed = tuple((role, key, pack(array)) for (role, key), array in arrays.items())
    return FaceRow(name, 0, float(values[0]), "ibug68", measures, packed)


def _open(path: Path) -> None:
    with Faceset.open(path) as faceset:
        len(faceset)


def _sort_and_filter(path: Path) -> None:
    with Faceset.open(path) as faceset:
        table = faceset.face_table(("size", "yaw", "brightness", "sharpness"))
    chosen = table.take((table.size > 100) & (np.abs(table.yaw) < 20) & (table.brightness > 0.2))
    chosen.take(np.argsort(-chosen.sharpness)).ids[:100].tolist()


def _all_columns(path: Path) -> None:
    with Faceset.open(path) as faceset:
        faceset.face_table()


def _info(path: Path) -> None:
    with Faceset.open(path) as faceset:
        faceset.info()


def _write(path: Path) -> None:
    FacesetWriter.open(path).close()


_WORKS: tuple[tuple[str, Callable[[Path], Any], float | None], ...] = (
    ("opening", _open, OPENING),
    ("sorting and filtering", _sort_and_filter, QUERY),
    ("reading all columns", _all_columns, None),
    ("info", _info, QUERY),
    ("opening for writing", _write, None),
)


def _timed(name: str, work: Callable[[Path], Any], path: Path, bound: float | None, repeats: int) -> Figure:
    began = time.process_time()
    each = [seconds(lambda: work(path)) for _ in range(repeats)]
    cores = (time.process_time() - began) / repeats
    details = {"seconds": [round(value, 3) for value in each], "core_seconds": round(cores, 3)}
    return Figure(f"store: {name}", round(statistics.median(each), 3), "s", bound, details)
