"""The preview grid: what the model makes of a few faces, as a picture that shows at a glance how training goes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ...lib.faceset import Faceset
from ...lib.publish import output_errors, publish_bytes
from ..contract import CropSpec
from ..kinds import SwapModel
from .faces import cut_crops

COLUMNS = ("source", "reconstructed", "target", "reconstructed", "swapped")

_TILE = 128
_HEADING = 24
_GAP = 4
_ROWS = 6


def preview_faces(path: Path, spec: CropSpec, count: int = _ROWS) -> NDArray[np.uint8]:
    """Cuts a few faces of a faceset, evenly spread over it: uint8 `[count size size 3]`, fewer where it has fewer."""
    with Faceset.open(path) as faceset:
        faces = list(faceset.faces())
        chosen = np.unique(np.linspace(0, len(faces) - 1, min(count, len(faces))).round().astype(int))
        return cut_crops(faceset, [faces[index] for index in chosen], spec)


def preview_grid(model: SwapModel, source: NDArray[np.uint8], target: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Draws the grid with the columns `COLUMNS`.

    Args:
        model: The model; it is asked for `source` and `target`.
        source: Faces of the source, uint8 `[faces size size 3]`.
        target: Faces of the target, likewise; the shorter of the two gives the rows.

    Returns:
        uint8 `[height width 3]`, RGB.
    """
    rows = min(len(source), len(target))
    source, target = source[:rows], target[:rows]
    columns = (
        source,
        _swapped(model, source, "source"),
        target,
        _swapped(model, target, "target"),
        _swapped(model, target, "source"),
    )
    return _lay_out(columns)


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


def _swapped(model: SwapModel, crops: NDArray[np.uint8], identity: str) -> NDArray[np.uint8]:
    faces, _ = model.swap(crops, identity)
    return np.asarray(np.rint(np.clip(faces, 0, 1) * 255), np.uint8)


def _lay_out(columns: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """Sets tiles of one size in a white grid under their headings."""
    tile = max(_TILE, columns[0].shape[1])
    step, rows = tile + _GAP, len(columns[0])
    grid = np.full((_HEADING + rows * step, len(columns) * step - _GAP, 3), 255, np.uint8)
    for column, (faces, heading) in enumerate(zip(columns, COLUMNS, strict=True)):
        left = column * step
        cv2.putText(grid, heading, (left + 4, 17), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1, cv2.LINE_AA)
        for row, face in enumerate(faces):
            top = _HEADING + row * step
            enlarged = cv2.resize(face, (tile, tile), interpolation=cv2.INTER_CUBIC)
            grid[top : top + tile, left : left + tile] = enlarged
    return grid
