"""What the device of the running Keras backend is, and the most memory that was held on it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from . import running_backend


def device_name() -> str:
    """The device on which the running backend computes, in words: `cpu`, or the name of the accelerator."""
    return _ASKED[running_backend()][0]()


def peak_device_memory() -> int | None:
    """The most bytes that tensors have held in the accelerator's memory; None where it has none of its own."""
    return _ASKED[running_backend()][1]()


def _tensorflow_device() -> str:
    tf: Any = import_module("tensorflow")
    devices = tf.config.list_physical_devices("GPU")
    return str(tf.config.experimental.get_device_details(devices[0]).get("device_name", "gpu")) if devices else "cpu"


def _tensorflow_peak() -> int | None:
    tf: Any = import_module("tensorflow")
    if not tf.config.list_physical_devices("GPU"):
        return None
    return int(tf.config.experimental.get_memory_info("GPU:0")["peak"])


def _jax_device() -> str:
    device = import_module("jax").devices()[0]
    return "cpu" if device.platform == "cpu" else str(device.device_kind)


def _jax_peak() -> int | None:
    statistics = import_module("jax").devices()[0].memory_stats() or {}
    return statistics.get("peak_bytes_in_use")


def _torch_device() -> str:
    torch: Any = import_module("torch")
    return str(torch.cuda.get_device_name()) if torch.cuda.is_available() else "cpu"


def _torch_peak() -> int | None:
    torch: Any = import_module("torch")
    return int(torch.cuda.max_memory_allocated()) if torch.cuda.is_available() else None


_ASKED = {
    "tensorflow": (_tensorflow_device, _tensorflow_peak),
    "jax": (_jax_device, _jax_peak),
    "torch": (_torch_device, _torch_peak),
}
