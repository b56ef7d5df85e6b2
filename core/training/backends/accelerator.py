"""What the device of the running Keras backend is, and what its memory holds: at its peak, and what is left."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any


def device_name() -> str:
    """The device on which the running backend computes, in words: `cpu`, or the name of the accelerator."""
    name: str = _asked()[0]()
    return name


def peak_device_memory() -> int | None:
    """The most bytes that tensors have held in the accelerator's memory; None where it has none of its own."""
    peak: int | None = _asked()[1]()
    return peak


def free_device_bytes() -> int | None:
    """Returns how many bytes of the accelerator's memory the running backend can still take.

    Returns:
        The bytes; None on a CPU, and where the backend does not tell.
    """
    free: int | None = _asked()[2]()
    return free


def _asked() -> tuple[Callable[[], Any], ...]:
    """Whom to ask on the running backend."""
    from . import running_backend  # Not above: the package itself asks what is left.

    return _ASKED[running_backend()]


def _tensorflow_device() -> str:
    tf: Any = import_module("tensorflow")
    devices = tf.config.list_physical_devices("GPU")
    return str(tf.config.experimental.get_device_details(devices[0]).get("device_name", "gpu")) if devices else "cpu"


def _tensorflow_peak() -> int | None:
    tf: Any = import_module("tensorflow")
    if not tf.config.list_physical_devices("GPU"):
        return None
    return int(tf.config.experimental.get_memory_info("GPU:0")["peak"])


def _tensorflow_free() -> int | None:
    tf: Any = import_module("tensorflow")
    if not tf.config.list_logical_devices("GPU"):
        return None
    devices = import_module("tensorflow.python.client.device_lib").list_local_devices()  # Only it tells the limit.
    limit = next(device.memory_limit for device in devices if device.device_type == "GPU")
    return int(limit) - int(tf.config.experimental.get_memory_info("GPU:0")["current"])


def _jax_device() -> str:
    device = import_module("jax").devices()[0]
    return "cpu" if device.platform == "cpu" else str(device.device_kind)


def _jax_peak() -> int | None:
    statistics = import_module("jax").devices()[0].memory_stats() or {}
    return statistics.get("peak_bytes_in_use")


def _jax_free() -> int | None:
    told = import_module("jax").local_devices()[0].memory_stats()
    return int(told["bytes_limit"]) - int(told["bytes_in_use"]) if told and "bytes_limit" in told else None


def _torch_device() -> str:
    torch: Any = import_module("torch")
    return str(torch.cuda.get_device_name()) if torch.cuda.is_available() else "cpu"


def _torch_peak() -> int | None:
    torch: Any = import_module("torch")
    return int(torch.cuda.max_memory_allocated()) if torch.cuda.is_available() else None


def _torch_free() -> int | None:
    torch: Any = import_module("torch")
    if not torch.cuda.is_available():
        return None
    kept = torch.cuda.memory_reserved() - torch.cuda.memory_allocated()  # Held by PyTorch, and free.
    return int(torch.cuda.mem_get_info()[0]) + int(kept)


_ASKED: dict[str, tuple[Callable[[], Any], ...]] = {
    "tensorflow": (_tensorflow_device, _tensorflow_peak, _tensorflow_free),
    "jax": (_jax_device, _jax_peak, _jax_free),
    "torch": (_torch_device, _torch_peak, _torch_free),
}
"""The name of a backend's device, the peak of its memory, and what is left of it."""
