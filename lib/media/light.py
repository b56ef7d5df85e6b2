"""How bright HDR footage is, and on what display it was graded: read from its frames, told to the encoders.

PyAV reads these side data but sets none of an output; the encoders take them as words and put them into the pictures'
stream, where players look first.

Reference: SMPTE ST 2086 (mastering display), CTA-861.3 (content light level); the structures are FFmpeg's
AVMasteringDisplayMetadata and AVContentLightMetadata.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.sidedata.sidedata import Type as SideDataType

_CHROMA_STEPS, _LUMINANCE_STEPS = 50000, 10000
"""Of ST 2086: chromaticities are counted in 0.00002, luminances in 0.0001 candelas per square meter."""

_NUMBERS = 22
"""Of int32 in a mastering display: ten fractions, and whether there are chromaticities and luminances."""


@dataclass(frozen=True)
class Light:
    """What a video says of its light.

    Attributes:
        display: x and y of the display's red, green, blue and white, then its least and its greatest luminance in
            candelas per square meter; None where nothing is said.
        levels: The greatest luminance of a pixel, and of a frame's mean, in the same unit; None where nothing is said.
    """

    display: tuple[Fraction, ...] | None = None
    levels: tuple[int, int] | None = None


@dataclass(frozen=True)
class LightWords:
    """By what names an encoder takes it.

    Attributes:
        option: The option that holds the encoder's own parameters.
        display: The parameter for the display.
        levels: The parameter for the light levels.
        whole: Whether it counts the display in the steps of ST 2086, and not in units.
    """

    option: str
    display: str
    levels: str
    whole: bool = True

    def parameters(self, light: Light) -> str:
        """The parameters, `name=value` joined by colons."""
        told = []
        if light.display:
            told.append(f"{self.display}={self._display(light.display)}")
        if light.levels:
            told.append(f"{self.levels}={light.levels[0]},{light.levels[1]}")
        return ":".join(told)

    def _display(self, display: Sequence[Fraction]) -> str:
        *points, least, most = display
        x_y = [self._number(value, _CHROMA_STEPS) for value in points]
        red, green, blue, white = (",".join(x_y[place : place + 2]) for place in range(0, 8, 2))
        luminance = ",".join(self._number(value, _LUMINANCE_STEPS) for value in (most, least))
        return f"G({green})B({blue})R({red})WP({white})L({luminance})"

    def _number(self, value: Fraction, steps: int) -> str:
        return str(round(value * steps)) if self.whole else f"{float(value):.6f}"


def light_of(frame: av.VideoFrame) -> Light | None:
    """What a decoded frame says of its light; None for nothing."""
    beside: Any = frame.side_data
    display = levels = None
    if SideDataType.MASTERING_DISPLAY_METADATA in beside:
        display = _display(np.frombuffer(bytes(beside[SideDataType.MASTERING_DISPLAY_METADATA]), np.int32))
    if SideDataType.CONTENT_LIGHT_LEVEL in beside:
        most, mean = np.frombuffer(bytes(beside[SideDataType.CONTENT_LIGHT_LEVEL]), np.uint32)[:2].tolist()
        levels = (most, mean) if most or mean else None
    return Light(display, levels) if display or levels else None


def _display(numbers: np.ndarray) -> tuple[Fraction, ...] | None:
    """The display, if it is told whole; encoders take nothing less."""
    if len(numbers) < _NUMBERS or not all(numbers[20:22]) or not all(numbers[1:20:2]):
        return None
    pairs = numbers[:20].reshape(-1, 2).tolist()
    return tuple(Fraction(above, below) for above, below in pairs)
