"""The wire format of Protocol Buffers, without the library and without schemas: fields by number.

Reference:
    Protocol Buffers, Encoding.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_VARINT, _EIGHT, _LENGTH, _FOUR = 0, 1, 2, 5


def read_fields(message: bytes | memoryview) -> Iterator[tuple[int, Any]]:
    """The fields of a message in their order: number and value, an int or the bytes, of the message's own type.

    Raises:
        ValueError: The bytes are no message, or cut short.
    """
    place = 0
    while place < len(message):
        tag, place = read_varint(message, place)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, place = read_varint(message, place)
            yield number, value
            continue
        if wire not in (_LENGTH, _FOUR, _EIGHT):
            raise ValueError("the bytes are no message of Protocol Buffers")
        length = {_FOUR: 4, _EIGHT: 8}.get(wire, 0)
        if wire == _LENGTH:
            length, place = read_varint(message, place)
        if place + length > len(message):
            raise ValueError("a message is cut short")
        yield number, message[place : place + length]
        place += length


def read_varint(data: bytes | memoryview, place: int) -> tuple[int, int]:
    """A number and the place behind it.

    Raises:
        ValueError: The bytes end in it, or it is longer than numbers are.
    """
    value = 0
    for count, byte in enumerate(data[place : place + 10]):
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            return value, place + count + 1
    raise ValueError("a number of a message is cut short")


def write_field(number: int, content: bytes) -> bytes:
    """Codes a field that holds bytes: a text, an array or another message."""
    return write_varint(number << 3 | _LENGTH) + write_varint(len(content)) + content


def write_number(number: int, value: int) -> bytes:
    """Codes a field that holds a number, 0 or more."""
    return write_varint(number << 3 | _VARINT) + write_varint(value)


def write_varint(value: int) -> bytes:
    """Codes a number, 0 or more."""
    coded = bytearray()
    while value > 0x7F:
        coded.append(value & 0x7F | 0x80)
        value >>= 7
    coded.append(value)
    return bytes(coded)
