"""The previews of a model folder in their order, and a video made of them."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ...lib.media import VideoWriter, read_image
from ..errors import FaceswapError

_NAME = re.compile(r"\d+\.png")
_CAPTION = 28


def previews(folder: Path) -> dict[int, Path]:
    """The preview grids of a model folder: step -> picture, ascending.

    Raises:
        FaceswapError: There is none.
    """
    found = {int(path.stem): path for path in (folder / "previews").glob("*.png") if _NAME.fullmatch(path.name)}
    if not found:
        raise FaceswapError(f"{folder} has no previews; `faceswap train` writes them every --preview-every steps")
    return dict(sorted(found.items()))


def nearest(found: dict[int, Path], step: int) -> int:
    """The step of the preview that is nearest to a step; of two, the earlier."""
    return min(found, key=lambda known: (abs(known - step), known))


def write_timelapse(folder: Path, output: Path, rate: int) -> int:
    """Writes a video of all previews, each with its step below it.

    Args:
        folder: The model folder.
        output: The video; its folder must exist.
        rate: Previews per second.

    Returns:
        How many pictures it shows.

    Raises:
        FaceswapError: There are no previews, or one is damaged.
        OutputError: The ending is unknown, or the video cannot be written.
    """
    found = previews(folder)
    height, width = _largest(list(found.values()))
    with VideoWriter(output, width, height, rate) as video:
        for step, path in found.items():
            video.write(_captioned(read_image(path), f"iteration {step}", (height, width)))
    return len(found)


def _largest(paths: list[Path]) -> tuple[int, int]:
    """Height and width that hold every picture and its caption; even, as encoders want them."""
    shapes = np.array([read_image(path).shape[:2] for path in paths])
    height, width = int(shapes[:, 0].max()) + _CAPTION, int(shapes[:, 1].max())
    return height + height % 2, width + width % 2


def _captioned(picture: NDArray[np.uint8], caption: str, shape: tuple[int, int]) -> NDArray[np.uint8]:
    sheet = np.full((*shape, 3), 255, np.uint8)
    height, width = picture.shape[:2]
    sheet[:height, :width] = picture
    place = (6, shape[0] - 8)
    cv2.putText(sheet, caption, place, cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0), 1, cv2.LINE_AA)
    return sheet
