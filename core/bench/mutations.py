"""Damaged files: small videos and images of a performer, and seeded ways to harm them."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SIDE = 64
"""Width and height of the pictures."""

_FRAMES = 8
_RATE = 25
_VIDEOS = {
    "h264.mp4": ("libx264", "yuv420p"),
    "h264.mov": ("libx264", "yuv422p10le"),
    "h264.ts": ("libx264", "yuv420p"),
    "h265.mkv": ("libx265", "yuv420p"),
    "ffv1.mkv": ("ffv1", "yuv444p"),
    "mjpeg.avi": ("mjpeg", "yuvj420p"),
    "mpeg4.avi": ("mpeg4", "yuv420p"),
    "mpeg2.mpg": ("mpeg2video", "yuv420p"),
    "vp8.webm": ("libvpx", "yuv420p"),
    "picture.gif": ("gif", "rgb8"),
}
_IMAGES = ("picture.png", "picture.jpg", "picture.bmp", "picture.tif", "picture.webp")

_ABSURD = (0, 1, 2**15 - 1, 2**16 - 1, 60000, 2**31 - 1, 2**32 - 1)

Mutation = Callable[[bytearray, random.Random], None]


def originals(folder: Path) -> list[Path]:
    """Writes the sound files; codecs that this FFmpeg does not encode are left out."""
    from ...lib.media import write_image
    from ...lib.performers import SITTER, Script, Take

    pictures = list(Take(SITTER, Script(100), _RATE, SIDE).frames(_FRAMES))
    files = [folder / name for name in (*_VIDEOS, *_IMAGES)]
    for path in files[: len(_VIDEOS)]:
        _write_video(path, pictures, *_VIDEOS[path.name])
    for path in files[len(_VIDEOS) :]:
        write_image(path, pictures[0])
    return [path for path in files if path.exists()]


def mutated(data: bytes, generator: random.Random) -> tuple[str, bytes]:
    """Harms a file's bytes in one to three ways.

    Returns:
        The names of the ways, and the bytes.
    """
    harmed, names = bytearray(data), []
    for _ in range(generator.randint(1, 3)):
        name = generator.choice(sorted(_MUTATIONS))
        _MUTATIONS[name](harmed, generator)
        names.append(name)
    return "+".join(names), bytes(harmed)


def _write_video(path: Path, pictures: Sequence[NDArray[np.uint8]], codec: str, pixel_format: str) -> None:
    import av

    if codec not in av.codecs_available:
        return
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec, rate=_RATE)
        stream.width, stream.height, stream.pix_fmt = SIDE, SIDE, pixel_format
        stream.codec_context.gop_size = 4
        for number, pixels in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(pixels, "rgb24").reformat(format=pixel_format)
            frame.pts, frame.time_base = number, Fraction(1, _RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _place(data: bytearray, generator: random.Random) -> int:
    """Anywhere, every other time in the head, where the fields are that sizes and offsets come from."""
    end = min(len(data), 600) if generator.random() < 0.5 else len(data)
    return generator.randrange(max(1, end))


def _flip(data: bytearray, generator: random.Random) -> None:
    for _ in range(generator.choice((1, 4, 32)) if data else 0):
        data[_place(data, generator)] ^= 1 << generator.randrange(8)


def _noise(data: bytearray, generator: random.Random) -> None:
    place = _place(data, generator)
    count = min(generator.choice((4, 64, 512)), len(data) - place)
    data[place : place + count] = generator.randbytes(count)


def _zeros(data: bytearray, generator: random.Random) -> None:
    place = _place(data, generator)
    count = min(generator.choice((4, 64, 512)), len(data) - place)
    data[place : place + count] = bytes(count)


def _truncate(data: bytearray, generator: random.Random) -> None:
    del data[generator.choice((0, _place(data, generator), len(data) * 9 // 10)) :]


def _cut(data: bytearray, generator: random.Random) -> None:
    place = _place(data, generator)
    del data[place : place + generator.choice((1, 7, 256))]


def _repeat(data: bytearray, generator: random.Random) -> None:
    place = _place(data, generator)
    data[place:place] = data[place : place + generator.choice((1, 64, 2048))] * generator.choice((1, 20))


def _field(data: bytearray, generator: random.Random) -> None:
    """Overwrites what may be a size, a count or an offset."""
    form = generator.choice((">I", "<I", ">H", "<H"))
    place = _place(data, generator)
    if place + struct.calcsize(form) <= len(data):
        struct.pack_into(form, data, place, generator.choice(_ABSURD) % (1 << 8 * struct.calcsize(form)))


def _dimensions(data: bytearray, generator: random.Random) -> None:
    """Overwrites a side of the picture, wherever its number stands in the file."""
    form = generator.choice((">I", "<I", ">H", "<H"))
    number = struct.pack(form, SIDE)
    places = [place for place in range(len(data)) if data.startswith(number, place)]
    for place in places[:1] if generator.random() < 0.5 else places:
        struct.pack_into(form, data, place, generator.choice(_ABSURD) % (1 << 8 * len(number)))


_MUTATIONS: dict[str, Mutation] = {
    "flip": _flip,
    "noise": _noise,
    "zeros": _zeros,
    "truncate": _truncate,
    "cut": _cut,
    "repeat": _repeat,
    "field": _field,
    "dimensions": _dimensions,
}
