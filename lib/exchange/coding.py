"""What all formats of exchange code alike: the head of a faceset as JSON, masks as PNG."""

from __future__ import annotations

import json
from dataclasses import asdict

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import StoreError
from ..face_records import Stage
from ..faceset_copy import FacesetHead

FORMAT_VERSION = 1
"""Of the records; raised when a field changes its meaning."""


def head_to_json(head: FacesetHead) -> str:
    """The head as a line of JSON."""
    return json.dumps({"version": FORMAT_VERSION, **asdict(head)})


def head_from_json(text: str) -> FacesetHead:
    """Undoes `head_to_json`.

    Raises:
        StoreError: It is of another version, or none.
    """
    try:
        told = json.loads(text)
        if told["version"] != FORMAT_VERSION:
            raise StoreError(f"a file of version {FORMAT_VERSION} was expected. Received: {told['version']!r:.20}")
        return FacesetHead(
            crop_size=int(told["crop_size"]),
            face_type=str(told["face_type"]),
            stages=tuple(Stage(**stage) for stage in told["stages"]),
            sources={str(name): str(mark) for name, mark in told["sources"].items()},
            people={int(number): name for number, name in told["people"].items()},
            deleted=tuple(map(str, told["deleted"])),
            attributes=tuple(map(str, told.get("attributes", ()))),  # Files of before have none.
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StoreError(f"the head of a faceset was expected ({type(error).__name__}: {error})") from error


def encode_mask(mask: NDArray[np.uint8]) -> bytes:
    """A mask, uint8 `[size size]`, as a PNG, which loses nothing and which every tool can show."""
    return bytes(cv2.imencode(".png", mask)[1])


def decode_mask(data: bytes) -> NDArray[np.uint8]:
    """Undoes `encode_mask`; raises StoreError where it is no gray PNG."""
    mask = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) if data else None
    if mask is None or mask.ndim != 2 or mask.dtype != np.uint8:
        raise StoreError("a mask that is a gray PNG was expected; it is none")
    return np.asarray(mask, np.uint8)
