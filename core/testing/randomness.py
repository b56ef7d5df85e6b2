"""Whether answers hang on global random generators, and the comparison that blames only those for what they cause."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .arrays import copied, difference
from .records import SkipCheckError, expect
from .subject import Subject

_SEEDS = (1, 2)


def no_hidden_randomness(subject: Subject) -> None:
    """However numpy's and Python's global random generators are seeded, its answers are the same; it leaves both alone.

    Only calls are watched: building networks may draw from the global generators, which the host seeds for it.
    """
    varied = variation(subject)
    expect(varied is None, "the same answer to the same call, however the global generators are seeded", varied)
    moved = subject.remember("moved-generator", lambda: _moved_generator(subject))
    expect(moved is None, "global random generators that a call leaves as they were", f"{moved} in another state")


def expect_alike(subject: Subject, answer: Any, again: Any, tolerance: float, expected: str) -> None:
    """Fails the running check where two answers differ, unless hidden randomness makes every answer differ.

    Raises:
        CheckError: They differ.
        SkipCheckError: They differ as all answers of this plugin do, which `no-hidden-randomness` reports.
    """
    found = difference(answer, again, tolerance)
    if found is not None and variation(subject) is not None:
        raise SkipCheckError("its answers change from call to call, which `no-hidden-randomness` reports")
    allowed = f", to {tolerance:g}" if tolerance else ", bit for bit"
    expect(found is None, expected + allowed, found)


def variation(subject: Subject) -> str | None:
    """Where two answers to one call differ when only the global generators' seeds do; None when they are alike."""
    found: str | None = subject.remember("variation", lambda: _variation(subject))
    return found


def _variation(subject: Subject) -> str | None:
    _ = subject.answers
    for call in subject.calls:
        first, second = (_seeded_run(subject, call, seed) for seed in _SEEDS)
        found = difference(first, second, subject.tolerance)
        if found is not None:
            return found
    return None


def _seeded_run(subject: Subject, call: Any, seed: int) -> Any:
    with _kept_generators():
        _seed(seed)
        return subject.exercise.run(subject.plugin, copied(call))


def _moved_generator(subject: Subject) -> str | None:
    """Names the global generator that a call draws from or seeds."""
    for call in subject.calls:
        with _kept_generators():
            _seed(_SEEDS[0])
            before = _states()
            subject.exercise.run(subject.plugin, call)
            moved = [name for name, state in _states().items() if state != before[name]]
        if moved:
            return moved[0]
    return None


def _seed(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)


def _states() -> dict[str, Any]:
    numpys = [part.tobytes() if isinstance(part, np.ndarray) else part for part in np.random.get_state()]
    return {"Python's": random.getstate(), "numpy's": numpys}


@contextmanager
def _kept_generators() -> Iterator[None]:
    """Puts the global generators back as they were: the suite must not do what it forbids."""
    ours, numpys = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(ours)
        np.random.set_state(numpys)
