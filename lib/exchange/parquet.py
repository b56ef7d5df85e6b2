"""Faces as a Parquet table: one row per face or frame without a face, the head in the table's metadata.

The one file that imports pyarrow, which is an extra: `pip install 'faceswap[parquet]'`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import OutputError, StoreError
from ..faceset_copy import FacesetHead
from ..publish import atomic_file
from .coding import decode_mask, encode_mask, head_from_json, head_to_json
from .records import ARRAYS, SCALARS, FlatFace, made_arrays, scalars_of, split_scalars

_KEY = b"faceset"
_ROWS = 64


def write(path: Path, head: FacesetHead, faces: Iterable[FlatFace]) -> None:
    """Writes a table, atomically.

    Raises:
        OutputError: pyarrow is missing, or the disk is full or cannot be written.
    """
    arrow, parquet = _arrow()
    schema = _schema(arrow).with_metadata({_KEY: head_to_json(head).encode()})
    with atomic_file(path) as temp, parquet.ParquetWriter(temp, schema, write_page_checksum=True) as writer:
        for _, group in groupby(enumerate(faces), lambda item: item[0] // _ROWS):
            rows = [_to_row(face) for _, face in group]
            writer.write_table(arrow.Table.from_pylist(rows, schema))


def read(path: Path) -> tuple[FacesetHead, Iterator[FlatFace]]:
    """Reads a table's head; the faces are read as they are asked for.

    Raises:
        OutputError: pyarrow is missing.
        StoreError: It is no such table, or damaged.
    """
    arrow, parquet = _arrow()
    try:
        file = parquet.ParquetFile(path, page_checksum_verification=True)
        metadata = file.schema_arrow.metadata or {}
    except (arrow.ArrowException, OSError) as error:
        raise StoreError(f"cannot read {path} as Parquet: {' '.join(str(error).split())}") from error
    if _KEY not in metadata:
        raise StoreError(f"{path} has no head of a faceset; write one with `faceswap faceset export`")
    return head_from_json(metadata[_KEY].decode("utf-8", "replace")), _faces(path, file, arrow)


def _faces(path: Path, file: Any, arrow: Any) -> Iterator[FlatFace]:
    try:
        for batch in file.iter_batches(_ROWS):
            yield from (_from_row(row) for row in batch.to_pylist())
    except (arrow.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{path} is damaged: {' '.join(str(error).split())}") from error


def _schema(arrow: Any) -> Any:
    kinds = {str: arrow.string(), int: arrow.int64(), float: arrow.float64(), bool: arrow.bool_()}
    floats = arrow.list_(arrow.float32())
    return arrow.schema(
        [(name, kinds[kind]) for name, kind in SCALARS.items()]
        + [(name, arrow.list_(arrow.from_numpy_dtype(kind))) for name, (_, kind) in ARRAYS.items()]
        + [("embeddings", arrow.map_(arrow.string(), floats)), ("masks", arrow.map_(arrow.string(), arrow.binary()))]
        + [("crop", arrow.binary())]
    )


def _to_row(face: FlatFace) -> dict[str, Any]:
    arrays = {name: getattr(face, name) for name in ARRAYS}
    return {
        **scalars_of(face),
        **{name: None if array is None else array.reshape(-1) for name, array in arrays.items()},
        "embeddings": list(face.embeddings.items()),
        "masks": [(name, encode_mask(mask)) for name, mask in face.masks.items()],
        "crop": face.crop,
    }


def _from_row(row: dict[str, Any]) -> FlatFace:
    return FlatFace(
        **split_scalars(row),
        **made_arrays(row),
        embeddings={name: np.array(values, np.float32) for name, values in row["embeddings"] or ()},
        masks={name: decode_mask(data) for name, data in row["masks"] or ()},
        crop=row["crop"] or b"",
    )


def _arrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise OutputError("Parquet needs the package pyarrow: pip install 'faceswap[parquet]'") from None
    return pyarrow, pyarrow.parquet
