"""Checkpoints of a model folder: arrays and state of one training step, written whole and checked when read.

`checkpoints/<step>/` holds one safetensors file per part, `state.json`, and `manifest.json` with the size and
SHA-256 of each. What does not verify is passed over for the one before it. No file can make this run code.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from .checkpoint_files import Arrays, Checkpoint, DamageError, load_from, pack, read
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

__all__ = ["Checkpoint", "load_latest", "load_step", "locate", "require_step", "save", "saved_steps"]


def save(
    folder: str | Path,
    step: int,
    parts: Mapping[str, Arrays],
    info: Mapping[str, Any],
    *,
    keep: int = 2,
    keep_also: Collection[int] = (),
) -> Path:
    """Writes a checkpoint so that it is there whole or not at all, then removes old ones.

    Args:
        folder: The model folder, which exists; one process at a time may save in it.
        step: The training step; a checkpoint of that step is replaced.
        parts: Numeric arrays by name, by part; a part's name becomes a file's.
        info: Anything that JSON can hold.
        keep: How many checkpoints up to this step are kept, this one among them.
        keep_also: Steps of others that are kept, however old.

    Returns:
        The checkpoint's folder.

    Raises:
        OutputError: The disk is full or cannot be written; the checkpoints before this one are untouched.
        ValueError: A part's name, or an array's type, cannot be stored.
    """
    if keep < 1:
        raise ValueError(f"`keep` must be at least 1. Received: keep={keep}")
    files = pack(step, parts, info)
    final = _checkpoints(folder) / str(step)
    require_parent(final.parent)
    with output_errors(final):
        final.parent.mkdir(exist_ok=True)
        sweep(final.parent)
    _write(final, files)
    _prune(final.parent, step, keep, keep_also)
    return final


def load_latest(folder: str | Path) -> Checkpoint:
    """Reads the newest checkpoint that verifies.

    Args:
        folder: The model folder.

    Raises:
        CheckpointError: There is no checkpoint, or none verifies; the message names what is wrong with each.
    """
    require_some(folder)
    skipped: list[str] = []
    for step in reversed(saved_steps(folder)):
        try:
            return read(locate(folder, step), step, tuple(skipped))
        except DamageError as damage:
            skipped.append(f"checkpoint {step} of {folder} is damaged: {damage}")
    raise CheckpointError("; ".join(skipped) + "; no other checkpoint is left: restore a copy or train again")


def load_step(folder: str | Path, step: int) -> Checkpoint:
    """Reads and verifies the checkpoint of one step.

    Raises:
        CheckpointError: There is none, or it is damaged.
    """
    require_step(folder, step)
    return load_from(locate(folder, step), step)


def require_some(folder: str | Path) -> None:
    """Raises CheckpointError unless there is a checkpoint."""
    if not saved_steps(folder):
        raise CheckpointError(f"{folder} has no checkpoint; train the model first")


def require_step(folder: str | Path, step: int) -> None:
    """Raises CheckpointError unless there is a checkpoint of that step."""
    steps = saved_steps(folder)
    if step not in steps:
        known = ", ".join(map(str, steps)) or "none"
        raise CheckpointError(f"{folder} has no checkpoint of step {step}; it has: {known}")


def saved_steps(folder: str | Path) -> list[int]:
    """The steps of all checkpoints in a model folder, ascending, whether they verify or not."""
    root = _checkpoints(folder)
    names = [entry.name.removeprefix(ASIDE_PREFIX) for entry in root.glob("*")]
    return sorted({int(name) for name in names if name.isascii() and name.isdecimal()})


def _checkpoints(folder: str | Path) -> Path:
    """Where a model folder keeps its checkpoints."""
    return Path(folder) / "checkpoints"


def locate(folder: str | Path, step: int) -> Path:
    """Where the checkpoint of a step lies: aside, when a save that was to replace it was killed."""
    path = _checkpoints(folder) / str(step)
    return path if path.exists() else aside_path(path)


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


def _prune(root: Path, step: int, keep: int, keep_also: Collection[int]) -> None:
    """Removes the oldest checkpoints; later ones than `step` neither count nor go, they may be damaged."""
    older = [saved for saved in saved_steps(root.parent) if saved <= step]
    for saved in set(older[:-keep]).difference(keep_also):
        with suppress(OSError):  # What cannot be removed now is older still the next time.
            remove_folder(root / str(saved))
