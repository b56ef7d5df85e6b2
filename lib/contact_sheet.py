"""Pictures laid in a grid under headings, for people who would rather look than read."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

_FIRST_LINE, _LINE = 24, 18
_LETTER = 9
_GAP = 4
_LABEL = 120


def contact_sheet(
    columns: Sequence[NDArray[np.uint8]],
    headings: Sequence[str] | None = None,
    tile: int = 128,
    labels: Sequence[str] = (),
    title: str = "",
) -> NDArray[np.uint8]:
    """Sets tiles in a white grid, one column under each heading.

    Args:
        columns: For each heading its square pictures from top to bottom, uint8 `[rows size size 3]`, RGB.
        headings: Above each column, ASCII; what is wider than a tile goes on in the next line; none without.
        tile: Side of a tile in pixels; smaller pictures are enlarged, larger ones reduced.
        labels: One on the left of each row, likewise; none for a grid without.
        title: Above everything, ASCII, in one line; none without.

    Returns:
        uint8 `[height width 3]`, RGB.

    Raises:
        ValueError: There is not one heading for each column, or not one label for each row.
    """
    if headings is not None and len(columns) != len(headings):
        raise ValueError(f"Each column needs a heading. Received: {len(columns)} columns, {len(headings)} headings")
    step, rows = tile + _GAP, max((len(column) for column in columns), default=0)
    if labels and len(labels) != rows:
        raise ValueError(f"Each row needs a label. Received: {rows} rows, {len(labels)} labels")
    lines = [_wrapped(heading, tile) for heading in headings or ()]
    above = _FIRST_LINE if title else 0
    first_row = above + (_FIRST_LINE + _LINE * (max(map(len, lines)) - 1) if lines else 0)
    margin = _LABEL if labels else 0
    sheet = np.full((first_row + rows * step, max(margin + len(columns) * step - _GAP, 1), 3), 255, np.uint8)
    _write(sheet, [title], 0, 0)
    for row, label in enumerate(labels):
        _write(sheet, _wrapped(label, _LABEL), 0, first_row + row * step)
    for number, heading in enumerate(lines):
        _write(sheet, heading, margin + number * step, above)
    for number, column in enumerate(columns):
        left = margin + number * step
        for row, picture in enumerate(column):
            top = first_row + row * step
            sheet[top : top + tile, left : left + tile] = _resized(picture, tile)
    return sheet


def _wrapped(text: str, width: int) -> list[str]:
    """The lines of a text that is so many pixels wide; a word that is longer is left whole."""
    return textwrap.wrap(text, max(1, (width - _GAP) // _LETTER), break_long_words=False) or [""]


def _write(sheet: NDArray[np.uint8], lines: Sequence[str], left: int, top: int) -> None:
    for number, line in enumerate(lines):
        place = (left + 4, top + 17 + _LINE * number)
        cv2.putText(sheet, line, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)


def _resized(picture: NDArray[np.uint8], tile: int) -> NDArray[np.uint8]:
    way = cv2.INTER_AREA if picture.shape[0] > tile else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (tile, tile), interpolation=way), np.uint8)
