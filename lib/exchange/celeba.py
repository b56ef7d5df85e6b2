"""The lists that come with CelebA, a set of faces that lie in pictures of one size, upright and in one place.

A list has the number of its rows in the first line, the names of its columns in the second, and then a line for each
picture: the name of its file, and a whole number for each column; in that of attributes 1 (has it) or -1 (has it not).

Reference:
    Z. Liu et al., Deep learning face attributes in the wild, ICCV 2015.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import MediaError

SIZE = (178, 218)
"""Width and height of the aligned pictures in pixels."""

POINTS = np.array([[69, 111], [108, 111], [88, 136], [72, 152], [105, 152]], np.float32)
"""Where the five points of a face usually are in them, which is what the pictures were aligned by: eyes, nose tip,
corners of the mouth, `[5 2]`; left and right are the picture's."""

_NAMED = 3


@dataclass(frozen=True, eq=False)
class PictureList:
    """One list.

    Attributes:
        path: The file.
        names: Of its columns.
        rows: By the name of the picture's file.
    """

    path: Path
    names: tuple[str, ...]
    rows: Mapping[str, NDArray[np.int16]]

    def require(self, pictures: Iterable[str]) -> None:
        """Raises MediaError unless the list says something of all these pictures."""
        lacking = [name for name in pictures if name not in self.rows]
        if lacking:
            more = f" and of {len(lacking) - _NAMED} others" if len(lacking) > _NAMED else ""
            raise MediaError(
                f"{self.path} says nothing of {', '.join(lacking[:_NAMED])}{more}; give the list that belongs to these "
                "pictures"
            )


def read_attributes(path: Path) -> PictureList:
    """Reads a list of attributes, such as `list_attr_celeba.txt`.

    Raises:
        MediaError: It is missing, or not as the module tells.
    """
    found = _read(path)
    for name, row in found.rows.items():
        if np.abs(row).max(initial=0) > 1:
            raise MediaError(f"{path}: an attribute is 1, -1 or (not known) 0. Received: {row.tolist()} of {name}")
    return found


def read_landmarks(path: Path) -> PictureList:
    """Reads a list of landmarks, such as `list_landmarks_align_celeba.txt`: x and y of the points of `POINTS`.

    Raises:
        MediaError: It is missing, or not as the module tells.
    """
    found = _read(path)
    if len(found.names) != POINTS.size:
        raise MediaError(
            f"{path} must have {POINTS.size} columns, x and y of five points. Received: {len(found.names)}"
        )
    return found


def _read(path: Path) -> PictureList:
    lines = _lines(path)
    if len(lines) < 2 or not lines[0].strip().isdecimal():
        raise MediaError(
            f"{path} must begin with the number of its pictures, and have the names of its columns in the second line. "
            f"Received: {lines[0][:40] if lines else 'nothing'!r}"
        )
    names, wanted = tuple(lines[1].split()), int(lines[0])
    if not names or len(set(names)) != len(names):
        raise MediaError(f"{path} must have different names of columns in the second line. Received: {lines[1][:60]!r}")
    rows = dict(_row(path, number, line, len(names)) for number, line in enumerate(lines[2:], 3) if line.strip())
    if len(rows) != wanted:
        raise MediaError(f"{path} announces {wanted} pictures and has lines of {len(rows)}; it is cut short or damaged")
    return PictureList(path, names, rows)


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        raise MediaError(f"there is no file {path}; check the path")
    try:
        return path.read_text("utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise MediaError(f"cannot read {path}: {' '.join(str(error).split())}") from error


def _row(path: Path, number: int, line: str, columns: int) -> tuple[str, NDArray[np.int16]]:
    picture, *values = line.split()
    try:
        row = np.array([int(value) for value in values], np.int16)
    except (ValueError, OverflowError):
        row = np.zeros(0, np.int16)
    if len(row) != columns:
        raise MediaError(
            f"{path} line {number}: a name and {columns} whole numbers were expected. Received: {line.strip()[:50]!r}"
        )
    return picture, row
