"""The crop images of a faceset: what they are called, where they lie, and how they are coded.

They are plain JPEG files, so that people can look at a faceset in any file browser, and delete what they do
not want.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from .errors import StoreError

_NAME = re.compile(r"[0-9a-f]{20}")


def face_id(source: str, pts: int, index: int) -> str:
    """The name of a face, 20 hex digits: the same place in the same footage always gives the same name."""
    place = f"{source}\0{pts}\0{index}".encode()
    return hashlib.blake2b(place, digest_size=10).hexdigest()


def is_face_id(name: str) -> bool:
    """Whether a face may have that name."""
    return _NAME.fullmatch(name) is not None


def crop_path(faceset: Path, face: str) -> Path:
    """Where the crop image of the face with that name lies."""
    return faceset / f"crops/{face[:2]}/{face}.jpg"


def trash_path(faceset: Path, face: str) -> Path:
    """Where the crop image of a face lies after `FacesetWriter.remove`."""
    return faceset / f"trash/{face[:2]}/{face}.jpg"


def trashed_crops(faceset: Path) -> Iterator[Path]:
    """The crop images that lie in a faceset's trash."""
    return _images(faceset / "trash")


def stored_crops(faceset: Path) -> Iterator[Path]:
    """The crop images that lie in a faceset's folder; files that people put there are passed over."""
    return _images(faceset / "crops")


def _images(folder: Path) -> Iterator[Path]:
    """The images in the shards of a folder that are called like faces."""
    for shard in folder.glob("[0-9a-f][0-9a-f]"):
        for path in shard.iterdir():
            if path.suffix == ".jpg" and is_face_id(path.stem):
                yield path


def encode_crop(crop: NDArray[np.uint8]) -> bytes:
    """Codes a crop as JPEG of quality 95 with full color resolution.

    Convention:
        crop: uint8 `[size size 3]`, RGB, row 0 on top.
    """
    if crop.dtype != np.uint8 or crop.ndim != 3 or crop.shape[2] != 3:
        raise ValueError(f"`crop` must be uint8 [size size 3]. Received: {crop.dtype} {list(crop.shape)}")
    settings = [
        cv2.IMWRITE_JPEG_QUALITY,
        95,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    ]
    coded, data = cv2.imencode(".jpg", cv2.cvtColor(crop, cv2.COLOR_RGB2BGR), settings)
    if not coded:
        raise ValueError(f"`crop` could not be coded as JPEG. Received: shape={crop.shape}")
    return bytes(data)


def read_crop_image(path: Path, size: int) -> NDArray[np.uint8]:
    """Reads a crop image: uint8 `[size size 3]`, RGB, row 0 on top.

    A turn that a viewer noted in the file's metadata is ignored: the geometry in the database would not fit.

    Raises:
        StoreError: The image is missing, damaged, or of another size.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise StoreError(f"the crop image {path} is missing; if you deleted it, run the command again") from None
    flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
    image = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if data else None
    if image is None or image.shape != (size, size, 3):
        found = "damaged" if image is None else f"{image.shape[1]} x {image.shape[0]} pixels"
        raise StoreError(f"the crop image {path} must be {size} x {size} pixels, it is {found}; delete it")
    return np.ascontiguousarray(image[..., ::-1], np.uint8)
