"""Pictures laid in a grid under headings, for people who would rather look than read."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

_HEADING = 24
_GAP = 4


def contact_sheet(columns: Sequence[NDArray[np.uint8]], headings: Sequence[str], tile: int = 128) -> NDArray[np.uint8]:
    """Sets tiles in a white grid, one column under each heading.

    Args:
        columns: For each heading its square pictures from top to bottom, uint8 `[rows size size 3]`, RGB.
        headings: One line above each column, ASCII.
        tile: Side of a tile in pixels; smaller pictures are enlarged, larger ones reduced.

    Returns:
        uint8 `[height width 3]`, RGB.

    Raises:
        ValueError: There is not one heading for each column.
    """
    if len(columns) != len(headings):
        raise ValueError(f"Each column needs a heading. Received: {len(columns)} columns, {len(headings)} headings")
    step, rows = tile + _GAP, max((len(column) for column in columns), default=0)
    sheet = np.full((_HEADING + rows * step, max(len(columns) * step - _GAP, 1), 3), 255, np.uint8)
    for number, (column, heading) in enumerate(zip(columns, headings, strict=True)):
        left = number * step
        cv2.putText(sheet, heading, (left + 4, 17), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
        for row, picture in enumerate(column):
            top = _HEADING + row * step
            sheet[top : top + tile, left : left + tile] = _resized(picture, tile)
    return sheet


def _resized(picture: NDArray[np.uint8], tile: int) -> NDArray[np.uint8]:
    way = cv2.INTER_AREA if picture.shape[0] > tile else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (tile, tile), interpolation=way), np.uint8)
