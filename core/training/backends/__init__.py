"""What differs between Keras backends in training: computing a player's gradients and moving its weights.

One adapter per backend, each a file of its own beside this one; nothing else in the program imports a backend.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Protocol

from ...errors import PluginError
from ...host import require_backend
from ...kinds import Trainable
from ..faces import TrainingFaces
from ..step import IdentityBatch
from ..update import Update
from .stored import StoredFaces

Tensor = Any
Prepare = Callable[[Tensor, Tensor, Any], IdentityBatch]
"""Makes an identity's share of a batch of its stored faces and masks and a random key; runs on the device."""

_ADAPTERS = {
    "tensorflow": ("tensorflow", "TensorFlowAdapter"),
    "jax": ("jax", "JaxAdapter"),
    "torch": ("torch", "TorchAdapter"),
}


class Adapter(Protocol):
    """Moves players, one step at a time.

    Attributes:
        stored: Where the batches come from; may be told of the next one.
    """

    stored: StoredFaces

    def move(
        self, update: Update, indices: Mapping[str, Any], keys: Any, number: int, progress: float, rate: float = 1.0
    ) -> dict[str, Tensor]:
        """Moves one player by one batch; if the losses or gradients are not finite, nothing changes but a count.

        Args:
            update: Who moves, and how.
            indices: For each identity the numbers of its training faces, int64 `[batch]`.
            keys: int32 `[2 2]`: the random numbers of the augmentation and those of the plugin.
            number: The step's number from 0.
            progress: The share of the run that is done, 0..1.
            rate: The factor on the optimizer's learning rate.

        Returns:
            The losses before the move: scalar tensors that may still be under computation.
        """
        ...


def import_keras() -> Any:
    """Imports Keras with its backend, and keeps what the backend's libraries say on the way off the terminal.

    Raises:
        PluginError: The backend is unknown or is not installed.
    """
    require_backend()
    with _quiet_libraries():
        keras = import_module("keras")
        keras.ops.zeros(())  # Some of it is said on first use.
    return keras


def running_backend() -> str:
    """The name of the Keras backend of this process."""
    return str(import_keras().backend.backend())


def seed_weights(seed: int) -> None:
    """Makes the weights of networks that are built next a function of the seed."""
    import_keras().utils.set_random_seed(seed % 2**32)


def make_adapter(
    model: Trainable, prepare: Prepare, faces: Mapping[str, TrainingFaces], resident: bool | None = None
) -> Adapter:
    """Makes the adapter of the running Keras backend.

    Args:
        model: The model, loaded.
        prepare: Makes an identity's share of a batch of its stored faces.
        faces: The training faces of each identity.
        resident: Whether the training faces are held in device memory; None decides by what fits.

    Raises:
        PluginError: The backend has none.
    """
    backend = running_backend()
    if backend not in _ADAPTERS:
        known = " or ".join(_ADAPTERS)
        raise PluginError(f"Training runs on the Keras backend {known}. Received: KERAS_BACKEND={backend}")
    module, name = _ADAPTERS[backend]
    adapter: Adapter = getattr(import_module(f".{module}", __name__), name)(model, prepare, faces, resident)
    return adapter


def prepared(prepare: Prepare, stored: Mapping[str, tuple[Tensor, Tensor]], key: Any) -> dict[str, IdentityBatch]:
    """Makes a batch of the stored faces and masks of each identity, for which other numbers are drawn each."""
    return {name: prepare(*parts, key.of(place)) for place, (name, parts) in enumerate(stored.items())}


@contextmanager
def _quiet_libraries() -> Iterator[None]:
    """Sends what native code writes to the standard error stream to nowhere; Python's exceptions still pass."""
    try:
        kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    except OSError:  # There is no such stream, so there is nothing to keep quiet.
        yield
        return
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
