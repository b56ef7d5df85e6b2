"""Checkpoints of a model folder: arrays and state of one training step, written whole and checked when read.

`checkpoints/<step>/` holds one safetensors file per part, `state.json`, and `manifest.json` with the size and
SHA-256 of each. What does not verify is passed over for the one before it. No file can make this run code.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors import numpy as safetensors

from .errors import CheckpointError
from .publish import (
    ASIDE_PREFIX,
    aside_path,
    output_errors,
    publish_folder,
    remove_folder,
    require_parent,
    sweep,
    temp_path,
)

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


class _DamageError(Exception):
    """Says in one line what is wrong with a checkpoint."""


def save(folder: str | Path, step: int, parts: Mapping[str, Arrays], info: Mapping[str, Any], *, keep: int = 2) -> Path:
    """Writes a checkpoint so that it is there whole or not at all, then removes old ones.

    Args:
        folder: The model folder, which exists; one process at a time may save in it.
        step: The training step; a checkpoint of that step is replaced.
        parts: Numeric arrays by name, by part; a part's name becomes a file's.
        info: Anything that JSON can hold.
        keep: How many checkpoints up to this step are kept, this one among them.

    Returns:
        The checkpoint's folder.

    Raises:
        OutputError: The disk is full or cannot be written; the checkpoints before this one are untouched.
        ValueError: A part's name, or an array's type, cannot be stored.
    """
    if keep < 1:
        raise ValueError(f"`keep` must be at least 1. Received: keep={keep}")
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
    final = _checkpoints(folder) / str(step)
    require_parent(final.parent)
    with output_errors(final):
        final.parent.mkdir(exist_ok=True)
        sweep(final.parent)
    _write(final, files)
    _prune(final.parent, step, keep)
    return final


def load_latest(folder: str | Path) -> Checkpoint:
    """Reads the newest checkpoint that verifies.

    Args:
        folder: The model folder.

    Raises:
        CheckpointError: There is no checkpoint, or none verifies; the message names what is wrong with each.
    """
    skipped: list[str] = []
    for step in reversed(saved_steps(folder)):
        try:
            return _read(_locate(folder, step), step, tuple(skipped))
        except _DamageError as damage:
            skipped.append(f"checkpoint {step} of {folder} is damaged: {damage}")
    if not skipped:
        raise CheckpointError(f"{folder} has no checkpoint; train the model first")
    raise CheckpointError("; ".join(skipped) + "; no other checkpoint is left: restore a copy or train again")


def saved_steps(folder: str | Path) -> list[int]:
    """The steps of all checkpoints in a model folder, ascending, whether they verify or not."""
    root = _checkpoints(folder)
    names = [entry.name.removeprefix(ASIDE_PREFIX) for entry in root.glob("*")]
    return sorted({int(name) for name in names if name.isascii() and name.isdecimal()})


def _checkpoints(folder: str | Path) -> Path:
    """Where a model folder keeps its checkpoints."""
    return Path(folder) / "checkpoints"


def _locate(folder: str | Path, step: int) -> Path:
    """A checkpoint's folder; it stands aside when a save that was to replace it was killed."""
    path = _checkpoints(folder) / str(step)
    return path if path.exists() else aside_path(path)


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


def _write(final: Path, files: Mapping[str, bytes]) -> None:
    """Publishes a folder of files."""
    temp = temp_path(final)
    needed = sum(map(len, files.values()))
    try:
        with output_errors(final, needed):
            temp.mkdir()
            for name, data in files.items():
                (temp / name).write_bytes(data)
            publish_folder(temp, final, needed)
    finally:
        shutil.rmtree(temp, ignore_errors=True)


def _prune(root: Path, step: int, keep: int) -> None:
    """Removes the oldest checkpoints; later ones than `step` neither count nor go, they may be damaged."""
    older = [saved for saved in saved_steps(root.parent) if saved <= step]
    for saved in older[:-keep]:
        with suppress(OSError):  # What cannot be removed now is older still the next time.
            remove_folder(root / str(saved))


def _read(path: Path, step: int, skipped: tuple[str, ...]) -> Checkpoint:
    """Reads and verifies one checkpoint."""
    files = _read_manifest(path, step)
    parts = {}
    for name in sorted(files.keys() - {_STATE}):
        try:
            parts[name.removesuffix(".safetensors")] = safetensors.load(_read_file(path, name, files[name]))
        except SafetensorError as error:
            raise _DamageError(f"{name} cannot be read ({error})") from error
    info = json.loads(_read_file(path, _STATE, files[_STATE]))
    return Checkpoint(step, parts, info, skipped)


def _read_manifest(path: Path, step: int) -> dict[str, dict[str, Any]]:
    """The files that a checkpoint lists, with the size and hash of each."""
    try:
        manifest = json.loads((path / _MANIFEST).read_bytes())
        version, noted, files = manifest["format"], manifest["step"], dict(manifest["files"])
        whole = all({"size", "sha256"} <= entry.keys() for entry in files.values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _DamageError(f"{_MANIFEST} cannot be read ({error.__class__.__name__})") from error
    if version != FORMAT_VERSION:
        raise _DamageError(f"{_MANIFEST} has format {version}, this program reads {FORMAT_VERSION}")
    present = {entry.name for entry in path.glob("*.safetensors")} | {_STATE}
    if noted != step or not whole or not present <= files.keys():
        raise _DamageError(f"{_MANIFEST} does not list the files of step {step}")
    return files


def _read_file(path: Path, name: str, entry: Mapping[str, Any]) -> bytes:
    """A file's content, if it is what the manifest says."""
    if Path(name).name != name:
        raise _DamageError(f"{_MANIFEST} names a file outside the checkpoint: {name}")
    try:
        data = (path / name).read_bytes()
    except (OSError, ValueError) as error:
        raise _DamageError(f"{name} cannot be read ({error.__class__.__name__})") from error
    if len(data) != entry["size"]:
        raise _DamageError(f"{name} must be {entry['size']} bytes, it is {len(data)}")
    found = hashlib.sha256(data).hexdigest()
    if found != entry["sha256"]:
        raise _DamageError(f"{name} must have SHA-256 {str(entry['sha256'])[:12]}, it has {found[:12]}")
    return data
