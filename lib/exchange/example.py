"""The message `tf.train.Example`, coded and decoded without TensorFlow, whose import takes many seconds.

It maps names to lists of bytes, floats or whole numbers, and is nested in Protocol Buffers' wire format four deep:
Example > Features > entry of a map > Feature > list.

Reference:
    Protocol Buffers, Encoding; TensorFlow, `example.proto` and `feature.proto`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Feature = bytes | int | NDArray[np.float32]

_BYTES, _FLOATS, _INTS = 1, 2, 3
_VARINT, _EIGHT, _LENGTH, _FOUR = 0, 1, 2, 5


def encode_example(features: Mapping[str, Feature]) -> bytes:
    """Codes named features, each of one value or of an array of floats, in the order of their names."""
    entries = (
        _field(1, _field(1, name.encode()) + _field(2, _feature(value))) for name, value in sorted(features.items())
    )
    return _field(1, b"".join(entries))


def decode_example(data: bytes) -> dict[str, Feature]:
    """Undoes `encode_example`; of a list of bytes or whole numbers the first is taken, one of none is left out.

    Raises:
        ValueError: It is no such message.
    """
    found: dict[str, Feature] = {}
    for features in _lists(data, 1):
        for entry in _lists(features, 1):
            parts = dict(_fields(entry))
            name, value = parts.get(1), parts.get(2)
            if not isinstance(name, bytes) or not isinstance(value, bytes):
                raise ValueError("an example's feature has no name or no value")
            found.update({name.decode("utf-8"): told for told in _values(value)})
    return found


def _feature(value: Feature) -> bytes:
    if isinstance(value, np.ndarray):
        return _field(_FLOATS, _field(1, value.astype("<f4").tobytes()))
    if isinstance(value, int):
        return _field(_INTS, _field(1, _varint(value & (2**64 - 1))))
    return _field(_BYTES, _field(1, value))


def _values(feature: bytes) -> Iterator[Feature]:
    """The value of a feature, if it has one; packed numbers and unpacked ones are the same."""
    for kind, content in _fields(feature):
        values = list(_lists(content, None)) if isinstance(content, bytes) else []
        if kind == _BYTES and values:
            yield values[0]
        elif kind == _INTS and values:
            number = values[0] if isinstance(values[0], int) else _read_varint(values[0], 0)[0]
            yield number - 2**64 if number >= 2**63 else number
        elif kind == _FLOATS:
            yield np.frombuffer(b"".join(values), "<f4").astype(np.float32)


def _lists(message: bytes, number: int | None) -> Iterator[Any]:
    """The values of a message's fields of one number, or of all."""
    return (value for found, value in _fields(message) if number in (None, found))


def _fields(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    place = 0
    while place < len(message):
        tag, place = _read_varint(message, place)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, place = _read_varint(message, place)
            yield number, value
            continue
        if wire not in (_LENGTH, _FOUR, _EIGHT):
            raise ValueError("the bytes are no example")
        length = {_FOUR: 4, _EIGHT: 8}.get(wire, 0)
        if wire == _LENGTH:
            length, place = _read_varint(message, place)
        if place + length > len(message):
            raise ValueError("an example is cut short")
        yield number, message[place : place + length]
        place += length


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | _LENGTH) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    coded = bytearray()
    while value > 0x7F:
        coded.append(value & 0x7F | 0x80)
        value >>= 7
    coded.append(value)
    return bytes(coded)


def _read_varint(data: bytes, place: int) -> tuple[int, int]:
    """A number and the place behind it."""
    value = 0
    for count, byte in enumerate(data[place : place + 10]):
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            return value, place + count + 1
    raise ValueError("a number of an example is cut short")
