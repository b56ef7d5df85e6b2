"""Between the engine and its checkpoints: which arrays make up the state of a training run, and back.

Arrays are named `<network or player>/<position>/<variable path>`. The position decides where an array belongs, since
automatic layer names differ from process to process; the rest of the name must fit up to such numbers.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...lib import checkpoint
from ..errors import CheckpointError, FaceswapError
from .engine import Engine
from .standing import Standing, best_step

Arrays = dict[str, NDArray[Any]]
Groups = Mapping[str, Iterable[Any]]
"""Keras variables by network or player."""
Named = Mapping[str, Any]
"""Keras variables by the names under which they are saved."""

WEIGHTS = "weights"
OPTIMIZER = "optimizer"
AVERAGE = "average"
ACCUMULATED = "accumulated"
GUARD = "guard"

_OPTIONAL = frozenset({AVERAGE, ACCUMULATED, GUARD})
"""Parts that a checkpoint need not have: they begin afresh when a setting is changed between two runs."""

NEWEST, BEST = "newest", "best"

_AUTOMATIC_NUMBER = re.compile(r"_\d+(?=/|$)")


def save_checkpoint(folder: Path, engine: Engine, keep: int, standing: Standing | None = None) -> Path:
    """Saves the engine's state.

    Args:
        folder: The model folder.
        engine: The engine, between two steps.
        keep: How many checkpoints are kept, beside the best one.
        standing: How the run stands by its validations.

    Raises:
        FaceswapError: The training has diverged; nothing is saved.
        OutputError: The disk is full or cannot be written; the checkpoints before this one are untouched.
    """
    parts = {name: _read(variables) for name, variables in _parts(engine).items()}
    for arrays in parts.values():
        broken = [name for name, array in arrays.items() if not np.isfinite(array).all()]
        if broken:
            raise diverged(engine.step, f"`{broken[0]}` holds values that are not numbers")
    standing = standing or Standing()
    info = {
        "seed": engine.seed,
        "backend": engine.backend,
        "precision": engine.precision,
        "batch_size": engine.batch_size,
        "shown": engine.shown,
        "slowing": engine.slowing,
    }
    best = () if standing.best_step is None else (standing.best_step,)
    return checkpoint.save(folder, engine.step, parts, info | standing.info(), keep=keep, keep_also=best)


def resume(folder: Path, engine: Engine) -> tuple[str, ...]:
    """Puts the engine into the state of the newest checkpoint that verifies, if there is any checkpoint.

    Any backend goes on from the checkpoints of any other, but each draws random numbers of its own.

    Returns:
        One line for each damaged checkpoint that was passed over, for each player or discriminator that came or went
        since, and where another backend saved the checkpoint.

    Raises:
        CheckpointError: All checkpoints are damaged, or they are of another model.
    """
    if not checkpoint.saved_steps(folder):
        return ()
    saved = checkpoint.load_latest(folder)
    parts, changes = _parts(engine), []
    _write(parts.pop(WEIGHTS), saved.parts.get(WEIGHTS, {}), folder)
    for part, variables in parts.items():
        if part in saved.parts or part not in _OPTIONAL:
            came_or_went = _take_up(variables, saved.parts.get(part, {}), folder)
            changes += came_or_went if part == OPTIMIZER else []
    if AVERAGE not in saved.parts:
        for update in engine.updates:
            update.start_average()
    engine.step, engine.slowing = saved.step, float(saved.info.get("slowing", 1.0))
    # Older checkpoints do not tell: their batches are taken to have been of one size.
    batch_size = saved.info.get("batch_size", engine.batch_size)
    engine.shown = int(saved.info.get("shown", saved.step * batch_size))
    before = saved.info.get("backend", engine.backend)
    if before != engine.backend:
        moved = f"was trained on {before} so far and is now on {engine.backend}, which draws other random numbers"
        changes.append(f"{folder} {moved}")
    return (*saved.skipped, *changes)


def load_weights(folder: Path, model: Any, which: str = NEWEST) -> checkpoint.Checkpoint:
    """Gives a loaded model the weights of a checkpoint: their average, where one is kept.

    Args:
        folder: The model folder.
        model: The model, loaded.
        which: `newest`, the newest that verifies; `best`, the best by validation; or a step.

    Raises:
        CheckpointError: There is no such checkpoint, it is damaged, or it is of another model.
    """
    saved = load_chosen(folder, which)
    write_arrays(swap_networks(model), _averaged(saved), folder)
    return saved


def take_weights(folder: Path, model: Any) -> tuple[int, int]:
    """Gives a loaded model what fits of another model's newest weights.

    An array fits where network, layer name and shape agree; of several of one name the first fits the first.

    Returns:
        How many arrays were taken, and of how many.

    Raises:
        CheckpointError: There is no checkpoint, all are damaged, or nothing fits.
    """
    wanted = _by_layer(_named(swap_networks(model)))
    found = _by_layer(_averaged(checkpoint.load_latest(folder)))
    fitting = [(wanted[place], found[place]) for place in wanted.keys() & found.keys()]
    fitting = [(variable, array) for variable, array in fitting if tuple(variable.shape) == array.shape]
    if not fitting:
        raise CheckpointError(f"nothing of the model in {folder} fits: no layer of the same network, name and shape")
    for variable, array in fitting:
        variable.assign(array)
    return len(fitting), len(wanted)


def load_chosen(folder: Path, which: str) -> checkpoint.Checkpoint:
    """Reads a checkpoint; arguments and errors as in `load_weights`."""
    if which == NEWEST:
        return checkpoint.load_latest(folder)
    if which == BEST:
        step = best_step(folder)
        if step is None:
            raise CheckpointError(f"{folder} has no best checkpoint: no validation was made; take the newest")
        return checkpoint.load_step(folder, step)
    if not (which.isascii() and which.isdecimal()):
        raise CheckpointError(f"a checkpoint is `{NEWEST}`, `{BEST}` or a step. Received: {which!r}")
    return checkpoint.load_step(folder, int(which))


def read_arrays(groups: Groups) -> Arrays:
    """The values of variables, by the names under which they are saved."""
    return _read(_named(groups))


def write_arrays(groups: Groups, arrays: Mapping[str, NDArray[Any]], folder: Path) -> None:
    """Gives variables the values that were saved.

    Args:
        groups: The variables, made as they were when the arrays were saved.
        arrays: What `read_arrays` returned then.
        folder: Where they come from, for messages.

    Raises:
        CheckpointError: A variable is missing, is one too many, or has another name or shape; none is changed.
    """
    _write(_named(groups), arrays, folder)


def _read(variables: Named) -> Arrays:
    from keras import ops

    return {name: np.asarray(ops.convert_to_numpy(variable)) for name, variable in variables.items()}


def _write(variables: Named, arrays: Mapping[str, NDArray[Any]], folder: Path) -> None:
    saved = {_place(name): (name, array) for name, array in arrays.items()}
    wanted = [(name, variable, saved.pop(_place(name), None)) for name, variable in variables.items()]
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


def _parts(engine: Engine) -> dict[str, Named]:
    """All that is saved; averages bear the names of their weights."""
    updates = {update.player.name: update for update in engine.updates}
    networks, training = engine.model.networks, engine.model.only_trained_with
    averages = {id(weight): average for update in engine.updates for weight, average in update.averages}
    parts = {
        WEIGHTS: _named(swap_networks(engine.model)),
        OPTIMIZER: _named({_player(name, training): update.moments for name, update in updates.items()})
        | _named(_of(networks, training)),
        AVERAGE: {name: averages[id(own)] for name, own in _named(_of(networks)).items() if id(own) in averages},
        ACCUMULATED: _named({name: update.accumulated for name, update in updates.items()}),
        GUARD: _named({name: update.own for name, update in updates.items()}),
    }
    return {name: variables for name, variables in parts.items() if variables}


def _player(name: str, networks: Iterable[str]) -> str:
    """The name under which a player's optimizer is saved beside some networks, of which one may have its name."""
    return f"{name} (player)" if name in networks else name


