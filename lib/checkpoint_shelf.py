"""Checkpoints that people set aside: snapshots, which nothing prunes, and going back to an earlier state.

What going back takes away is moved to `trash/<time>/` in the model folder and never deleted by the program.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from . import checkpoint, checkpoint_files
from .errors import CheckpointError
from .history import LINES, History, history_until, replace_history, tells_after
from .publish import output_errors, publish_folder, publish_new_folder, sweep, temp_path

SNAPSHOTS = "snapshots"
TRASH = "trash"

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,63}")
_PREVIEW = re.compile(r"\d+\.png")


@dataclass(frozen=True)
class Restored:
    """What going back did.

    Attributes:
        step: The step from which training goes on.
        trash: Where what was newer lies now; None where nothing was.
        moved: What was moved there, by name.
    """

    step: int
    trash: Path | None
    moved: tuple[str, ...]


def snapshots(folder: Path) -> dict[str, Path]:
    """The snapshots of a model folder: name -> folder, in the order of names."""
    root = folder / SNAPSHOTS
    found = sorted(root.iterdir()) if root.is_dir() else []
    return {path.name: path for path in found if _NAME.fullmatch(path.name) and path.is_dir()}


def take_snapshot(folder: Path, name: str, step: int) -> Path:
    """Copies a checkpoint to where nothing prunes it.

    Args:
        folder: The model folder; training may go on in it.
        name: What it is called: letters, digits, `.`, `_` and `-`; it begins with a letter, so that it is no step.
        step: Of the checkpoint.

    Raises:
        CheckpointError: There is no such checkpoint, it is damaged, or the name is not allowed.
        OutputError: There is a snapshot of that name, or it cannot be written.
    """
    if not _NAME.fullmatch(name):
        raise CheckpointError(f"a snapshot's name is a letter, then letters, digits, . _ and -. Received: {name!r}")
    checkpoint.require_step(folder, step)
    path = _sound(checkpoint.locate(folder, step), step)
    final = folder / SNAPSHOTS / name
    with output_errors(final):
        final.parent.mkdir(exist_ok=True)
        sweep(final.parent)
    _publish_copy(path, final, history_until(folder, step))
    return final


def restore(folder: Path, step: int) -> Restored:
    """Makes the checkpoint of a step the newest one.

    Args:
        folder: The model folder, locked by the caller.
        step: Of the checkpoint.

    Raises:
        CheckpointError: There is no such checkpoint, or it is damaged; nothing was changed.
        OutputError: Something cannot be moved.
    """
    checkpoint.require_step(folder, step)
    _sound(checkpoint.locate(folder, step), step)
    return _go_back(folder, step, [saved for saved in checkpoint.saved_steps(folder) if saved > step])


def restore_snapshot(folder: Path, name: str) -> Restored:
    """Makes a copy of a snapshot the newest checkpoint; arguments and errors as in `restore`."""
    known = snapshots(folder)
    if name not in known:
        raise CheckpointError(f"{folder} has no snapshot {name!r}; it has: {', '.join(known) or 'none'}")
    step = checkpoint_files.step_of(known[name])
    _sound(known[name], step)
    restored = _go_back(folder, step, [saved for saved in checkpoint.saved_steps(folder) if saved >= step])
    final = folder / "checkpoints" / str(step)
    with output_errors(final):
        final.parent.mkdir(exist_ok=True)
    _publish_copy(known[name], final)
    return _follow(folder, known[name] / LINES, restored)


def _follow(folder: Path, lines: Path, restored: Restored) -> Restored:
    """Lets the history be that of a snapshot, which another line of training may have left behind."""
    if not lines.exists() or lines.read_bytes() == history_until(folder, restored.step):
        return restored
    trash = restored.trash or _set_aside(folder)
    replace_history(folder, lines.read_bytes())
    return Restored(restored.step, trash, restored.moved or (LINES,))


def _sound(path: Path, step: int) -> Path:
    if fault := checkpoint_files.fault(path, step):
        raise CheckpointError(f"checkpoint {step} in {path} is damaged: {fault}; choose another")
    return path


def _publish_copy(path: Path, final: Path, history: bytes | None = None) -> None:
    """Copies a checkpoint without history into place; a snapshot, which nothing has the name of yet, with its own."""
    temp = temp_path(final)
    try:
        with output_errors(final):
            _copy(path, temp)
            if history is not None:
                (temp / LINES).write_bytes(history)
            (publish_folder if history is None else publish_new_folder)(temp, final)
    finally:
        shutil.rmtree(temp, ignore_errors=True)


def _copy(path: Path, temp: Path) -> None:
    try:
        shutil.copytree(path, temp, ignore=shutil.ignore_patterns(LINES))
    except (shutil.Error, FileNotFoundError) as error:
        if path.exists():
            raise
        raise CheckpointError(f"{path} was removed while it was copied; choose a newer checkpoint") from error


def _go_back(folder: Path, step: int, steps: Iterable[int]) -> Restored:
    """Moves checkpoints and newer previews away, and cuts the history, of which a copy is kept.

    The newest goes first: whoever is killed on the way finds a state from which to do it again.
    """
    paths = [checkpoint.locate(folder, saved) for saved in sorted(steps, reverse=True)]
    previews = (folder / "previews").glob("*.png")
    paths += sorted(path for path in previews if _PREVIEW.fullmatch(path.name) and int(path.stem) > step)
    if not paths and not tells_after(folder, step):
        return Restored(step, None, ())
    trash, moved = _set_aside(folder), []
    with output_errors(trash):
        for path in paths:
            place = _free(trash / path.parent.name / path.name)
            place.parent.mkdir(exist_ok=True)
            path.rename(place)
            moved.append(f"{path.parent.name}/{path.name}")
    if (folder / LINES).exists():
        History(folder, step).close()
    return Restored(step, trash, tuple(moved or [LINES]))


def _set_aside(folder: Path) -> Path:
    """Makes a folder in the trash, with a copy of the history in it."""
    trash = folder / TRASH / time.strftime("%Y%m%d-%H%M%S")
    with output_errors(trash):
        trash.mkdir(parents=True, exist_ok=True)
        if (folder / LINES).exists():
            shutil.copy2(folder / LINES, _free(trash / LINES))
    return trash


def _free(path: Path) -> Path:
    """The path, or one beside it that nothing has: two may go within a second."""
    number = 1
    while path.exists():
        number += 1
        path = path.with_name(f"{path.name.partition('~')[0]}~{number}")
    return path
