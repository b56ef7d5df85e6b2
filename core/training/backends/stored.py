"""Where the training faces lie while a model is trained: in files, or in the device's memory where they fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..faces import TrainingFaces

Tensor = Any

_DEVICE_BYTES = 2 * 2**30
"""Training faces up to this size lie in the GPU's memory; more of them stay on the disk, one batch at a time."""


class StoredFaces:
    """The training faces of all identities, of which batches are taken.

    Args:
        faces: The training faces of each identity.
        accelerated: Whether the device has a memory of its own.
        resident: Whether the faces are held in the device's memory; None decides by what fits.
    """

    def __init__(self, faces: Mapping[str, TrainingFaces], accelerated: bool, resident: bool | None = None) -> None:
        size = sum(share.pictures.nbytes + share.masks.nbytes for share in faces.values())
        self._resident = accelerated and size <= _DEVICE_BYTES if resident is None else resident
        self._parts: dict[str, tuple[Any, Any]] = {
            name: (self._placed(share.pictures), self._placed(share.masks)) for name, share in faces.items()
        }

    def batch(self, indices: Mapping[str, Any]) -> dict[str, tuple[Tensor, Tensor]]:
        """Returns faces and masks by identity, uint8 tensors `[batch side side channels]`.

        Args:
            indices: For each identity the numbers of its training faces, int64 `[batch]`.
        """
        return {
            name: (self._rows(pictures, indices[name]), self._rows(masks, indices[name]))
            for name, (pictures, masks) in self._parts.items()
        }

    def _placed(self, array: Any) -> Any:
        from keras import ops

        return ops.convert_to_tensor(np.array(array)) if self._resident else array

    def _rows(self, array: Any, rows: Any) -> Tensor:
        """Copies rows out of an array that may be a file; `np.take` would first copy the whole of some arrays."""
        from keras import ops

        return ops.take(array, rows, axis=0) if self._resident else ops.convert_to_tensor(array[rows])
