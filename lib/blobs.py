"""Arrays as a database keeps them: little-endian bytes with their element type and shape, never a pickle."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import StoreError


@dataclass(frozen=True)
class Blob:
    """An array's columns in the database.

    Attributes:
        dtype: NumPy's name of the element type, little-endian: `<f4`, `|u1`.
        shape: The sizes, joined by commas; empty for a scalar.
        encoding: `raw`, or `zlib` for raw bytes that are compressed.
        data: The elements in C order.
    """

    dtype: str
    shape: str
    encoding: str
    data: bytes


def pack(array: NDArray[Any], *, compress: bool = False) -> Blob:
    """Makes a numeric array ready for the database; `unpack` gives it back bit for bit."""
    if array.dtype.kind not in "biuf":
        raise TypeError(f"`array` must hold numbers. Received: dtype={array.dtype}")
    array = array.astype(array.dtype.newbyteorder("<"), copy=False)
    data = array.tobytes()
    if compress:
        data = zlib.compress(data, 1)  # Higher levels gain little on smooth masks and take many times longer.
    return Blob(array.dtype.str, ",".join(map(str, array.shape)), "zlib" if compress else "raw", data)


def unpack(blob: Blob) -> NDArray[Any]:
    """The array of a blob, in memory of its own.

    Raises:
        StoreError: The bytes do not make an array of the noted type and shape.
    """
    try:
        data = zlib.decompress(blob.data) if blob.encoding == "zlib" else blob.data
        shape = tuple(int(size) for size in blob.shape.split(",") if size)
        return np.frombuffer(data, np.dtype(blob.dtype)).reshape(shape).copy()
    except (ValueError, TypeError, zlib.error) as error:
        raise StoreError(f"the faceset holds a damaged array ({error}); extract it again") from error


def pack_mask(mask: NDArray[np.float32]) -> Blob:
    """Packs a mask of 0..1 in 256 steps, compressed; what comes back is within 1/510 of what went in."""
    steps = np.clip(mask, 0, 1)
    steps *= 255
    return pack(np.rint(steps, out=steps).astype(np.uint8), compress=True)


def unpack_mask(blob: Blob) -> NDArray[np.float32]:
    """The mask of a blob, float32, 0..1; raises as `unpack` does."""
    return unpack(blob).astype(np.float32) / np.float32(255)
