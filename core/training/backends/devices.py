"""Several devices of one machine that share each batch: where a model's variables are made so that all hold them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ...errors import OptionError, PluginError
from . import running_backend


def check_shares(devices: int, batch_size: int, accumulate: int) -> None:
    """Insists that a batch can be shared by so many devices.

    Args:
        devices: How many.
        batch_size: Faces of each identity in a batch.
        accumulate: Steps whose gradients are averaged.

    Raises:
        OptionError: It cannot.
    """
    if batch_size % devices:
        raise OptionError(
            f"--batch-size must be a multiple of --devices {devices}. Received: {batch_size}", "batch_size"
        )
    if devices > 1 and accumulate > 1 and running_backend() == "tensorflow":
        raise OptionError("--accumulate needs one device on TensorFlow; leave --devices at 1, or use jax", "accumulate")


@contextmanager
def on_devices(count: int) -> Iterator[None]:
    """Lets the models, optimizers and engines that are made inside compute on several devices.

    Args:
        count: How many; with 1 nothing changes.

    Raises:
        PluginError: The backend has fewer, or cannot share batches.
    """
    if count == 1:
        yield
        return
    backend = running_backend()
    if backend not in _SCOPES:
        raise PluginError(f"--devices {count} needs the backend {' or '.join(_SCOPES)}. Received: {backend}")
    with _SCOPES[backend](count):
        yield


@contextmanager
def _tensorflow_scope(count: int) -> Iterator[None]:
    import tensorflow as tf

    devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    _require(count, [device.name for device in devices])
    with tf.distribute.MirroredStrategy([device.name for device in devices[:count]]).scope():
        yield


@contextmanager
def _jax_scope(count: int) -> Iterator[None]:
    from keras import distribution

    devices = distribution.list_devices()
    _require(count, devices)
    before = distribution.distribution()
    distribution.set_distribution(distribution.DataParallel(devices=devices[:count], auto_shard_dataset=False))
    try:
        yield
    finally:  # What has been made stays on its devices; what Keras does later, such as predicting, need not.
        distribution.set_distribution(before)


def _require(count: int, devices: list[Any]) -> None:
    if count > len(devices):
        raise PluginError(f"--devices {count} needs so many devices. Found: {', '.join(map(str, devices))}")


_SCOPES = {"tensorflow": _tensorflow_scope, "jax": _jax_scope}
