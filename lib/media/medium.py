"""What a path holds, and how its frames are named: the small values that travel between jobs and workers."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal

from .light import Light
from .orientation import Orientation

Kind = Literal["video", "image", "folder"]


@dataclass(frozen=True)
class ColorTags:
    """What a stream says of its colors, in the numbers of ITU-T H.273; the defaults mean that it says nothing."""

    primaries: int = 2
    transfer: int = 2
    matrix: int = 2
    range: int = 0
    """1 = limited (16..235), 2 = full (0..255)."""


@dataclass(frozen=True)
class Medium:
    """What a path holds. `width` and `height` are those of the upright picture, after rotation.

    For an image or a folder of images, the size is that of the first image, and `images` has the file names
    in the order of the frames. `frames` is the number that the container declares, 0 where it does not say.
    """

    path: Path
    kind: Kind
    width: int
    height: int
    codec: str
    pixel_format: str
    frames: int
    time_base: Fraction = Fraction(1)
    rate: Fraction | None = None
    """Mean frame rate in Hz; the frames' own times are what counts."""
    rotation: int = 0
    """Degrees counterclockwise, as stored."""
    display_matrix: tuple[int, ...] | None = None
    color: ColorTags = ColorTags()
    light: Light | None = None
    """How bright HDR is, by its first frame; None where nothing is said."""
    sample_aspect: Fraction = Fraction(1)
    """Width of a pixel over its height."""
    has_audio: bool = False
    images: tuple[str, ...] = ()

    @property
    def orientation(self) -> Orientation:
        """How the stored picture is turned to stand upright."""
        return Orientation.from_display_matrix(self.display_matrix)

    @property
    def stored_size(self) -> tuple[int, int]:
        """Width and height of the picture as it is stored."""
        return self.orientation.size(self.width, self.height)

    @property
    def folder(self) -> Path:
        """The folder in which `images` lie."""
        return self.path if self.kind == "folder" else self.path.parent

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that it is made of; their names are those that its frames bear."""
        return tuple(self.folder / name for name in self.images) or (self.path,)


@dataclass(frozen=True, order=True)
class FrameKey:
    """The name of a frame: never a running number.

    `source` is a file name (for a folder, the image's); `pts` the time of presentation in units of the
    stream's time base, 0 for images.
    """

    source: str
    pts: int


@dataclass(frozen=True)
class Chunk:
    """A closed range of a medium's frames; numbers only, so that it can be sent as JSON.

    `first` and `last` are presentation times for a video, positions in `Medium.images` otherwise; `count` is
    the number of frames between them, both included.
    """

    index: int
    first: int
    last: int
    count: int
