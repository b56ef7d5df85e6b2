"""What training takes of memory, and what there is: told before the system kills, which it does without a word.

The estimate counts what has to be held at once: the weights, the optimizer's variables, a gradient for each trainable
weight, and what every layer answers for every face of a batch, which the way back needs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import FaceswapError
from .step import IdentityBatch, Player
from .update import Update

Tensor = Any

_PROBE = 2
"""Faces of each identity in the batch whose way through the networks is followed."""


@dataclass(frozen=True)
class Footprint:
    """What a step of training takes, in bytes.

    Attributes:
        held: The networks' weights and the optimizers' variables.
        gradients: A gradient of each weight that the largest player moves.
        per_face: For each face of a batch (one of every identity), what the layers answer on the way through.
    """

    held: int
    gradients: int
    per_face: int

    def step_bytes(self, batch_size: int) -> int:
        """What a step takes beside what is held."""
        return self.gradients + batch_size * self.per_face

    def largest_batch(self, free: int) -> int:
        """The largest batch whose step fits; 0 if not even one face does."""
        return max(0, (free - self.gradients) // max(1, self.per_face))


def footprint(model: Any, updates: Sequence[Update]) -> Footprint:
    """Estimates what training a model takes.

    Args:
        model: The model, loaded.
        updates: What moves its players.
    """
    weights = [variable for network in model.networks.values() for variable in network.variables]
    moments = [variable for update in updates for variable in update.variables]
    moved = [_bytes_of(update.weights) for update in updates]
    passes = [_faces_seen(model, update.player) for update in updates]
    answers = {name: _answer_bytes(network) for name, network in model.networks.items()}
    per_face = max(sum(answers[name] * count for name, count in seen.items()) for seen in passes)
    return Footprint(_bytes_of([*weights, *moments]), max(moved), round(per_face))


def require_memory(needed: Footprint, batch_size: int, free: int | None) -> None:
    """Insists that a step fits into the computer's memory.

    Args:
        needed: What training takes.
        batch_size: Faces of each identity in a batch.
        free: Bytes that are left; None where that is not known.

    Raises:
        FaceswapError: It does not fit; names the largest batch that does.
    """
    if free is None or needed.step_bytes(batch_size) <= free:
        return
    fits = needed.largest_batch(free)
    remedy = f"{fits} would fit: --batch-size {fits}" if fits else "not even 1 would; choose a smaller model"
    raise FaceswapError(
        f"A step of {batch_size} faces of each person takes about {_gib(needed.step_bytes(batch_size))} of memory "
        f"beside the model's {_gib(needed.held)}, and {_gib(free)} are free; {remedy}"
    )


class DeviceMemoryError(FaceswapError):
    """The accelerator's memory ran out."""


@contextmanager
def memory_errors(batch_size: int) -> Iterator[None]:
    """Turns a backend's error of running out of memory into one line.

    Raises:
        DeviceMemoryError: The accelerator's memory ran out while a batch of `batch_size` was computed.
    """
    try:
        yield
    except Exception as error:
        if not ran_out_of_memory(error):
            raise
        smaller = f"--batch-size {batch_size // 2}, or auto, which finds the largest that fits"
        remedy = smaller if batch_size > 1 else "a smaller model"
        raise DeviceMemoryError(
            f"The device's memory ran out in a step of {batch_size} faces of each person; use {remedy}"
        ) from error


def ran_out_of_memory(error: BaseException) -> bool:
    """Whether an error of TensorFlow, JAX or PyTorch says that the device's memory ran out."""
    names = {kind.__name__ for kind in type(error).__mro__}
    told = "XlaRuntimeError" in names or "JaxRuntimeError" in names
    return bool(names & {"ResourceExhaustedError", "OutOfMemoryError"}) or (told and "RESOURCE_EXHAUSTED" in str(error))


def free_bytes(root: Path = Path("/")) -> int | None:
    """Returns how many bytes of the computer's memory this process can still take.

    Args:
        root: Where `proc` and `sys` are.

    Returns:
        The smaller of what the system has available and what the process's control groups leave; None where neither
        can be told.
    """
    told = [_available(root), *_left_by_groups(root)]
    return min((value for value in told if value is not None), default=None)


