"""Reads the ONNX files that users hand in, for OpenCV, which runs them; such a file holds tensors and no code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ...core.errors import FaceswapError

Answer = TypeVar("Answer")


def read_bytes(path: Path) -> NDArray[np.uint8]:
    """Reads a file whole, whatever its name ends in.

    Args:
        path: The file.

    Raises:
        FaceswapError: It cannot be read.
    """
    try:
        return np.fromfile(path.expanduser(), np.uint8)
    except OSError as error:
        raise FaceswapError(f"the ONNX file {path} cannot be read: {error.strerror or error}") from None


def in_one_line(path: Path, expected: str, work: Callable[[], Answer]) -> Answer:
    """Does what OpenCV refuses when a file is not what it should be, and says so in one line.

    Args:
        path: The file.
        expected: What it should be.
        work: Reads or tries the network.

    Raises:
        FaceswapError: OpenCV refused it.
    """
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(0)  # It would write the whole story to the error stream first.
    try:
        return work()
    except (cv2.error, SystemError) as error:
        reason = getattr(error, "err", None) or str(error)
        raise FaceswapError(f"{path} is not {expected}: OpenCV says '{' '.join(reason.split())}'") from None
    finally:
        cv2.utils.logging.setLogLevel(level)
