"""A frame: decoded planes under an 8-bit view for plugins and boxes of float colors for compositing."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import av
import numpy as np
from numpy.typing import NDArray

from .colorspace import Coding, coding_of
from .layouts import LAYOUTS, Layout
from .medium import ColorTags, FrameKey
from .orientation import Orientation
from .samples import Plane, Samples

_VIEW_BITS = 8


class Picture(Protocol):
    """Where a frame's samples lie."""

    def samples(self, writable: bool = False) -> Samples:
        """Views of the samples, valid until the next call; `writable` makes them safe to change."""
        ...


class VideoPicture:
    """The planes of a decoded video frame, which the decoder may still need for the frames that follow."""

    def __init__(self, video: av.VideoFrame, tags: ColorTags) -> None:
        """Takes a frame in one of the formats of `LAYOUTS`; `tags` hold where the frame has none of its own."""
        self.video = video
        self._tags = tags

    @classmethod
    def of(cls, pixels: NDArray[np.uint8] | NDArray[np.uint16], pixel_format: str, tags: ColorTags) -> VideoPicture:
        """A picture in a format of `LAYOUTS`, with colors coded as `tags` say, of RGB `[height width 3]` as stored."""
        height, width = pixels.shape[:2]
        picture = cls(_blank(width, height, pixel_format, tags), tags)
        colors = np.divide(pixels, np.iinfo(pixels.dtype).max, dtype=np.float32)
        picture.samples(writable=True).write(0, 0, colors, np.ones((height, width), np.bool_))
        return picture

    def samples(self, writable: bool = False) -> Samples:
        """Views of the planes; with `writable`, of a copy that no decoder refers to."""
        if writable:
            self.video.make_writable()  # The old planes may be gone after this: nothing keeps views of them.
        name = self.video.format.name
        layout = LAYOUTS[name]
        coding = coding_of(layout, _frame_tags(self.video, self._tags), name, self.video.height)
        return Samples(_plane_views(self.video, layout), layout, coding)

    def converted(self, pixel_format: str, tags: ColorTags) -> VideoPicture:
        """The same picture at the same time in another format of `LAYOUTS`, with colors coded as `tags` say."""
        video = _blank(self.video.width, self.video.height, pixel_format, tags)
        video.pts, video.time_base, video.duration = self.video.pts, self.video.time_base, self.video.duration
        picture = VideoPicture(video, tags)
        self.samples().copy_to(picture.samples())
        return picture


class ImagePicture:
    """The pixels of an image file: RGB `[height width 3]` of 8 or 16 bits."""

    def __init__(self, pixels: NDArray[np.uint8] | NDArray[np.uint16], path: Path) -> None:
        self.pixels = pixels
        self.path = path
        bits = 8 * pixels.dtype.itemsize
        self._layout = Layout("rgb", bits, packed=True)
        self._coding = Coding("rgb", bits, full=True)

    def samples(self, writable: bool = False) -> Samples:
        """Views of the three colors."""
        red, green, blue = (self.pixels[:, :, index] for index in range(3))
        return Samples((red, green, blue), self._layout, self._coding)


