"""TFRecord, a file of records: each is its length, the length's masked checksum, the data, and their masked checksum.

Reference:
    TensorFlow, TFRecord and tf.train.Example, "TFRecords format details".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from ..errors import StoreError
from .crc32c import crc32c
from .example import decode_example

_FRAME = 16
"""Bytes of a record beside its data."""


def write_record(file: IO[bytes], data: bytes) -> None:
    """Writes one record between its checksums."""
    length = struct.pack("<Q", len(data))
    file.write(length + _checksum(length) + data + _checksum(data))


def read_examples(path: Path) -> Iterator[dict[str, Any]]:
    """Reads a file of examples, one after the other.

    Raises:
        StoreError: It is no such file, or damaged.
    """
    with path.open("rb") as file:
        size = path.stat().st_size
        number = 0
        try:
            while header := file.read(12):
                number += 1
                data = _checked(file, header, size)
                yield decode_example(data)
        except ValueError as error:
            raise StoreError(f"{path} is damaged or no TFRecord: record {number}: {error}") from error


def first_length(path: Path) -> int:
    """The bytes that the first record takes, by its word alone."""
    with path.open("rb") as file:
        return int(struct.unpack("<Q", file.read(8))[0]) + _FRAME


def _checked(file: IO[bytes], header: bytes, size: int) -> bytes:
    """The rest of a record, whose sums must agree; no more is read than the file can hold."""
    if len(header) < 12 or _checksum(header[:8]) != header[8:]:
        raise ValueError("the checksum of its length does not agree")
    (length,) = struct.unpack("<Q", header[:8])
    data = file.read(length) if length <= size else b""
    if len(data) < length or _checksum(data) != file.read(4):
        raise ValueError("it is cut short or its checksum does not agree")
    return data


def _checksum(data: bytes) -> bytes:
    """The masked CRC-32C: turned by 15 bits and moved by a constant, as the format asks for."""
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
