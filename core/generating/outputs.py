"""Writes what a generator makes: pictures that say what they are, grids, videos, and what was asked for."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...lib.contact_sheet import contact_sheet
from ...lib.faceset import DATABASE
from ...lib.media import VideoWriter, write_image
from ...lib.provenance.signing import Sealer
from ...lib.provenance.xmp import TRAINED, packet
from ...lib.publish import output_errors, publish_bytes
from ..errors import StoreError

PICTURES, RECORD = "pictures", "generated.json"
"""What lies beside the faces in a generated faceset: the pictures as they were made, and how."""

_TILE = 96
_RATE = 25
_SMALLEST_FRAME = 256

Pictures = NDArray[np.uint8]


@dataclass(frozen=True)
class Marked:
    """Writes pictures and videos with their marks.

    Attributes:
        sealer: Signs them; None where neither signature nor mark is wanted.
    """

    sealer: Sealer | None

    def picture(self, path: Path, pixels: Pictures) -> None:
        """Writes a picture, uint8 `[height width 3]`."""
        if self.sealer:
            write_image(path, pixels, xmp=packet(TRAINED), finish=self.sealer.seal)
        else:
            write_image(path, pixels)

    def sheet(self, path: Path, columns: Sequence[Pictures]) -> None:
        """Writes pictures in a grid, column after column."""
        self.picture(path, contact_sheet(columns, tile=max(_TILE, columns[0].shape[1])))

    def grid(self, path: Path, faces: Pictures) -> None:
        """Writes faces, uint8 `[faces size size 3]`, as a square that is read row after row."""
        across = math.ceil(math.sqrt(len(faces)))
        self.sheet(path, [faces[first::across] for first in range(across)])

    def video(self, path: Path, faces: Iterable[Pictures], size: int, watch: Callable[[], None]) -> None:
        """Writes a video of faces; small ones are enlarged by a whole factor, so that players show them."""
        times = max(1, -(-_SMALLEST_FRAME // size))
        finish = self.sealer.seal if self.sealer else None
        with VideoWriter(path, times * size, times * size, _RATE, finish=finish) as video:
            for face in faces:
                watch()
                video.write(face.repeat(times, axis=0).repeat(times, axis=1))


def picture_path(folder: Path, number: int) -> Path:
    """Where the picture of a face lies."""
    return folder / PICTURES / f"{number:06d}.png"


def settle_settings(folder: Path, settings: dict[str, Any]) -> None:
    """Notes by what the faces of a folder are made; goes on only where that is the same.

    Raises:
        StoreError: Other faces lie there.
        OutputError: The folder cannot be written.
    """
    path = folder / RECORD
    if (folder / DATABASE).exists() and not path.exists():
        raise StoreError(f"{folder} holds faces that no generator made; choose another folder")
    with output_errors(path):
        (folder / PICTURES).mkdir(parents=True, exist_ok=True)
    told = json.dumps({"digital_source_type": TRAINED, **settings}, indent=1, sort_keys=True)
    try:
        before = path.read_text("utf-8")
    except FileNotFoundError:
        publish_bytes(path, told.encode())
        return
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{path} cannot be read: {error}; choose another folder") from error
    if before != told:
        raise StoreError(
            f"{folder} holds faces of another generator, checkpoint, seed or truncation, see {RECORD}; choose another "
            "folder or the same settings"
        )
