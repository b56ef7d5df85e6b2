"""One checkpoint's folder: how arrays and state become files with a manifest, and how they are read and verified.

No file can make this run code.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors import numpy as safetensors

from .errors import CheckpointError

FORMAT_VERSION = 1
"""Of the manifest and of what it lists."""

_MANIFEST = "manifest.json"
_STATE = "state.json"
_PART_NAME = re.compile(r"[a-z][a-z0-9_-]*")
_DTYPES = frozenset(
    {"bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"}
    | {"float16", "float32", "float64"}
)

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """What a checkpoint holds.

    Attributes:
        step: The training step that it was taken after.
        parts: Arrays by name, by part: `weights`, `optimizer`, ...
        info: What the caller gave: the model's name, its options' digest, random state, ...
        skipped: One line for each newer checkpoint that was passed over because it is damaged.
    """

    step: int
    parts: Mapping[str, Arrays]
    info: Mapping[str, Any]
    skipped: tuple[str, ...] = ()


class DamageError(Exception):
    """Says in one line what is wrong with a checkpoint."""


def pack(step: int, parts: Mapping[str, Arrays], info: Mapping[str, Any]) -> dict[str, bytes]:
    """The files of a checkpoint by name.

    Args:
        step: The training step.
        parts: Numeric arrays by name, by part; a part's name becomes a file's.
        info: Anything that JSON can hold.

    Raises:
        ValueError: A part's name, or an array's type, cannot be stored.
    """
    files = {f"{name}.safetensors": _serialize(name, arrays) for name, arrays in parts.items()}
    files[_STATE] = _to_json(info)
    files[_MANIFEST] = _to_json(
        {
            "format": FORMAT_VERSION,
            "step": step,
            "files": {
                name: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()} for name, data in files.items()
            },
        }
    )
    return files


def read(path: Path, step: int, skipped: tuple[str, ...]) -> Checkpoint:
    """Reads and verifies a checkpoint.

    Args:
        path: Its folder.
        step: The step that it should be of.
        skipped: What is told of newer ones.

    Raises:
        DamageError: It is damaged.
    """
    files = _read_manifest(path, step)
    parts = {}
    for name in sorted(files.keys() - {_STATE}):
        try:
            parts[name.removesuffix(".safetensors")] = safetensors.load(_read_file(path, name, files[name]))
        except SafetensorError as error:
            raise DamageError(f"{name} cannot be read ({error})") from error
    info = json.loads(_read_file(path, _STATE, files[_STATE]))
    return Checkpoint(step, parts, info, skipped)


def load_from(path: Path, step: int) -> Checkpoint:
    """Reads and verifies a checkpoint of a step that lies in any folder.

    Raises:
        CheckpointError: It is damaged.
    """
    try:
        return read(path, step, ())
    except DamageError as damage:
        raise CheckpointError(f"checkpoint {step} in {path} is damaged: {damage}") from damage


def read_info(path: Path, step: int) -> Mapping[str, Any]:
    """What the caller gave with the checkpoint in a folder; of its files, only the state is read and verified.

    Raises:
        CheckpointError: It is damaged.
    """
    try:
        files = _read_manifest(path, step)
        info: Mapping[str, Any] = json.loads(_read_file(path, _STATE, files[_STATE]))
    except DamageError as damage:
        raise CheckpointError(f"checkpoint {step} in {path} is damaged: {damage}") from damage
    return info


def step_of(path: Path) -> int:
    """The step that the checkpoint in a folder says it was taken after.

    Raises:
        CheckpointError: It does not say.
    """
    try:
        return int(json.loads((path / _MANIFEST).read_bytes())["step"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path} is damaged: {_MANIFEST} cannot be read ({error.__class__.__name__})") from error


def fault(path: Path, step: int) -> str:
    """What is wrong with the checkpoint in a folder, whose files are all read; empty where nothing is."""
    try:
        for name, entry in _read_manifest(path, step).items():
            _read_file(path, name, entry)
    except DamageError as damage:
        return str(damage)
    return ""


def _to_json(content: object) -> bytes:
    """JSON for people to read; it gives floats back bit for bit."""
    return json.dumps(content, indent=2).encode()


def _serialize(part: str, arrays: Arrays) -> bytes:
    """A part as the bytes of a safetensors file."""
    if not _PART_NAME.fullmatch(part):
        raise ValueError(f"a part's name must be lower-case letters, digits, - and _. Received: {part!r}")
    for name, array in arrays.items():
        if array.dtype.name not in _DTYPES:
            raise ValueError(f"`{part}[{name!r}]` must hold plain numbers. Received: {array.dtype}")
    # The library writes memory as it lies, so strides and byte order have to be made plain first.
    plain = {name: np.array(array, array.dtype.newbyteorder("<"), order="C") for name, array in arrays.items()}
    return bytes(safetensors.save(plain))


def _read_manifest(path: Path, step: int) -> dict[str, dict[str, Any]]:
    """The files that a checkpoint lists, with the size and hash of each."""
    try:
        manifest = json.loads((path / _MANIFEST).read_bytes())
        version, noted, files = manifest["format"], manifest["step"], dict(manifest["files"])
        whole = all({"size", "sha256"} <= entry.keys() for entry in files.values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamageError(f"{_MANIFEST} cannot be read ({error.__class__.__name__})") from error
    if version != FORMAT_VERSION:
        raise DamageError(f"{_MANIFEST} has format {version}, this program reads {FORMAT_VERSION}")
    present = {entry.name for entry in path.glob("*.safetensors")} | {_STATE}
    if noted != step or not whole or not present <= files.keys():
        raise DamageError(f"{_MANIFEST} does not list the files of step {step}")
    return files


def _read_file(path: Path, name: str, entry: Mapping[str, Any]) -> bytes:
    """A file's content, if it is what the manifest says."""
    if Path(name).name != name:
        raise DamageError(f"{_MANIFEST} names a file outside the checkpoint: {name}")
    try:
        data = (path / name).read_bytes()
    except (OSError, ValueError) as error:
        raise DamageError(f"{name} cannot be read ({error.__class__.__name__})") from error
    if len(data) != entry["size"]:
        raise DamageError(f"{name} must be {entry['size']} bytes, it is {len(data)}")
    found = hashlib.sha256(data).hexdigest()
    if found != entry["sha256"]:
        raise DamageError(f"{name} must have SHA-256 {str(entry['sha256'])[:12]}, it has {found[:12]}")
    return data
