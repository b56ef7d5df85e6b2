"""`timing.json` beside images of a video's frames: when each is shown, and what the video said beside its pictures.

With it images become a video again whose frames are shown when the original's were, however irregular that was.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

import numpy as np

from ..errors import MediaError, OutputError
from ..publish import publish_bytes
from .frame import Frame, VideoPicture
from .layouts import LAYOUTS, working_format
from .medium import ColorTags, FrameKey, Medium
from .tagging import HD

TIMING_NAME = "timing.json"

_VERSION = 1
_MATRIX_SIZE = 9
_LARGEST = 2**31 - 1


@dataclass(frozen=True)
class Timing:
    """What images of a video's frames do not tell.

    Attributes:
        source: The video's file name.
        time_base: Unit of the times in seconds.
        rate: Mean frame rate in Hz, or None.
        pixel_format: FFmpeg's name, one that is worked on.
        color: What its colors meant.
        sample_aspect: Width of a pixel over its height.
        display_matrix: How the stored picture is turned to stand upright, as the images do; None for not at all.
        end: When the last frame has been shown, in units of `time_base`; None where nobody says.
        times: Names of the images without ending -> times of presentation.
    """

    source: str
    time_base: Fraction
    rate: Fraction | None
    pixel_format: str
    color: ColorTags
    sample_aspect: Fraction
    display_matrix: tuple[int, ...] | None
    end: int | None
    times: Mapping[str, int]

    @classmethod
    def of(cls, medium: Medium, frames: Iterable[tuple[str, int]], end: int | None) -> Self:
        """That of a video, of which some frames lie in images.

        Args:
            medium: The video.
            frames: Names of the images without ending, and times.
            end: When its last frame has been shown.
        """
        return cls(
            medium.path.name,
            medium.time_base,
            medium.rate,
            working_format(medium.pixel_format),
            medium.color,
            medium.sample_aspect,
            medium.display_matrix,
            end,
            dict(frames),
        )

    def write(self, folder: Path) -> None:
        """Puts it beside the images.

        Raises:
            OutputError: The disk is full.
        """
        told = {"timing": _VERSION, **asdict(self)}
        publish_bytes(folder / TIMING_NAME, json.dumps(told, indent=0, default=str).encode())

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """That of a folder of images; None where there is none.

        Raises:
            MediaError: It is damaged, or of a later version.
        """
        path = folder / TIMING_NAME
        try:
            told = json.loads(path.read_bytes())
            return cls._checked(told)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, AttributeError, ZeroDivisionError) as error:
            raise MediaError(
                f"{path} cannot be used ({type(error).__name__}: {error}); delete it and give the frame rate with --fps"
            ) from error

    @classmethod
    def _checked(cls, told: Any) -> Self:
        """From JSON, each value checked."""
        if told["timing"] != _VERSION:
            raise ValueError(f"`timing` must be {_VERSION}. Received: {told['timing']!r}")
        matrix, end = told["display_matrix"], told["end"]
        if matrix is not None and len(matrix) != _MATRIX_SIZE:
            raise ValueError("`display_matrix` must have nine numbers")
        if told["pixel_format"] not in LAYOUTS:
            raise ValueError(f"`pixel_format` must be one of {', '.join(LAYOUTS)}")
        return cls(
            str(told["source"]),
            _positive(told["time_base"]),
            None if told["rate"] is None else _positive(told["rate"]),
            told["pixel_format"],
            ColorTags(**{name: int(value) for name, value in told["color"].items()}),
            _positive(told["sample_aspect"]),
            None if matrix is None else tuple(int(number) for number in matrix),
            None if end is None else int(end),
            {str(name): int(time) for name, time in told["times"].items()},
        )

    def at_rate(self, names: Iterable[str], rate: Fraction) -> Self:
        """The same with other images, which are shown at a steady rate.

        Args:
            names: Names of the images without ending, in order.
            rate: Pictures per second.
        """
        times = {name: place for place, name in enumerate(names)}
        return replace(self, time_base=1 / rate, rate=rate, end=len(times), times=times)

    def medium(self, folder: Path, size: tuple[int, int]) -> Medium:
        """The video that images make.

        Args:
            folder: Where the images lie.
            size: Width and height of the upright pictures.
        """
        return Medium(
            folder,
            "video",
            *size,
            codec="",
            pixel_format=self.pixel_format,
            frames=len(self.times),
            time_base=self.time_base,
            rate=self.rate,
            display_matrix=self.display_matrix,
            color=self.color,
            sample_aspect=self.sample_aspect,
        )

    def film(self, image: Frame, medium: Medium) -> Frame:
        """An image as a frame of the video that `medium` says.

        Raises:
            OutputError: It is not as large as the others.
        """
        if (image.width, image.height) != (medium.width, medium.height):
            raise OutputError(
                f"{medium.path / image.key.source} has {image.width}x{image.height} pixels, the first image "
                f"{medium.width}x{medium.height}; all images of a video must have one size"
            )
        pts = self.times[Path(image.key.source).stem]
        stored = np.ascontiguousarray(medium.orientation.stored(image.pixels()))
        picture = VideoPicture.of(stored, self.pixel_format, self.color)
        picture.video.pts, picture.video.time_base = pts, self.time_base
        size = medium.width, medium.height
        return Frame(FrameKey(image.key.source, pts), float(pts * self.time_base), picture, medium.orientation, size)


def untold(pixel_format: str) -> Timing:
    """What is taken for granted of images beside which nothing lies: BT.709, upright, square pixels; no times yet."""
    return Timing("", Fraction(1), None, pixel_format, HD, Fraction(1), None, None, {})


def _positive(text: Any) -> Fraction:
    """A fraction above 0 that a container can count in."""
    value = Fraction(str(text))
    if not 0 < value.numerator <= _LARGEST or value.denominator > _LARGEST:
        raise ValueError(f"a fraction above 0 was expected. Received: {text!r}")
    return value
