"""The pixel formats whose samples are read and written in place, and the nearest of them for all others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import av

Model = Literal["yuv", "rgb", "gray"]


@dataclass(frozen=True)
class Layout:
    """How a pixel format lays out its samples.

    Args:
        model: What the components stand for: Y, Cb, Cr; R, G, B; or Y alone.
        bits: Bits of a sample; above 8, samples are little-endian 16-bit words.
        shift_x: log2 of the columns that share a chroma sample.
        shift_y: log2 of the rows that share a chroma sample.
        order: Plane of each component or, if `packed`, its place within the pixel.
        packed: Whether all components lie in one plane, pixel by pixel.
    """

    model: Model
    bits: int
    shift_x: int = 0
    shift_y: int = 0
    order: tuple[int, ...] = (0, 1, 2)
    packed: bool = False

    @property
    def dtype(self) -> str:
        """Of the samples, for numpy."""
        return "u1" if self.bits == 8 else "<u2"


_CHROMA_SHIFTS = {"420": (1, 1), "422": (1, 0), "444": (0, 0)}


def _table() -> dict[str, Layout]:
    """Every format that is worked on in place, by its FFmpeg name."""
    table = {}
    for bits, suffix in ((8, ""), (10, "10le"), (12, "12le")):
        for name, shifts in _CHROMA_SHIFTS.items():
            table[f"yuv{name}p{suffix}"] = Layout("yuv", bits, *shifts)
        table[f"gray{suffix}"] = Layout("gray", bits, order=(0,))
        table[f"gbrp{suffix}"] = Layout("rgb", bits, order=(2, 0, 1))
    table["rgb24"] = Layout("rgb", 8, packed=True)
    table["bgr24"] = Layout("rgb", 8, order=(2, 1, 0), packed=True)
    table |= {f"yuvj{name}p": Layout("yuv", 8, *shifts) for name, shifts in _CHROMA_SHIFTS.items()}
    return table


LAYOUTS = _table()


@lru_cache
def working_format(name: str) -> str:
    """The format that frames of format `name` are worked on in: itself, or the nearest that loses least.

    Alpha is dropped; palettes become RGB; a sampling of chroma that is not in the table becomes the next finer.
    """
    if name in LAYOUTS:
        return name
    return nearest_format(name, tuple(LAYOUTS))


@lru_cache
def nearest_format(name: str, choices: tuple[str, ...]) -> str:
    """Which of `choices` (names in `LAYOUTS`) keeps most of a picture in format `name`."""
    wanted = LAYOUTS.get(name) or _describe(name)
    return min(choices, key=lambda choice: _loss(wanted, LAYOUTS[choice]))


def _describe(name: str) -> Layout:
    """The properties of any format, as far as they matter for finding a similar one."""
    form = av.VideoFormat(name, 64, 64)
    bits = max(component.bits for component in form.components)
    if form.is_rgb or form.has_palette:
        return Layout("rgb", max(bits, 8))
    if len(form.components) < 3:
        return Layout("gray", max(bits, 8), order=(0,))
    shifts = (64 // form.chroma_width(64)).bit_length() - 1, (64 // form.chroma_height(64)).bit_length() - 1
    return Layout("yuv", max(bits, 8), *shifts)


def _loss(wanted: Layout, offered: Layout) -> tuple[bool, bool, int, int]:
    """Sorts formats: color first, then the model, then what is lost of detail, then what merely costs."""
    loses_color = offered.model == "gray" and wanted.model != "gray"
    across, down = offered.shift_x - wanted.shift_x, offered.shift_y - wanted.shift_y
    lost = max(0, wanted.bits - offered.bits) + 4 * (max(0, across) + max(0, down))
    spare = max(0, offered.bits - wanted.bits) + 4 * (max(0, -across) + max(0, -down))
    return loses_color, offered.model != wanted.model, lost, spare
