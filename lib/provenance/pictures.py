"""Writing pictures that say what they are."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from ..media import write_image
from ..media.images import Pixels
from .signing import Sealer, forget
from .xmp import packet


def write_sealed(path: Path, pixels: Pixels, sealer: Sealer | None, original: Path) -> None:
    """Writes RGB `[height width 3]`, or gray `[height width 1]`, atomically, marked and signed.

    Args:
        path: Its folder must exist; the ending names the format.
        pixels: uint8 or, for png and tiff, uint16.
        sealer: What seals it; None for neither mark nor signature.
        original: The file that the picture was made from.

    Raises:
        OutputError: The ending is unknown, the folder is missing, or the disk is full.
    """
    if sealer is None:
        write_image(path, pixels)
        forget(path)
    else:
        write_image(path, pixels, xmp=packet(), finish=partial(sealer.seal, original=original))
