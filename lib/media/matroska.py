"""The shape of pixels in Matroska and WebM, which PyAV cannot tell their writer: set in the finished file.

The writer leaves an empty element before the descriptions; these move into it by what they grow, so that nothing
behind them moves. Reference: RFC 8794 (EBML), RFC 9559 (Matroska), section 5.1.4.1.28 (Video).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from ..errors import MediaError

_SEGMENT, _SEEK_HEAD, _VOID, _INFO, _TRACKS = 0x18538067, 0x114D9B74, 0xEC, 0x1549A966, 0x1654AE6B
_SEEK_ID, _SEEK_POSITION = 0x53AB, 0x53AC
_VIDEO, _WIDTH, _HEIGHT = 0xE0, 0xB0, 0xBA
_DISPLAY_WIDTH, _DISPLAY_HEIGHT, _DISPLAY_UNIT = 0x54B0, 0x54BA, 0x54B2
_PIXELS, _RATIO = 0, 3
_CHECKSUM = 0xBF

_HEAD = 1 << 20
"""Bytes in which the descriptions end; pictures and attachments lie behind them."""
_LONGEST_HEAD = 9
"""Bytes of an element's name and size here: one, and eight of size."""


@dataclass(frozen=True)
class _Element:
    """An element: its name, what it holds, the bytes of all, and where these begin."""

    name: int
    content: bytes
    whole: bytes
    start: int

    @property
    def number(self) -> int:
        """The value, if it is an unsigned integer."""
        return int.from_bytes(self.content, "big")

    def children(self) -> list[_Element]:
        """What a master element holds, its checksum left aside: it would not hold any more."""
        return [each for each in _elements(self.content) if each.name != _CHECKSUM]


def set_sample_aspect(path: Path, aspect: Fraction) -> None:
    """Says in a finished file what shape the pixels of its pictures have.

    Args:
        path: A file that FFmpeg has written.
        aspect: Width of a pixel over its height.

    Raises:
        MediaError: The file has not the form that FFmpeg gives it.
    """
    with path.open("r+b") as file:
        segment = next((each for each in _elements(file.read(_HEAD)) if each.name == _SEGMENT), None)
        found = {each.name: each for each in _elements(segment.content)} if segment else {}
        if segment is None or not {_SEEK_HEAD, _VOID, _INFO, _TRACKS} <= found.keys():
            raise MediaError(f"cannot set the shape of pixels in {path}: it has not the expected form")
        before = found[_TRACKS]
        tracks = _master(_TRACKS, (_with_shape(track, aspect) for track in before.children()))
        growth = len(tracks) - len(before.whole)
        index = _master(_SEEK_HEAD, (_moved(entry, growth) for entry in found[_SEEK_HEAD].children()))
        start = found[_SEEK_HEAD].start
        room = before.start + len(before.whole) - start - len(index) - len(found[_INFO].whole) - len(tracks)
        file.seek(segment.start + len(segment.whole) - len(segment.content) + start)
        file.write(index + _element(_VOID, bytes(room - _LONGEST_HEAD)) + found[_INFO].whole + tracks)


def _with_shape(track: _Element, aspect: Fraction) -> bytes:
    """A track; where it is one of pictures, with the size at which they are shown."""
    parts = track.children()
    return _master(track.name, (_video(part, aspect) if part.name == _VIDEO else part.whole for part in parts))


def _video(video: _Element, aspect: Fraction) -> bytes:
    kept = [part for part in video.children() if part.name not in (_DISPLAY_WIDTH, _DISPLAY_HEIGHT, _DISPLAY_UNIT)]
    numbers = {part.name: part.number for part in kept}
    width, height, unit = _shown(numbers[_WIDTH], numbers[_HEIGHT], aspect)
    shape = ((_DISPLAY_WIDTH, width), (_DISPLAY_HEIGHT, height), (_DISPLAY_UNIT, unit))
    return _master(_VIDEO, [*(part.whole for part in kept), *(_element(name, _bytes(each)) for name, each in shape)])


def _shown(width: int, height: int, aspect: Fraction) -> tuple[int, int, int]:
    """The size at which pictures are shown, in pixels where these come out whole, else as a ratio."""
    if (width * aspect).denominator == 1:
        return int(width * aspect), height, _PIXELS
    if (height / aspect).denominator == 1:
        return width, int(height / aspect), _PIXELS
    ratio = width * aspect / height
    return ratio.numerator, ratio.denominator, _RATIO


def _moved(entry: _Element, by: int) -> bytes:
    """An entry of the index of elements; those that move forward say so."""
    parts = {part.name: part for part in entry.children()}
    if int.from_bytes(parts[_SEEK_ID].content, "big") not in (_INFO, _TRACKS):
        return entry.whole
    place = _element(_SEEK_POSITION, _bytes(parts[_SEEK_POSITION].number - by))
    return _master(entry.name, (parts[_SEEK_ID].whole, place))


def _elements(data: bytes) -> Iterator[_Element]:
    """The elements that lie one after the other in some bytes; the last may be cut off."""
    place = 0
    while place + 2 <= len(data) and data[place]:
        name, after = _number(data, place, marked=True)
        size, body = _number(data, after, marked=False)
        yield _Element(name, data[body : body + size], data[place : body + size], place)
        place = body + size


def _number(data: bytes, place: int, marked: bool) -> tuple[int, int]:
    """A number of variable length, with the bits that tell the length or without, and the place behind it."""
    length = 9 - data[place].bit_length() if data[place] else 8
    value = int.from_bytes(data[place : place + length], "big")
    return value if marked else value & ((1 << 7 * length) - 1), place + length


def _master(name: int, parts: Iterable[bytes]) -> bytes:
    return _element(name, b"".join(parts))


def _element(name: int, content: bytes) -> bytes:
    """An element whose size takes eight bytes."""
    return _bytes(name) + (1 << 56 | len(content)).to_bytes(8, "big") + content


def _bytes(number: int) -> bytes:
    return number.to_bytes(max(1, (number.bit_length() + 7) // 8), "big")
