"""The preview grid: what the model makes of a few faces, as a picture that shows at a glance how training goes."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ...lib.contact_sheet import contact_sheet
from ...lib.faceset import Faceset
from ...lib.publish import output_errors, publish_bytes
from ..contract import CropSpec
from ..kinds import SwapModel
from .faces import cut_crops

COLUMNS: tuple[str, ...] = ("source", "reconstructed", "target", "reconstructed", "swapped")
MASK_COLUMN = "its mask"

_TILE = 128
_SAMPLE_TILE = 96
_ROWS = 6


def preview_faces(
    path: Path, spec: CropSpec, count: int = _ROWS, chosen: frozenset[str] | None = None
) -> NDArray[np.uint8]:
    """Cuts a few faces of a faceset, or of those chosen by name, evenly spread over it.

    Returns:
        uint8 `[count size size 3]`, fewer where there are fewer.
    """
    with Faceset.open(path) as faceset:
        faceset.choose(chosen)
        faces = list(faceset.faces())
        shown = np.unique(np.linspace(0, len(faces) - 1, min(count, len(faces))).round().astype(int))
        return cut_crops(faceset, [faces[index] for index in shown], spec)


def preview_grid(
    model: SwapModel, source: NDArray[np.uint8], target: NDArray[np.uint8], title: str = ""
) -> NDArray[np.uint8]:
    """Draws the grid with the columns `COLUMNS`, and one more where the model gives masks: that of the swapped face.

    Args:
        model: The model; it is asked for `source` and `target`.
        source: Faces of the source, uint8 `[faces size size 3]`.
        target: Faces of the target, likewise; the shorter of the two gives the rows.
        title: What stands above the grid.

    Returns:
        uint8 `[height width 3]`, RGB.
    """
    rows = min(len(source), len(target))
    source, target = source[:rows], target[:rows]
    swapped, masks = model.swap(target, "source")
    columns = [
        source,
        _picture(model.swap(source, "source")[0]),
        target,
        _picture(model.swap(target, "target")[0]),
        _picture(swapped),
    ]
    headings = COLUMNS
    if masks is not None:
        columns.append(np.repeat(_picture(masks), 3, axis=-1))
        headings = (*COLUMNS, MASK_COLUMN)
    return contact_sheet(columns, headings, max(_TILE, source.shape[1]), title=title)


def sample_grid(samples: NDArray[np.uint8], title: str = "") -> NDArray[np.uint8]:
    """Lays a generator's faces in a square without headings.

    Args:
        samples: uint8 `[faces size size 3]`.
        title: What stands above them.

    Returns:
        uint8 `[height width 3]`, RGB.
    """
    side = math.ceil(math.sqrt(len(samples)))
    columns = [samples[first::side] for first in range(side)]
    return contact_sheet(columns, tile=max(_SAMPLE_TILE, samples.shape[1]), title=title)


def write_preview(folder: Path, step: int, grid: NDArray[np.uint8]) -> Path:
    """Publishes a grid as `previews/<step>.png`.

    Raises:
        OutputError: The disk is full or cannot be written.
    """
    path = folder / "previews" / f"{step:08d}.png"
    with output_errors(path):
        path.parent.mkdir(exist_ok=True)
    coded, data = cv2.imencode(".png", grid[..., ::-1])
    if not coded:
        raise ValueError(f"`grid` could not be coded as PNG. Received: shape={grid.shape}")
    publish_bytes(path, data.tobytes())
    return path


def _picture(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Values 0..1 as 0..255."""
    return np.asarray(np.rint(np.clip(values, 0, 1) * 255), np.uint8)