def _averaged(saved: checkpoint.Checkpoint) -> Arrays:
    averages = saved.parts.get(AVERAGE, {})
    return {name: averages.get(name, weight) for name, weight in saved.parts.get(WEIGHTS, {}).items()}


def _by_layer(named: Named) -> dict[tuple[str, str, int], Any]:
    """Variables or arrays by network, layer name without automatic numbers, and which of that name it is."""
    places: dict[tuple[str, str, int], Any] = {}
    seen: Counter[tuple[str, str]] = Counter()
    for name in sorted(named):
        network, _, path = name.split("/", 2)
        places[network, _plain(path), seen[network, _plain(path)]] = named[name]
        seen[network, _plain(path)] += 1
    return places


def swap_networks(model: Any) -> dict[str, Any]:
    """The variables of a model's networks, by name, without those that training alone needs."""
    return _of(model.networks, [name for name in model.networks if name not in model.only_trained_with])


def _of(networks: Mapping[str, Any], names: Iterable[str] | None = None) -> dict[str, Any]:
    """The variables of some networks, or of all, by name."""
    return {name: networks[name].variables for name in (networks if names is None else names)}


def _take_up(variables: Named, arrays: Mapping[str, NDArray[Any]], folder: Path) -> list[str]:
    """Writes what was saved of the players and networks that there were before; says in a line which came or went."""
    wanted, known = ({_group(name) for name in names} for names in (variables, arrays))
    both = wanted & known
    kept = {name: array for name, array in arrays.items() if _group(name) in both}
    _write({name: variable for name, variable in variables.items() if _group(name) in both}, kept, folder)
    changes = (
        ("starts its {} afresh: there was none before", wanted - known),
        ("leaves its {} behind", known - wanted),
    )
    return [f"{folder} {what.format(', '.join(sorted(names)))}" for what, names in changes if names]


def _group(name: str) -> str:
    """The player or network of a saved name."""
    return name.partition("/")[0]


def _named(groups: Groups) -> dict[str, Any]:
    return {
        f"{group}/{position:03d}/{variable.path}": variable
        for group, variables in groups.items()
        for position, variable in enumerate(variables)
    }


def _place(name: str) -> str:
    return "/".join(name.split("/")[:2])


def _plain(name: str) -> str:
    return _AUTOMATIC_NUMBER.sub("", name)


def _misfit(folder: Path, what: str) -> CheckpointError:
    return CheckpointError(f"the checkpoint in {folder} does not fit the model: {what}; was the plugin changed?")
