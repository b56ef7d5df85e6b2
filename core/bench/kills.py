"""Kills extract, train and convert by `kill -9` at random moments, lets the same command continue, and compares.

Nothing that was committed before a kill may be missing after it, no continuing command may fail, and what is there in
the end must equal what an uninterrupted run makes.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Collection
from pathlib import Path
from tempfile import TemporaryDirectory

from .measure import Figure
from .trials import Trial, make_trials
from .victim import Victim

_KILLS_IN_A_FOLDER = 4
"""So many kills go before a run that is let through and compared."""

_FRUITLESS_RUNS = 10
"""After so many runs in a row that ended before they could be killed, no more are tried."""

_STARTING = 0.15
"""The share of the kills that fall into the time before the work proper."""


def measure(names: Collection[str], count: int, seed: int) -> list[Figure]:
    """Kills commands so many times.

    Args:
        names: Which of extract, train and convert.
        count: Kills of each.
        seed: Of the moments and of whom a kill hits.

    Returns:
        For each command how often something was lost; what it was is among the details.
    """
    with TemporaryDirectory(prefix="faceswap-bench-") as folder:
        trials = [trial for trial in make_trials(Path(folder)) if trial.name in names]
        return [torture(trial, Path(folder) / trial.name, count, seed) for trial in trials]


def torture(trial: Trial, folder: Path, count: int, seed: int) -> Figure:
    """Kills one command.

    Args:
        trial: The command.
        folder: A folder that is made, and removed in the end.
        count: How many kills.
        seed: Of the moments and of whom a kill hits.
    """
    generator = random.Random(f"{seed} {trial.name}")
    folder.mkdir()
    with Victim(trial.words(folder), trial.stage) as victim:
        victim.wait()
    if victim.failure or not victim.startup:
        raise RuntimeError(f"`{trial.name}` did not work without a kill: {victim.failure or 'no stage was told'}")
    expected, startup = trial.result(folder), victim.startup
    kills, fruitless, losses = 0, 0, []
    while kills < count and fruitless < _FRUITLESS_RUNS:
        shutil.rmtree(folder)
        folder.mkdir()
        struck, lost = _strike(trial, folder, min(_KILLS_IN_A_FOLDER, count - kills), startup, generator)
        kills, fruitless = kills + struck, 0 if struck else fruitless + 1
        losses += lost or _unlike(trial, folder, expected)
        if lost and not struck:
            break  # It fails by itself, and would for ever.
    shutil.rmtree(folder)
    return Figure(f"kills: {trial.name}, losses in {kills} kills", len(losses), "", 0, {"losses": losses})


def _strike(trial: Trial, folder: Path, count: int, startup: float, generator: random.Random) -> tuple[int, list[str]]:
    """Kills a command up to `count` times, then lets it end.

    Returns:
        How many kills there were, and what they cost.
    """
    kills = 0
    losses: list[str] = []
    while True:
        with Victim(trial.words(folder), trial.stage) as victim:
            if kills < count:
                victim.wait_for_moment(generator, startup if generator.random() < _STARTING else None)
                before = trial.held(folder)
                struck = victim.kill(generator)
            else:
                before, struck = frozenset(), ""
            victim.wait()
        if struck:
            kills += 1
            missing = before - trial.held(folder)
            losses += [f"kill {kills} ({struck}) lost {len(missing)} of {len(before)}"] if missing else []
        elif victim.failure:
            return kills, [*losses, f"after {kills} kills the command failed: {victim.failure}"]
        else:
            return kills, losses


def _unlike(trial: Trial, folder: Path, expected: object) -> list[str]:
    return [] if trial.result(folder) == expected else ["the result is not that of an uninterrupted run"]
