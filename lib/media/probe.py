"""Finding out what a path holds."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import InputContainer
from av.sidedata.sidedata import Type as SideDataType

from ..errors import MediaError
from .container import decoded, open_input, stream_time_base, video_stream, whole_packets
from .images import IMAGE_ENDINGS, list_images, read_pixels
from .light import light_of
from .medium import ColorTags, Medium
from .orientation import Orientation


def probe(path: str | Path) -> Medium:
    """Looks at a video, an image or a folder of images; the first frame of a video is decoded for it.

    Raises:
        MediaError: There is nothing at the path, or nothing in it that can be read.
    """
    place = Path(path)
    if place.is_dir():
        return _probe_folder(place)
    if place.suffix.lower() in IMAGE_ENDINGS:
        return _probe_images(place, "image", (place.name,))
    with open_input(place) as container:
        return _probe_video(place, container)


def _probe_folder(folder: Path) -> Medium:
    """A folder of images."""
    names = list_images(folder)
    if not names:
        raise MediaError(f"the folder {folder} holds no images; expected files ending in {' '.join(IMAGE_ENDINGS)}")
    return _probe_images(folder, "folder", tuple(names))


def _probe_images(path: Path, kind: str, names: tuple[str, ...]) -> Medium:
    """Images, of which the first gives the size."""
    first = path / names[0] if kind == "folder" else path
    pixels = read_pixels(first)
    return Medium(
        path=path,
        kind="folder" if kind == "folder" else "image",
        width=pixels.shape[1],
        height=pixels.shape[0],
        codec=first.suffix.lower().lstrip("."),
        pixel_format="rgb24" if pixels.dtype == np.uint8 else "rgb48le",
        frames=len(names),
        images=names,
    )


def _probe_video(path: Path, container: InputContainer) -> Medium:
    """A video, by its headers and its first frame."""
    stream = video_stream(container, path)
    declared = stream.frames
    first = next(decoded(stream, whole_packets(container, stream)), None)
    if first is None:
        raise MediaError(f"{path} holds no frame that can be decoded; it is empty, damaged or in an unknown codec")
    matrix = display_matrix(first)
    width, height = Orientation.from_display_matrix(matrix).size(first.width, first.height)
    return Medium(
        path=path,
        kind="video",
        width=width,
        height=height,
        codec=stream.codec_context.name,
        pixel_format=first.format.name,
        frames=declared,
        time_base=stream_time_base(stream),
        rate=stream.average_rate or stream.guessed_rate,
        rotation=first.rotation,
        display_matrix=matrix,
        color=ColorTags(
            int(first.color_primaries), int(first.color_trc), int(first.colorspace), int(first.color_range)
        ),
        light=light_of(first),
        sample_aspect=stream.sample_aspect_ratio or Fraction(1),
        has_audio=bool(container.streams.audio),
    )


def display_matrix(frame: av.VideoFrame) -> tuple[int, ...] | None:
    """The nine numbers that the container gives for turning the picture, or None."""
    beside: Any = frame.side_data
    if SideDataType.DISPLAYMATRIX not in beside:
        return None
    data = bytes(beside[SideDataType.DISPLAYMATRIX])
    return tuple(int(value) for value in np.frombuffer(data, np.int32))
