"""Faces as a TFRecord of `tf.train.Example`: a head, then one example per face or frame without a face.

Features: whole numbers as int64, arrays as floats in C order, strings, JPEG and PNG as bytes. Numbers of double
precision are bytes too, in decimal (`tf.strings.to_number(x, tf.float64)` gives them back), for an example's floats
are of single precision. Embeddings and masks bear their maker's name, `embedding/NAME` and `mask/NAME`. Each record
is its length, the length's masked checksum, the example, and its masked checksum.

Reference:
    TensorFlow, TFRecord and tf.train.Example, "TFRecords format details".
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from ..errors import StoreError
from ..faceset_copy import FacesetHead
from ..publish import atomic_file
from .coding import decode_mask, encode_mask, head_from_json, head_to_json
from .crc32c import crc32c
from .example import Feature, decode_example, encode_example
from .records import SCALARS, FlatFace, scalars_of, split_scalars

_KEY = "faceset"
_SHAPES = {"box": (4,), "matrix": (2, 3), "landmarks": (-1, 2)}


def write(path: Path, head: FacesetHead, faces: Iterable[FlatFace]) -> None:
    """Writes a file, atomically.

    Raises:
        OutputError: The disk is full or cannot be written.
    """
    with atomic_file(path) as temp, temp.open("wb") as file:
        write_record(file, encode_example({_KEY: head_to_json(head).encode()}))
        for face in faces:
            write_record(file, encode_example(_features(face)))


def read(path: Path) -> tuple[FacesetHead, Iterator[FlatFace]]:
    """Reads a file's head; the faces are read as they are asked for.

    Raises:
        StoreError: It is no such file, or damaged.
    """
    examples = _examples(path)
    head = next(examples, {}).get(_KEY)
    if not isinstance(head, bytes):
        raise StoreError(f"{path} does not begin with the head of a faceset; write one with `faceswap faceset export`")
    return head_from_json(head.decode("utf-8", "replace")), (_face(path, told) for told in examples)


def write_record(file: IO[bytes], data: bytes) -> None:
    """Writes one record between its checksums."""
    length = struct.pack("<Q", len(data))
    file.write(length + _checksum(length) + data + _checksum(data))


def _examples(path: Path) -> Iterator[dict[str, Any]]:
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


def _features(face: FlatFace) -> dict[str, Feature]:
    """What is known of a face, by feature; floats become their shortest decimals."""
    told: dict[str, Feature] = {
        name: int(value) if isinstance(value, int) else str(value).encode()
        for name, value in scalars_of(face).items()
        if value is not None
    }
    if face.id is None:
        return told
    told |= {name: array for name in _SHAPES if (array := getattr(face, name)) is not None}
    told |= {f"embedding/{name}": array for name, array in face.embeddings.items()}
    told |= {f"mask/{name}": encode_mask(mask) for name, mask in face.masks.items()}
    return {**told, "crop": face.crop}


def _face(path: Path, told: dict[str, Any]) -> FlatFace:
    try:
        scalars = split_scalars({name: _scalar(told[name], kind) for name, kind in SCALARS.items() if name in told})
        arrays: dict[str, Any] = {n: told[n].reshape(shape) for n, shape in _SHAPES.items() if n in told}
        return FlatFace(
            **scalars,
            **arrays,
            embeddings=_named(told, "embedding/"),
            masks={name: decode_mask(data) for name, data in _named(told, "mask/").items()},
            crop=told.get("crop", b""),
        )
    except (AttributeError, TypeError, ValueError) as error:
        raise StoreError(f"{path} holds a damaged face ({' '.join(str(error).split())[:120]})") from error


def _scalar(value: Any, kind: type) -> Any:
    return kind(value) if kind in (int, bool) else kind(value.decode("utf-8"))


def _named(told: dict[str, Any], prefix: str) -> dict[str, Any]:
    return {name.removeprefix(prefix): value for name, value in told.items() if name.startswith(prefix)}
