"""Where the training faces lie while a model is trained: in the device's memory where they fit, or in their files.

From files, the rows of the next batch are read by a thread while this one is computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np

from ..faces import TrainingFaces
from .accelerator import free_device_bytes

Tensor = Any
Indices = Mapping[str, Any]
"""For each identity the numbers of its training faces, int64 `[batch]`."""
Rows = dict[str, tuple[Any, Any]]

_SHARE = 0.25
"""What faces may take of the device's free memory; the rest is for training."""
_UNKNOWN_BYTES = 2 * 2**30
"""What they may take where the device does not tell how much is free."""
_MOST_EXPECTED = 2
"""Batches that are read ahead: the one about to be taken and the one after it."""


class StoredFaces:
    """The training faces of all identities, of which batches are taken.

    Args:
        faces: The training faces of each identity.
        accelerated: Whether the device has a memory of its own.
        resident: Whether the faces are held in the device's memory; None decides by what fits.
    """

    def __init__(self, faces: Mapping[str, TrainingFaces], accelerated: bool, resident: bool | None = None) -> None:
        size = sum(share.pictures.nbytes + share.masks.nbytes for share in faces.values())
        self._resident = accelerated and _fits(size) if resident is None else resident
        self._parts: Rows = {
            name: (self._placed(share.pictures), self._placed(share.masks)) for name, share in faces.items()
        }
        # The thread starts with the first batch that is expected, and ends when this object goes or the program does.
        self._reader = ThreadPoolExecutor(1, "training-faces")
        self._expected: dict[bytes, Future[Rows]] = {}

    def expect(self, indices: Indices) -> None:
        """Begins to read a batch that will be taken soon; what `batch` returns does not depend on it."""
        if self._resident:
            return
        self._expected[_name(indices)] = self._reader.submit(_read, self._parts, indices)
        while len(self._expected) > _MOST_EXPECTED:
            self._expected.pop(next(iter(self._expected))).cancel()

    def batch(self, indices: Indices) -> dict[str, tuple[Tensor, Tensor]]:
        """Returns faces and masks by identity, uint8 tensors `[batch side side channels]`."""
        from keras import ops

        if self._resident:
            return {
                name: (ops.take(pictures, indices[name], axis=0), ops.take(masks, indices[name], axis=0))
                for name, (pictures, masks) in self._parts.items()
            }
        expected = self._expected.pop(_name(indices), None)
        rows = expected.result() if expected else _read(self._parts, indices)
        return {
            name: (ops.convert_to_tensor(pictures), ops.convert_to_tensor(masks))
            for name, (pictures, masks) in rows.items()
        }

    def _placed(self, array: Any) -> Any:
        from keras import ops

        return ops.convert_to_tensor(np.array(array)) if self._resident else array


def _fits(size: int) -> bool:
    """Whether faces of so many bytes belong into the device's memory."""
    free = free_device_bytes()
    return size <= (_UNKNOWN_BYTES if free is None else _SHARE * free)


def _read(parts: Rows, indices: Indices) -> Rows:
    """Copies rows out of arrays that may be files; `np.take` would first copy the whole of some arrays."""
    return {name: (pictures[indices[name]], masks[indices[name]]) for name, (pictures, masks) in parts.items()}


def _name(indices: Indices) -> bytes:
    """Tells batches apart."""
    return b"|".join(np.asarray(indices[name]).tobytes() for name in sorted(indices))
