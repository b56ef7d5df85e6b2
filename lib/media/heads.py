"""The size that an image claims in its head, read without decoding it: a few bytes can claim gigabytes of pixels."""

from __future__ import annotations

import struct

Size = tuple[int, int]
"""Width and height in pixels."""

_JPEG_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""The markers of a start of frame; the three left out define tables."""

_TIFF_WIDTH, _TIFF_HEIGHT = 256, 257


def claimed_size(data: bytes) -> Size | None:
    """The width and height that an image file claims; None where its head is damaged or of another format.

    Args:
        data: The file, or its beginning: png, bmp, jpeg, webp or tiff.

    Reference:
        W3C PNG (IHDR); ITU-T T.81, annex B (SOFn); RFC 9649 (VP8, VP8L, VP8X); TIFF 6.0 (ImageWidth, ImageLength).
    """
    try:
        for beginning, reader in _READERS.items():
            if data.startswith(beginning):
                return reader(data)
    except (struct.error, IndexError):
        return None
    return None


def _png(data: bytes) -> Size:
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _bmp(data: bytes) -> Size:
    old = struct.unpack_from("<I", data, 14)[0] == 12
    width, height = struct.unpack_from("<HH" if old else "<ii", data, 18)
    return abs(width), abs(height)  # A negative height means that the top row comes first.


def _jpeg(data: bytes) -> Size | None:
    place = 2
    while data[place] == 0xFF:
        marker = data[place + 1]
        if marker in _JPEG_SIZES:
            height, width = struct.unpack_from(">HH", data, place + 5)
            return width, height
        place += 1 if marker == 0xFF else 2 + struct.unpack_from(">H", data, place + 2)[0]
    return None


def _webp(data: bytes) -> Size | None:
    kind = data[8:16]
    if kind == b"WEBPVP8X":
        low_x, high_x, low_y, high_y = struct.unpack_from("<HBHB", data, 24)
        return 1 + low_x + (high_x << 16), 1 + low_y + (high_y << 16)
    if kind == b"WEBPVP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"WEBPVP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


def _tiff(data: bytes) -> Size | None:
    order = "<" if data.startswith(b"II") else ">"
    start = struct.unpack_from(f"{order}I", data, 4)[0]
    found = {}
    for entry in range(struct.unpack_from(f"{order}H", data, start)[0]):
        tag, kind = struct.unpack_from(f"{order}HH", data, start + 2 + 12 * entry)
        if tag in (_TIFF_WIDTH, _TIFF_HEIGHT):
            found[tag] = struct.unpack_from(f"{order}{'H' if kind == 3 else 'I'}", data, start + 10 + 12 * entry)[0]
    return (found[_TIFF_WIDTH], found[_TIFF_HEIGHT]) if len(found) == 2 else None


_READERS = {
    b"\x89PNG\r\n\x1a\n": _png,
    b"BM": _bmp,
    b"\xff\xd8": _jpeg,
    b"RIFF": _webp,
    b"II*\0": _tiff,
    b"MM\0*": _tiff,
}