class Frame:
    """One frame of a medium, upright.

    Convention:
        Coordinates are whole pixels of the upright picture, origin on the top left, right and bottom exclusive.
        Colors are RGB. What is not written keeps its exact samples, down to the encoder.

    Attributes:
        key: The frame's name.
        time: Seconds of presentation; for images, the position in the folder.
        width: Of the upright picture.
        height: Of the upright picture.
        changed: Whether anything was written.
    """

    def __init__(
        self, key: FrameKey, time: float, picture: Picture, orientation: Orientation, size: tuple[int, int]
    ) -> None:
        """Frames are made by readers; `size` is the upright width and height."""
        self.key = key
        self.time = time
        self.width, self.height = size
        self.changed = False
        self.picture = picture
        self._orientation = orientation
        self._image: NDArray[np.uint8] | None = None

    def image(self) -> NDArray[np.uint8]:
        """The 8-bit view: uint8 RGB `[height width 3]`, read-only, converted once."""
        if self._image is None:
            upright = self._orientation.upright(self.picture.samples().rgb8())
            self._image = np.ascontiguousarray(upright)
            self._image.setflags(write=False)
        return self._image

    def still(self) -> Frame:
        """The picture as an 8-bit image of its own, which can be changed apart from this frame."""
        picture = ImagePicture(self.image().copy(), Path(self.key.source))
        return Frame(self.key, self.time, picture, Orientation(), (self.width, self.height))

    def pixels(self) -> NDArray[np.uint8] | NDArray[np.uint16]:
        """The picture at the source's depth: RGB `[height width 3]`, uint16 0..65535 for more than 8 bits a sample."""
        if self.picture.samples().layout.bits <= _VIEW_BITS:
            return self.image()
        colors = self.read_box(0, 0, self.width, self.height)
        return np.rint(colors * np.iinfo(np.uint16).max).astype(np.uint16)

    def read_box(self, left: int, top: int, right: int, bottom: int) -> NDArray[np.float32]:
        """A box at the source's depth: float32 RGB `[bottom-top right-left 3]`, 0..1.

        Raises:
            ValueError: The box is empty or leaves the frame.
        """
        box = (left, top, right, bottom)
        self._check(box)
        stored = self._orientation.stored_box(box, self.width, self.height)
        return np.ascontiguousarray(self._orientation.upright(self.picture.samples().read(stored)))

    def write_box(self, left: int, top: int, pixels: NDArray[np.float32], changed: NDArray[np.bool_]) -> None:
        """Writes the changed pixels of a box back into the planes.

        Luma is written for exactly these pixels; a chroma sample is written when it covers one of them.
        Colors that the samples could hold but RGB cannot come back as the nearest that RGB can.

        Args:
            left: Column of the box.
            top: Row of the box.
            pixels: float32 RGB `[height width 3]`, 0..1.
            changed: `[height width]`, True where `pixels` is to be written.

        Raises:
            ValueError: The shapes do not fit, or the box leaves the frame.
        """
        if pixels.shape != (*changed.shape, 3):
            raise ValueError(f"`pixels` must be [*changed.shape 3]. Received: {pixels.shape} and {changed.shape}")
        box = (left, top, left + changed.shape[1], top + changed.shape[0])
        self._check(box)
        x, y, _, _ = self._orientation.stored_box(box, self.width, self.height)
        turned = np.ascontiguousarray(self._orientation.stored(np.asarray(pixels, np.float32)))
        samples = self.picture.samples(writable=True)
        samples.write(x, y, turned, np.ascontiguousarray(self._orientation.stored(changed)))
        self.changed = True
        self._image = None

    def _check(self, box: tuple[int, int, int, int]) -> None:
        """Raises ValueError unless the box holds a pixel and lies inside the frame."""
        left, top, right, bottom = box
        if not (0 <= left < right <= self.width and 0 <= top < bottom <= self.height):
            size = f"{self.width}x{self.height}"
            raise ValueError(f"A box must lie inside the frame of {size} and not be empty. Received: {box}")


def _blank(width: int, height: int, pixel_format: str, tags: ColorTags) -> av.VideoFrame:
    """A frame without content that says how its colors are coded; RGB needs no saying."""
    video = av.VideoFrame(width, height, pixel_format)
    video.color_primaries, video.color_trc = tags.primaries, tags.transfer
    if LAYOUTS[pixel_format].model != "rgb":
        video.colorspace, video.color_range = tags.matrix, tags.range
    return video


def _frame_tags(video: av.VideoFrame, stream: ColorTags) -> ColorTags:
    """What a frame says of its colors, completed by what its stream says."""
    return ColorTags(
        stream.primaries,
        stream.transfer,
        stream.matrix if int(video.colorspace) == ColorTags.matrix else int(video.colorspace),
        int(video.color_range) or stream.range,
    )


def _plane_views(video: av.VideoFrame, layout: Layout) -> tuple[Plane, ...]:
    """One view per component, without the padding at the ends of lines."""
    dtype = np.dtype(layout.dtype)
    rows = []
    for plane in video.planes:
        lines = np.frombuffer(memoryview(plane), dtype).reshape(plane.height, -1)
        lines = lines if plane.line_size > 0 else lines[::-1]  # Some decoders store the bottom row first.
        rows.append(lines[:, : plane.width * (3 if layout.packed else 1)])
    if layout.packed:
        pixels = rows[0].reshape(video.height, video.width, 3)
        return tuple(pixels[:, :, place] for place in layout.order)
    return tuple(rows[place] for place in layout.order)
