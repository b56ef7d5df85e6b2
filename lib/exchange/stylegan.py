"""Pictures as TFRecords in the layout of StyleGAN: a file for each size, from the largest halved down to 4 pixels.

`NAME-r08.tfrecords` holds pictures of 2^8 pixels, `NAME-r02.tfrecords` the same ones in the same order at 4. A record
is a `tf.train.Example` of `shape`, three whole numbers (channels, height, width), and `data`, bytes in that order.
What is halved is the mean of four pixels, which is not rounded before it is halved again.

How much of the head pictures show stands in no record: `NAME.json` beside them tells it, which is ours and which other
readers pass over.

Reference:
    T. Karras et al., Progressive growing of GANs for improved quality, stability, and variation, ICLR 2018, whose
    published program began the layout; StyleGAN and StyleGAN2 read it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import StoreError
from ..geometry import FACE_TYPES
from .example import encode_example
from .record_file import first_length, read_examples, write_record

Picture = NDArray[np.uint8]

SMALLEST = 4
_NAME = re.compile(r"(.+)-r(\d\d)\.tfrecords")


def is_power_of_two(size: int) -> bool:
    """Whether a side is one that the layout has: 4, 8, 16 ..."""
    return size >= SMALLEST and size & (size - 1) == 0


def largest_level(path: Path) -> Path:
    """The file of the largest pictures.

    Args:
        path: That file itself, or the folder of the levels.

    Raises:
        StoreError: There is none, or the folder holds several sets.
    """
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    levels = [(match[1], int(match[2]), file) for file in files if (match := _NAME.fullmatch(file.name))]
    if not levels or not path.exists():
        raise StoreError(f"{path} holds no NAME-rXX.tfrecords, as StyleGAN's pictures are called; check the path")
    if len({name for name, _, _ in levels}) > 1:
        raise StoreError(f"{path} holds the pictures of {len({name for name, _, _ in levels})} sets; name one file")
    return max(levels)[2]


def read_pictures(path: Path) -> Iterator[Picture]:
    """Reads the pictures of one level, uint8 `[size size 3]`, RGB; gray ones become RGB.

    Raises:
        StoreError: It is damaged, or holds no such pictures.
    """
    for number, example in enumerate(read_examples(path)):
        yield _picture(path, number, example)


def count_pictures(path: Path) -> int:
    """How many pictures a level has, told by its length, since all are of one shape.

    Raises:
        StoreError: The first is damaged, or there is none.
    """
    if next(read_pictures(path), None) is None:
        raise StoreError(f"{path} holds no picture")
    return path.stat().st_size // first_length(path)


def write_levels(folder: Path, name: str, size: int, pictures: Iterable[Picture]) -> None:
    """Writes pictures at all sizes.

    Args:
        folder: Where to; it exists.
        name: What the files are called by.
        size: Side of the pictures, a power of two.
        pictures: uint8 `[size size 3]`, RGB.
    """
    levels = range(size.bit_length() - 1, SMALLEST.bit_length() - 2, -1)
    with ExitStack() as stack:
        files = [stack.enter_context((folder / f"{name}-r{level:02d}.tfrecords").open("wb")) for level in levels]
        for picture in pictures:
            channels = picture.transpose(2, 0, 1).astype(np.float32)  # [3, size, size]
            for file in files:
                write_record(file, _example(np.rint(channels).astype(np.uint8)))
                channels = halved(channels)


def note_face_type(folder: Path, name: str, face_type: str) -> None:
    """Notes beside the levels how much of the head they show."""
    (folder / f"{name}.json").write_text(json.dumps({"face_type": face_type}) + "\n", "utf-8")


def noted_face_type(level: Path) -> str | None:
    """How much of the head a level's pictures show; None where nothing was noted, as in the sets of others.

    Raises:
        StoreError: What stands there cannot be read, or is none of the face types.
    """
    path = level.with_name(f"{level.name[: -len('-r00.tfrecords')]}.json")
    if not path.exists():
        return None
    try:
        noted = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise StoreError(
            f"cannot read {path}: {error}; without it, --face-type tells what the pictures show"
        ) from error
    face_type = noted.get("face_type") if isinstance(noted, dict) else None
    if not isinstance(face_type, str) or face_type not in FACE_TYPES:
        raise StoreError(f"{path}: `face_type` must be one of {', '.join(FACE_TYPES)}. Received: {face_type!r}")
    return face_type


def halved(channels: NDArray[np.float32]) -> NDArray[np.float32]:
    """The means of squares of four pixels: `[channels size size]` becomes `[channels size/2 size/2]`."""
    count, height, width = channels.shape
    return np.asarray(channels.reshape(count, height // 2, 2, width // 2, 2).mean(axis=(2, 4)))


def _example(channels: Picture) -> bytes:
    return encode_example({"data": channels.tobytes(), "shape": np.array(channels.shape, np.int64)})


def _picture(path: Path, number: int, example: dict[str, Any]) -> Picture:
    """The picture of an example, uint8 `[size size 3]`."""
    shape, data = example.get("shape"), example.get("data")
    if not isinstance(shape, np.ndarray) or len(shape) != 3 or not isinstance(data, bytes):
        raise StoreError(
            f"{path} record {number}: `shape` of three whole numbers and `data` were expected; what `faceswap faceset "
            "export` wrote ends in .tfrecord and needs no --layout"
        )
    channels, height, width = shape.tolist()
    if height != width or not is_power_of_two(height) or channels not in (1, 3):
        raise StoreError(
            f"{path} record {number}: pictures of 1 or 3 channels and a side of 4, 8, 16 ... pixels were expected. "
            f"Received: {channels} of {width} x {height}; pictures of other sizes come as files, with --layout aligned"
        )
    if len(data) != channels * height * width:
        raise StoreError(
            f"{path} record {number}: {channels * height * width} bytes were expected. Received: {len(data)}"
        )
    picture = np.frombuffer(data, np.uint8).reshape(channels, height, width).transpose(1, 2, 0)
    return np.ascontiguousarray(np.broadcast_to(picture, (height, width, 3)))
