"""Pictures in files: reading and writing them, and folders of them in the order that people expect."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import MediaError, OutputError
from ..publish import atomic_file, require_parent
from .heads import claimed_size

IMAGE_ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")

DEEP_ENDINGS = (".png", ".tif", ".tiff")
"""Those of formats that hold 16 bits."""

MOST_PIXELS = 2**28
"""In one picture: 16384x16384, which take a gigabyte and a half at 16 bits. FFmpeg refuses larger frames by itself."""

_MOST_BYTES = 6 * MOST_PIXELS

_QUALITY = {
    ".jpg": cv2.IMWRITE_JPEG_QUALITY,
    ".jpeg": cv2.IMWRITE_JPEG_QUALITY,
    ".webp": cv2.IMWRITE_WEBP_QUALITY,
}

Pixels = NDArray[np.uint8] | NDArray[np.uint16]

Finish = Callable[[Path, Path], None]
"""Does something with a whole temporary file before it gets its name; is given both."""

_WITH_XMP = frozenset({".png", ".jpg", ".jpeg", ".webp"})


def natural_key(name: str) -> tuple[list[tuple[bool, int, str]], str]:
    """Sorts names so that 2 comes before 10; capitals do not matter unless nothing else differs."""
    parts = re.findall(r"(\d+)|(\D+)", name.casefold())
    return [(not digits, int(digits or 0), text) for digits, text in parts], name


def list_images(folder: Path) -> list[str]:
    """The names of the images in a folder, in natural order; hidden files and subfolders are left out."""
    names = [
        entry.name
        for entry in folder.iterdir()
        if entry.suffix.lower() in IMAGE_ENDINGS and not entry.name.startswith(".") and entry.is_file()
    ]
    return sorted(names, key=natural_key)


def read_pixels(path: Path) -> Pixels:
    """Reads an image at its own depth: RGB `[height width 3]`, uint8 or uint16.

    Gray becomes RGB, an alpha channel is dropped, and the picture is turned as its EXIF data ask for.

    Raises:
        MediaError: There is no such file, it is not an image, or it is larger than `MOST_PIXELS`.
    """
    data = _read(path)
    _require_size(path, claimed_size(data))
    pixels = _decode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
    if pixels is not None and pixels.dtype not in (np.uint8, np.uint16):
        pixels = _decode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if pixels is None:
        raise MediaError(f"cannot read {path} as an image; expected one of {' '.join(IMAGE_ENDINGS)}")
    return pixels


def _read(path: Path) -> bytes:
    """A file's bytes; cv2 itself cannot open every name."""
    if not path.is_file():
        raise MediaError(f"there is no file {path}; check the path")
    try:
        size = path.stat().st_size
        if size > _MOST_BYTES:
            raise MediaError(
                f"{path} has {size / 1e9:.1f} GB; images of more than {_MOST_BYTES / 1e9:.1f} GB are not read"
            )
        return path.read_bytes()
    except OSError as error:
        raise MediaError(f"cannot read {path}: {(error.strerror or str(error)).lower()}") from error


def _require_size(path: Path, size: tuple[int, int] | None) -> None:
    """Raises MediaError where a picture claims more pixels than any that is worth reading."""
    if size and size[0] * size[1] > MOST_PIXELS:
        raise MediaError(
            f"{path} claims {size[0]}x{size[1]} pixels; more than {MOST_PIXELS / 1e6:.0f} million are not read: "
            "it is damaged, or has to be made smaller first"
        )


def read_image(path: str | Path) -> NDArray[np.uint8]:
    """Reads an image as uint8 RGB `[height width 3]`; see `read_pixels` for gray, alpha, EXIF and errors."""
    pixels = read_pixels(Path(path))
    if pixels.dtype == np.uint8:
        return pixels.astype(np.uint8, copy=False)
    return np.asarray((pixels.astype(np.uint32) * 255 + 32767) // 65535, np.uint8)


def write_image(
    path: str | Path,
    pixels: Pixels,
    quality: int = 95,
    *,
    xmp: bytes | None = None,
    finish: Finish | None = None,
) -> None:
    """Writes RGB `[height width 3]`, or gray `[height width 1]`, atomically, in the format that the ending names.

    Args:
        path: Its folder must exist.
        pixels: uint8 or, for png and tiff, uint16.
        quality: Of jpg and webp, 1..100.
        xmp: Metadata that png, jpg and webp take in.
        finish: Called with the file before it gets its name.

    Raises:
        OutputError: The ending is unknown, the folder is missing, or the disk is full.
        ValueError: `pixels` is not such an array.
    """
    target = Path(path)
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 3) or pixels.dtype not in (np.uint8, np.uint16):
        wanted = "uint8 or uint16 [height width 3] or [height width 1]"
        raise ValueError(f"`pixels` must be {wanted}. Received: {pixels.dtype} {pixels.shape}")
    require_image_ending(target)
    require_parent(target)
    ending = target.suffix.lower()
    flags = [_QUALITY[ending], quality] if ending in _QUALITY else []
    data = _encoded(ending, pixels, flags, xmp if ending in _WITH_XMP else None)
    with atomic_file(target, needed=len(data)) as temp:
        temp.write_bytes(data)
        if finish:
            finish(temp, target)


def require_image_ending(path: Path) -> None:
    """Raises OutputError unless an image can be written under this name."""
    if path.suffix.lower() not in IMAGE_ENDINGS:
        known = " ".join(IMAGE_ENDINGS)
        raise OutputError(f"cannot write {path}: unknown ending {path.suffix or '(none)'!r}; use one of {known}")


def _encoded(ending: str, pixels: Pixels, flags: list[int], xmp: bytes | None) -> bytes:
    picture = pixels if pixels.shape[2] == 1 else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    if xmp is None:
        return bytes(cv2.imencode(ending, picture, flags)[1].tobytes())
    metadata = [np.frombuffer(xmp, np.uint8)[None]]
    return bytes(cv2.imencodeWithMetadata(ending, picture, [cv2.IMAGE_METADATA_XMP], metadata, flags)[1].tobytes())


def _decode(data: NDArray[np.uint8], flags: int) -> Pixels | None:
    """The picture in a file's bytes, or None."""
    try:
        picture = cv2.imdecode(data, flags)
    except cv2.error:
        return None
    return None if picture is None else np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
