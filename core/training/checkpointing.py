"""Between the engine and its checkpoints: which arrays make up the state of a training run, and back.

Arrays are named `<network or player>/<position>/<variable path>`. The position decides where an array belongs, since
automatic layer names differ from process to process; the rest of the name must fit up to such numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...lib import checkpoint
from ..errors import CheckpointError, FaceswapError
from .engine import Engine

Arrays = dict[str, NDArray[Any]]
Groups = Mapping[str, Iterable[Any]]
"""Keras variables by network or player."""

WEIGHTS = "weights"
OPTIMIZER = "optimizer"

_AUTOMATIC_NUMBER = re.compile(r"_\d+(?=/|$)")


def save_checkpoint(folder: Path, engine: Engine, keep: int) -> Path:
    """Saves the engine's state.

    Args:
        folder: The model folder.
        engine: The engine, between two steps.
        keep: How many checkpoints are kept.

    Raises:
        FaceswapError: The training has diverged; nothing is saved.
        OutputError: The disk is full or cannot be written; the checkpoints before this one are untouched.
    """
    parts = {WEIGHTS: read_arrays(_networks(engine.model)), OPTIMIZER: read_arrays(_optimizers(engine))}
    for arrays in parts.values():
        broken = [name for name, array in arrays.items() if not np.isfinite(array).all()]
        if broken:
            raise diverged(engine.step, f"`{broken[0]}` holds values that are not numbers")
    return checkpoint.save(folder, engine.step, parts, {"seed": engine.seed, "backend": engine.backend}, keep=keep)


def resume(folder: Path, engine: Engine) -> tuple[str, ...]:
    """Puts the engine into the state of the newest checkpoint that verifies, if there is any checkpoint.

    Any backend goes on from the checkpoints of any other, but each draws random numbers of its own.

    Returns:
        One line for each damaged checkpoint that was passed over, and one where another backend saved the checkpoint.

    Raises:
        CheckpointError: All checkpoints are damaged, or they are of another model.
    """
    if not checkpoint.saved_steps(folder):
        return ()
    saved = checkpoint.load_latest(folder)
    write_arrays(_networks(engine.model), saved.parts.get(WEIGHTS, {}), folder)
    write_arrays(_optimizers(engine), saved.parts.get(OPTIMIZER, {}), folder)
    engine.step = saved.step
    before = saved.info.get("backend", engine.backend)
    if before == engine.backend:
        return saved.skipped
    change = f"{folder} was trained on {before} so far and is now on {engine.backend}, which draws other random numbers"
    return (*saved.skipped, change)


def load_weights(folder: Path, model: Any) -> checkpoint.Checkpoint:
    """Gives a loaded model the weights of the newest checkpoint that verifies.

    Raises:
        CheckpointError: There is no checkpoint, all are damaged, or they are of another model.
    """
    saved = checkpoint.load_latest(folder)
    write_arrays(_networks(model), saved.parts.get(WEIGHTS, {}), folder)
    return saved


def read_arrays(groups: Groups) -> Arrays:
    """The values of variables, by the names under which they are saved."""
    from keras import ops

    return {name: np.asarray(ops.convert_to_numpy(variable)) for name, variable in _named(groups)}


def write_arrays(groups: Groups, arrays: Mapping[str, NDArray[Any]], folder: Path) -> None:
    """Gives variables the values that were saved.

    Args:
        groups: The variables, made as they were when the arrays were saved.
        arrays: What `read_arrays` returned then.
        folder: Where they come from, for messages.

    Raises:
        CheckpointError: A variable is missing, is one too many, or has another name or shape; none is changed.
    """
    saved = {_place(name): (name, array) for name, array in arrays.items()}
    wanted = [(name, variable, saved.pop(_place(name), None)) for name, variable in _named(groups)]
    for name, variable, found in wanted:
        if found is None:
            raise _misfit(folder, f"it holds no `{name}`")
        if _plain(found[0]) != _plain(name):
            raise _misfit(folder, f"`{name}` was expected, it holds `{found[0]}`")
        if found[1].shape != tuple(variable.shape):
            raise _misfit(folder, f"`{name}` must be {list(variable.shape)}, it is {list(found[1].shape)}")
    if saved:
        raise _misfit(folder, f"it also holds `{next(iter(saved.values()))[0]}`")
    for _, variable, found in wanted:
        if found is not None:
            variable.assign(found[1])


def diverged(step: int, what: str) -> FaceswapError:
    """The error of a training run whose numbers have blown up."""
    return FaceswapError(
        f"The training has diverged at step {step}: {what}. The last checkpoint stands; lower the learning rate."
    )


def _networks(model: Any) -> dict[str, Any]:
    return {name: network.variables for name, network in model.networks.items()}


def _optimizers(engine: Engine) -> dict[str, Any]:
    return {player.name: player.optimizer.variables for player in engine.players}


def _named(groups: Groups) -> Iterable[tuple[str, Any]]:
    for group, variables in groups.items():
        for position, variable in enumerate(variables):
            yield f"{group}/{position:03d}/{variable.path}", variable


def _place(name: str) -> str:
    return "/".join(name.split("/")[:2])


def _plain(name: str) -> str:
    return _AUTOMATIC_NUMBER.sub("", name)


def _misfit(folder: Path, what: str) -> CheckpointError:
    return CheckpointError(f"the checkpoint in {folder} does not fit the model: {what}; was the plugin changed?")
