"""The message `tf.train.Example`, coded and decoded without TensorFlow, whose import takes many seconds.

It maps names to lists of bytes, floats or whole numbers, and is nested in Protocol Buffers' wire format four deep:
Example > Features > entry of a map > Feature > list.

Reference:
    TensorFlow, `example.proto` and `feature.proto`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..wire_format import read_fields, read_varint, write_field, write_varint

Feature = bytes | int | NDArray[np.float32] | NDArray[np.int64]

_BYTES, _FLOATS, _INTS = 1, 2, 3


def encode_example(features: Mapping[str, Feature]) -> bytes:
    """Codes named features, each of one value or of an array of numbers, in the order of their names."""
    entries = (
        write_field(1, write_field(1, name.encode()) + write_field(2, _feature(value)))
        for name, value in sorted(features.items())
    )
    return write_field(1, b"".join(entries))


def decode_example(data: bytes) -> dict[str, Feature]:
    """Undoes `encode_example`; of a list of bytes the first is taken, one of none is left out.

    A list of one whole number is an int, as a single one is coded likewise; one of several is an array.

    Raises:
        ValueError: It is no such message.
    """
    found: dict[str, Feature] = {}
    for features in _lists(data, 1):
        for entry in _lists(features, 1):
            parts = dict(read_fields(entry))
            name, value = parts.get(1), parts.get(2)
            if not isinstance(name, bytes) or not isinstance(value, bytes):
                raise ValueError("an example's feature has no name or no value")
            found.update({name.decode("utf-8"): told for told in _values(value)})
    return found


def _feature(value: Feature) -> bytes:
    if isinstance(value, np.ndarray) and value.dtype.kind == "i":
        return write_field(_INTS, write_field(1, b"".join(_coded(int(number)) for number in value.ravel())))
    if isinstance(value, np.ndarray):
        return write_field(_FLOATS, write_field(1, value.astype("<f4").tobytes()))
    if isinstance(value, int):
        return write_field(_INTS, write_field(1, _coded(value)))
    return write_field(_BYTES, write_field(1, value))


def _values(feature: bytes) -> Iterator[Feature]:
    """The value of a feature, if it has one; packed numbers and unpacked ones are the same."""
    for kind, content in read_fields(feature):
        values = list(_lists(content, None)) if isinstance(content, bytes) else []
        if kind == _BYTES and values:
            yield values[0]
        elif kind == _INTS and values:
            numbers = [number for value in values for number in _numbers(value)]
            yield numbers[0] if len(numbers) == 1 else np.array(numbers, np.int64)
        elif kind == _FLOATS:
            yield np.frombuffer(b"".join(values), "<f4").astype(np.float32)


def _coded(number: int) -> bytes:
    return write_varint(number & (2**64 - 1))


def _numbers(value: int | bytes) -> Iterator[int]:
    """The whole numbers of one field: itself, or those that are packed in it."""
    packed = write_varint(value) if isinstance(value, int) else value
    place = 0
    while place < len(packed):
        number, place = read_varint(packed, place)
        yield number - 2**64 if number >= 2**63 else number


def _lists(message: bytes, number: int | None) -> Iterator[Any]:
    """The values of a message's fields of one number, or of all."""
    return (value for found, value in read_fields(message) if number in (None, found))
