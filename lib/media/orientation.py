"""How a stored picture has to be turned to stand upright: the eight orientations that containers can ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in whole pixels; right and bottom are the first pixels outside."""


@dataclass(frozen=True)
class Orientation:
    """Stored picture to upright picture: first exchange rows and columns, then mirror.

    Convention:
        Pictures are `[height width ...]`, row 0 on top. `flip_x` and `flip_y` act on the upright picture.
    """

    transpose: bool = False
    flip_x: bool = False
    flip_y: bool = False

    @classmethod
    def from_display_matrix(cls, matrix: Sequence[int] | None) -> Orientation:
        """Reads a container's display matrix; angles between the four right ones go to the nearest of them.

        Args:
            matrix: Nine numbers a, b, u, c, d, v, x, y, w, which show the stored point (p, q) at
                (ap + cq + x, bp + dq + y), axes right and down; None where a container has none.

        Reference:
            ISO/IEC 14496-12, `matrix` of the track header.
        """
        if matrix is None:
            return cls()
        a, b, _, c, d = matrix[:5]
        if abs(a) >= abs(b):
            return cls(False, a < 0, d < 0)
        return cls(True, c < 0, b < 0)

    def upright(self, stored: NDArray[Scalar]) -> NDArray[Scalar]:
        """The upright view of a stored picture `[height width ...]`; no copy is made."""
        picture = stored.swapaxes(0, 1) if self.transpose else stored
        return self._flip(picture)

    def stored(self, upright: NDArray[Scalar]) -> NDArray[Scalar]:
        """The view in stored order of an upright picture `[height width ...]`; no copy is made."""
        picture = self._flip(upright)
        return picture.swapaxes(0, 1) if self.transpose else picture

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of the upright picture of a stored one, and of the stored one of an upright."""
        return (height, width) if self.transpose else (width, height)

    def stored_box(self, box: Box, width: int, height: int) -> Box:
        """Where a box of the upright picture lies in the stored one.

        Args:
            box: In the upright picture.
            width: Of the upright picture.
            height: Of the upright picture.
        """
        left, top, right, bottom = box
        if self.flip_x:
            left, right = width - right, width - left
        if self.flip_y:
            top, bottom = height - bottom, height - top
        return (top, left, bottom, right) if self.transpose else (left, top, right, bottom)

    def _flip(self, picture: NDArray[Scalar]) -> NDArray[Scalar]:
        """Mirrors an upright picture; its own inverse."""
        return picture[:: -1 if self.flip_y else 1, :: -1 if self.flip_x else 1]
