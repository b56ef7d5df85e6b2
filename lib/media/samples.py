"""Reading and writing colors in a picture's planes, exactly, and only where asked.

A chroma sample that several pixels share is read as the color of each of them, and written as the mean over
them; so what is read and written back unchanged gives the same codes, and a pixel that is not to change
takes part in that mean with what stood there before.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .colorspace import Coding
from .layouts import Layout
from .orientation import Box

Plane = NDArray[Any]


@dataclass(frozen=True)
class Samples:
    """A picture as it is stored.

    Args:
        planes: One view `[rows columns]` per component; those of chroma may be smaller.
        layout: Of the samples.
        coding: What the codes mean.
    """

    planes: tuple[Plane, ...]
    layout: Layout
    coding: Coding

    def rgb8(self) -> NDArray[np.uint8]:
        """The whole picture as uint8 RGB `[height width 3]`, rounded, clipped to 0..255."""
        codes = self._codes((0, 0, self.planes[0].shape[1], self.planes[0].shape[0]))
        if self.coding.model == "rgb" and self.layout.bits == 8:
            return codes
        scaled = cv2.transform(codes, self.coding.decoder() * 255)
        return np.asarray(scaled if scaled.dtype == np.uint8 else cv2.convertScaleAbs(scaled), np.uint8)

    def read(self, box: Box) -> NDArray[np.float32]:
        """A box as float32 RGB `[height width 3]` at the depth of the samples, clipped to 0..1."""
        codes = self._codes(box).astype(np.float32)
        pixels = np.asarray(cv2.transform(codes, self.coding.decoder()), np.float32)
        return np.clip(pixels, 0, 1, out=pixels)

    def write(self, left: int, top: int, pixels: NDArray[np.float32], changed: NDArray[np.bool_]) -> None:
        """Puts pixels in; no sample changes that covers no changed pixel.

        Args:
            left: Column of the first pixel.
            top: Row of the first pixel.
            pixels: float32 RGB `[height width 3]`, 0..1; values outside are clipped.
            changed: `[height width]`, which of them to write.
        """
        self._write_codes(left, top, cv2.transform(np.clip(pixels, 0, 1), self.coding.encoder()), changed)

    def copy_to(self, other: Samples) -> None:
        """Fills another picture of the same size with this one, in its own layout and coding."""
        height, width = self.planes[0].shape
        codes = self._codes((0, 0, width, height)).astype(np.float32)
        if replace(self.coding, bits=other.coding.bits) == other.coding and not self.coding.full:
            codes *= 2.0 ** (other.coding.bits - self.coding.bits)
        else:
            colors = cv2.transform(codes, self.coding.decoder())
            if self.coding.model != other.coding.model:
                colors = np.clip(colors, 0, 1)
            codes = cv2.transform(colors, other.coding.encoder())
        other._write_codes(0, 0, codes, np.ones((height, width), np.bool_))

    def _write_codes(self, left: int, top: int, codes: Plane, changed: NDArray[np.bool_]) -> None:
        """Puts codes `[height width components]` in where `changed`, rounded."""
        for index, plane in enumerate(self.planes):
            component = codes if codes.ndim == 2 else codes[:, :, index]
            if plane.shape == self.planes[0].shape:
                window = plane[top : top + changed.shape[0], left : left + changed.shape[1]]
                np.copyto(window, self._rounded(component), where=changed)
            else:
                self._write_shared(plane, left, top, component, changed)

    def _codes(self, box: Box) -> Plane:
        """The box's codes with a component per channel: `[height width components]`."""
        left, top, right, bottom = box
        full = self.planes[0].shape
        parts = [
            plane[top:bottom, left:right] if plane.shape == full else self._spread(plane, box) for plane in self.planes
        ]
        return parts[0] if len(parts) == 1 else np.asarray(cv2.merge(parts))

    def _spread(self, plane: Plane, box: Box) -> Plane:
        """The chroma of a box's pixels: each sample repeated for the pixels that share it."""
        left, top, right, bottom = box
        cells = self._cells(box)
        part = plane[cells[1] : cells[3], cells[0] : cells[2]]
        size = part.shape[1] << self.layout.shift_x, part.shape[0] << self.layout.shift_y
        spread = cv2.resize(part, size, interpolation=cv2.INTER_NEAREST)
        x, y = left - (cells[0] << self.layout.shift_x), top - (cells[1] << self.layout.shift_y)
        return np.asarray(spread[y : y + bottom - top, x : x + right - left])

    def _cells(self, box: Box) -> Box:
        """The chroma samples that a box of pixels touches."""
        left, top, right, bottom = box
        across, down = self.layout.shift_x, self.layout.shift_y
        return left >> across, top >> down, ((right - 1) >> across) + 1, ((bottom - 1) >> down) + 1

    def _write_shared(self, plane: Plane, left: int, top: int, values: Plane, changed: NDArray[np.bool_]) -> None:
        """Writes samples that several pixels share: mean of the new values and, for the rest, the old one."""
        cells = self._cells((left, top, left + changed.shape[1], top + changed.shape[0]))
        window = plane[cells[1] : cells[3], cells[0] : cells[2]]
        across, down = 1 << self.layout.shift_x, 1 << self.layout.shift_y
        x, y = left - cells[0] * across, top - cells[1] * down
        padded = np.zeros((2, window.shape[0] * down, window.shape[1] * across), np.float32)
        inside = np.s_[y : y + changed.shape[0], x : x + changed.shape[1]]
        padded[0][inside] = np.where(changed, values, 0)
        padded[1][inside] = changed
        total, count = (
            across * down * cv2.resize(part, window.shape[::-1], interpolation=cv2.INTER_AREA) for part in padded
        )
        height, width = self.planes[0].shape
        rows = np.minimum(down, height - np.arange(cells[1], cells[3]) * down)
        columns = np.minimum(across, width - np.arange(cells[0], cells[2]) * across)
        shared = rows[:, None] * columns[None]
        window[:] = self._rounded((total + (shared - count) * window) / shared)

    def _rounded(self, codes: Plane) -> Plane:
        """Nearest codes within the range of the samples."""
        return np.clip(np.rint(codes), 0, self.coding.peak).astype(self.planes[0].dtype)
