"""Contact sheets: many faces on a few pages, each with a line of what is known of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from .crops import crop_path, read_crop_image
from .face_records import MEASURES
from .face_table import FaceTable
from .faceset import Faceset

Picture = NDArray[np.uint8]

_PAPER, _INK, _FAINT = (255, 255, 255), (34, 49, 63), (110, 124, 136)  # RGB.
_GAP, _MARGIN, _CAPTION, _TITLE = 10, 24, 20, 44
_FONT, _WEIGHT, _SMALL = "sans", 500, 11
_BETWEEN = "  "
"""Between the words of a caption; the last ones are left out where a face is narrower."""


def sheet_pages(
    pictures: Iterator[Picture], captions: Sequence[str], title: str, columns: int = 8, rows: int = 6, tile: int = 144
) -> Iterator[Picture]:
    """Sets faces in pages.

    Args:
        pictures: uint8 `[size size 3]`, RGB, one for each caption; read page by page.
        captions: A short line below each.
        title: Above each page, with the page's number.
        columns: Faces beside each other.
        rows: Faces below each other, at most.
        tile: Side of a face in pixels.

    Yields:
        uint8 `[height width 3]`, RGB; all pages are of one width, the last may be less high.
    """
    per_page = columns * rows
    pages = max(1, -(-len(captions) // per_page))
    for page in range(pages):
        told = captions[page * per_page : (page + 1) * per_page]
        number = f"page {page + 1} of {pages}" if pages > 1 else ""
        sheet = _blank(columns, -(-len(told) // columns), tile)
        _text(sheet, title, (_MARGIN, 33), 20, _INK)
        _text(sheet, number, (sheet.shape[1] - _MARGIN, 33), 14, _FAINT, right=True)
        for place, caption in enumerate(told):
            _set(sheet, next(pictures), caption, divmod(place, columns), tile)
        yield sheet


def sheet_pictures(faceset: Faceset, table: FaceTable) -> Iterator[Picture]:
    """The crop images of faces, one after the other."""
    for name in table.ids.tolist():
        yield read_crop_image(crop_path(faceset.path, name), faceset.crop_size)


def sheet_captions(table: FaceTable, key: str) -> list[str]:
    """A short line on each face: its time, and what the sheet is sorted by or else its sharpness and yaw."""
    measured = [key] if key in MEASURES else ["sharpness", "yaw"]
    columns = [(name, getattr(table, name).tolist()) for name in measured]
    return [
        _BETWEEN.join([f"{time:.2f} s", *(_measure(name, values[row]) for name, values in columns)])
        for row, time in enumerate(table.time.tolist())
    ]


def page_paths(output: Path, faces: int, per_page: int) -> list[Path]:
    """The files of the pages: `output` itself for one, else `NAME-1.jpg`, `NAME-2.jpg`, ..."""
    pages = max(1, -(-faces // per_page))
    if pages == 1:
        return [output]
    digits = len(str(pages))
    return [output.with_name(f"{output.stem}-{number:0{digits}d}{output.suffix}") for number in range(1, pages + 1)]


def _measure(name: str, value: float) -> str:
    """A measure in a few characters."""
    word, form = {"sharpness": ("sharp", ".0f"), "size": ("size", ".0f"), "brightness": ("light", ".2f")}.get(
        name, (name, "+.0f")
    )
    return f"{word} ?" if value != value else f"{word} {value:{form}}"


def _blank(columns: int, rows: int, tile: int) -> Picture:
    height = _TITLE + max(rows, 1) * (tile + _CAPTION + _GAP) + _MARGIN - _GAP
    width = 2 * _MARGIN + columns * (tile + _GAP) - _GAP
    return np.full((height, width, 3), _PAPER, np.uint8)


def _set(sheet: Picture, picture: Picture, caption: str, place: tuple[int, int], tile: int) -> None:
    row, column = place
    left, top = _MARGIN + column * (tile + _GAP), _TITLE + row * (tile + _CAPTION + _GAP)
    way = cv2.INTER_AREA if picture.shape[0] > tile else cv2.INTER_CUBIC
    sheet[top : top + tile, left : left + tile] = cv2.resize(picture, (tile, tile), interpolation=way)
    words = caption.split(_BETWEEN)
    while len(words) > 1 and _width(_BETWEEN.join(words), _SMALL) > tile:
        words.pop()
    _text(sheet, _BETWEEN.join(words), (left, top + tile + 15), _SMALL, _FAINT)


def _width(text: str, size: int) -> int:
    """The width of a line in pixels."""
    box = cv2.getTextSize((1 << 14, 100), text, (0, 50), cv2.FontFace(_FONT), size, _WEIGHT)
    return int(box[2])


def _text(
    sheet: Picture, text: str, place: tuple[int, int], size: int, color: tuple[int, int, int], right: bool = False
) -> None:
    """Writes a line from a point on its base line, or up to it."""
    face = cv2.FontFace(_FONT)
    x, y = place
    if right:
        x -= _width(text, size)
    cv2.putText(sheet, text, (x, y), color, face, size, _WEIGHT)
