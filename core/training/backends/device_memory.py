"""How much memory the accelerator has left, asked of the running backend."""

from __future__ import annotations


def free_device_bytes() -> int | None:
    """Returns how many bytes of the accelerator's memory the running backend can still take.

    Returns:
        The bytes; None on a CPU, and where the backend does not tell.
    """
    from . import running_backend

    asked = {"tensorflow": _tensorflow, "jax": _jax, "torch": _torch}.get(running_backend())
    return asked() if asked else None


def _tensorflow() -> int | None:
    import tensorflow as tf
    from tensorflow.python.client import device_lib  # The only place that tells a device's limit.

    if not tf.config.list_logical_devices("GPU"):
        return None
    limit = next(device.memory_limit for device in device_lib.list_local_devices() if device.device_type == "GPU")
    return int(limit) - int(tf.config.experimental.get_memory_info("GPU:0")["current"])


def _jax() -> int | None:
    import jax

    told = jax.local_devices()[0].memory_stats()
    return int(told["bytes_limit"]) - int(told["bytes_in_use"]) if told and "bytes_limit" in told else None


def _torch() -> int | None:
    import torch

    if not torch.cuda.is_available():
        return None
    kept = torch.cuda.memory_reserved() - torch.cuda.memory_allocated()  # Held by PyTorch, and free.
    return int(torch.cuda.mem_get_info()[0]) + int(kept)
