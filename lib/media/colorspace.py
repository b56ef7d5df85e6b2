"""What the numbers in a picture's planes mean: exact conversion between sample codes and RGB.

The matrices are those of ITU-R BT.601, BT.709 and BT.2020 (and two historic ones), the scales those of ITU-T
H.273. One affine map per direction, so that a whole picture goes through one `cv2.transform`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from .layouts import Layout, Model
from .medium import ColorTags

Matrix = NDArray[np.float64]

_LIMITED, _FULL = 1, 2
_WEIGHTS = {
    1: (0.2126, 0.0722),  # BT.709
    4: (0.30, 0.11),  # FCC
    5: (0.299, 0.114),  # BT.601, 625 lines
    6: (0.299, 0.114),  # BT.601, 525 lines
    7: (0.212, 0.087),  # SMPTE 240M
    9: (0.2627, 0.0593),  # BT.2020
    10: (0.2627, 0.0593),
}
_BT601, _BT709 = 6, 1
_TALLEST_SD = 576


@dataclass(frozen=True)
class Coding:
    """How sample codes stand for colors.

    Args:
        model: Y, Cb, Cr; R, G, B; or Y alone.
        bits: Bits of a sample.
        full: Whether the codes use the full range (0..255) or the limited one (16..235, chroma 16..240).
        red: Weight of red in Y, K_R.
        blue: Weight of blue in Y, K_B.
    """

    model: Model
    bits: int
    full: bool
    red: float = _WEIGHTS[_BT601][0]
    blue: float = _WEIGHTS[_BT601][1]

    @property
    def peak(self) -> int:
        """The largest code."""
        return (1 << self.bits) - 1

    def decoder(self) -> Matrix:
        """`[3 components+1]`: from codes (and a 1) to R, G, B in 0..1; read-only."""
        return _decoder(self)

    def encoder(self) -> Matrix:
        """`[components 4]`: from R, G, B in 0..1 (and a 1) to codes, not yet rounded; read-only."""
        return _encoder(self)


def coding_of(layout: Layout, tags: ColorTags, pixel_format: str, height: int) -> Coding:
    """Chooses the coding by what the stream says, and by custom where it says nothing.

    Untagged video is limited, BT.601 up to 576 lines and BT.709 above; untagged gray is full, as every player
    shows it; RGB is always full.

    Args:
        layout: Of the samples.
        tags: What the frame or its stream says.
        pixel_format: The name, since the old `yuvj` names imply the full range.
        height: Lines of the stored picture.
    """
    custom = _BT601 if height <= _TALLEST_SD else _BT709
    red, blue = _WEIGHTS.get(tags.matrix, _WEIGHTS[custom])
    full = {
        "rgb": True,
        "gray": tags.range != _LIMITED,
        "yuv": tags.range == _FULL or pixel_format.startswith("yuvj"),
    }[layout.model]
    return Coding(layout.model, layout.bits, full, red, blue)


@cache
def _encoder(coding: Coding) -> Matrix:
    """RGB to codes; ITU-T H.273, section 8.3, "Matrix coefficients"."""
    step = 2.0 ** (coding.bits - 8)
    luma, black, chroma = (coding.peak, 0.0, coding.peak) if coding.full else (219 * step, 16 * step, 224 * step)
    y = np.array([coding.red, 1 - coding.red - coding.blue, coding.blue])
    if coding.model == "rgb":
        rows = np.eye(3) * coding.peak
        return _frozen(np.column_stack([rows, np.zeros(3)]))
    luma_row = np.append(y * luma, black)
    if coding.model == "gray":
        return _frozen(luma_row[None])
    blue_difference = (np.array([0, 0, 1]) - y) / (2 * (1 - coding.blue)) * chroma
    red_difference = (np.array([1, 0, 0]) - y) / (2 * (1 - coding.red)) * chroma
    middle = 128 * step
    return _frozen(np.array([luma_row, [*blue_difference, middle], [*red_difference, middle]]))


@cache
def _decoder(coding: Coding) -> Matrix:
    """Codes to RGB: the inverse of `_encoder`; gray gives three equal components."""
    encoder = _encoder(coding)
    if coding.model == "gray":
        scale, black = encoder[0, :3].sum(), encoder[0, 3]
        return _frozen(np.tile([1 / scale, -black / scale], (3, 1)))
    linear = np.linalg.inv(encoder[:, :3])
    return _frozen(np.column_stack([linear, -linear @ encoder[:, 3]]))


def _frozen(matrix: Matrix) -> Matrix:
    """Protects a cached matrix from its users."""
    matrix.setflags(write=False)
    return matrix