def _available(root: Path) -> int | None:
    lines = _read(root / "proc/meminfo").splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), None)


def _left_by_groups(root: Path) -> Iterator[int | None]:
    """What each control group around the process leaves, of version 2 and of version 1."""
    lines = _read(root / "proc/self/cgroup").splitlines()
    places = {kinds: path.lstrip("/") for _, kinds, path in (line.split(":", 2) for line in lines)}
    versions = (
        ("", "sys/fs/cgroup", ("memory.max", "memory.current", "inactive_file")),
        ("memory", "sys/fs/cgroup/memory", ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")),
    )
    for kinds, mount, names in versions:
        own = Path(places.get(kinds, ""))
        for place in (own, *own.parents):
            yield _left(root / mount / place, *names)


def _left(group: Path, limit_name: str, usage_name: str, cache_name: str) -> int | None:
    """The limit less what is used, of which the cache of files can be given back."""
    limit, usage = _read(group / limit_name).strip(), _read(group / usage_name).strip()
    if not (limit.isdecimal() and usage.isdecimal()):  # No such group, or `max`: no limit.
        return None
    stat = dict(line.split(" ", 1) for line in _read(group / "memory.stat").splitlines())
    return int(limit) - int(usage) + int(stat.get(cache_name, 0))


def _read(path: Path) -> str:
    """A small file's text; empty where it cannot be read."""
    try:
        return path.read_text()
    except OSError:
        return ""


def _faces_seen(model: Any, player: Player) -> dict[str, float]:
    """How many pictures each network is given for each face of a batch, in one move of a player."""
    seen = dict.fromkeys(model.networks, 0.0)
    networks = model.networks
    model.networks = {name: _Counted(network, name, seen) for name, network in networks.items()}
    try:
        _follow(model, player)
    except Exception:  # Some plugins do more with their networks than call them; training will tell what is wrong.
        return dict.fromkeys(networks, float(len(model.identities)))
    finally:
        model.networks = networks
    return seen


def _follow(model: Any, player: Player) -> None:
    """Follows a batch through the losses: shapes only, nothing is computed."""
    import keras

    size = model.crop.size
    parts = [keras.KerasTensor((_PROBE, size, size, channels), "float32") for channels in (3, 3, 1, 1, 1)]
    batch = dict.fromkeys(model.identities, IdentityBatch(*parts))
    model.losses(player.name, batch, _ShapeStep())


class _Counted:
    """A network that counts the pictures that it is given."""

    def __init__(self, network: Any, name: str, seen: dict[str, float]) -> None:
        self._network, self._name, self._seen = network, name, seen

    def __call__(self, inputs: Any, *arguments: Any, **settings: Any) -> Any:
        import keras

        self._seen[self._name] += keras.tree.flatten(inputs)[0].shape[0] / _PROBE
        return self._network(inputs, *arguments, **settings)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._network, name)


class _ShapeStep:
    """A step of which shapes alone matter; see `core.training.step.Step`."""

    def __init__(self) -> None:
        from keras import ops

        from ...lib.nn.keys import RandomKey

        self.key = RandomKey(np.zeros(2, np.int32))
        self.number, self.progress = ops.zeros((), "int32"), ops.zeros(())

    def gradient(self, function: Any, inputs: Tensor) -> Tensor:
        """Follows the function; a gradient has the shape of what it is taken by."""
        function(inputs)
        return inputs


def _answer_bytes(network: Any) -> int:
    """What the layers of a network answer for one picture."""
    import keras

    total = 0
    for layer in network._flatten_layers(include_self=False):
        for output in keras.tree.flatten(getattr(layer, "output", [])):
            total += math.prod(output.shape[1:]) * _item_bytes(output)
    return total


def _bytes_of(variables: Any) -> int:
    return sum(math.prod(variable.shape) * _item_bytes(variable) for variable in variables)


def _item_bytes(tensor: Any) -> int:
    """Bytes of one value; `bfloat16` is no type of NumPy's."""
    name = str(tensor.dtype)
    return 2 if name.endswith("bfloat16") else np.dtype(name).itemsize


def _gib(size: int) -> str:
    return f"{size / 2**30:.1f} GiB"
