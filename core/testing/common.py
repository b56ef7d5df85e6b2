"""Checks of plugins of every kind at work: loading, and how each call treats what it is given."""

from __future__ import annotations

import copy
from typing import Any

from ..checking import checked
from ..kinds import Trainable
from . import declared
from .arrays import arrays_in, copied, difference, not_finite, read_only
from .exercise import count
from .randomness import expect_alike, no_hidden_randomness
from .records import CheckError, SkipCheckError, check_of, expect
from .subject import Subject


def loads(subject: Subject) -> None:
    """The plugin loads."""
    try:
        subject.plugin  # noqa: B018
    except SkipCheckError as skipped:
        error = skipped.__cause__
        if error is None:
            raise
        raise CheckError(f"expected load() to work. Received: {type(error).__name__}: {error}") from error


def loads_twice(subject: Subject) -> None:
    """Calling load() again does no harm."""
    _, plugin = subject.answers, subject.fresh()
    answers = [subject.exercise.run(plugin, call) for call in subject.calls]
    plugin.load()
    for call, answer in zip(subject.calls, answers, strict=True):
        again = subject.exercise.run(plugin, call)
        if isinstance(plugin, Trainable):  # Fresh weights answer differently, in the same shapes.
            shapes = [array.shape for _, array in arrays_in(answer)]
            received = [array.shape for _, array in arrays_in(again)]
            expect(received == shapes, f"arrays of shapes {shapes} after a second load()", received)
        else:
            expect_alike(subject, answer, again, subject.tolerance, "the same answer after a second load()")


def contract_types(subject: Subject) -> None:
    """What it answers has the types and shapes of the contract."""
    calls, plugin = subject.calls, _watched(subject)
    for call in calls:
        answer = subject.exercise.run(plugin, call)
        wanted, received = len(subject.exercise.singles(call)), len(subject.exercise.items(answer))
        expect(received == wanted, f"an answer for each of {wanted} items", received)


def inputs_unchanged(subject: Subject) -> None:
    """What it is given is the same after the call."""
    given, answers = subject.calls, subject.answers
    for call, kept, _ in zip(given, copied(given), answers, strict=True):
        subject.exercise.run(subject.plugin, call)
        changed = difference(kept, call)
        expect(changed is None, "inputs that are left alone", changed)


def read_only_inputs(subject: Subject) -> None:
    """It works on arrays that cannot be written to."""
    plugin, answers = subject.plugin, subject.answers
    for call, answer in zip(read_only(subject.calls), answers, strict=True):
        try:
            again = subject.exercise.run(plugin, call)
        except Exception as error:
            raise CheckError(f"expected an answer. Received: {type(error).__name__}: {error}") from error
        expect_alike(subject, answer, again, subject.tolerance, "the same answer as for writable arrays")


def same_answer(subject: Subject) -> None:
    """Two objects with the same options (and, for trainable ones, the same seed) give the same answers."""
    answers = subject.answers
    other = subject.fresh()
    for call, answer in zip(subject.calls, answers, strict=True):
        again = subject.exercise.run(other, call)
        expect_alike(subject, answer, again, subject.tolerance, "the same answer from a second object")


def batch_equals_singles(subject: Subject) -> None:
    """A batch gives what its items give one by one."""
    exercise, plugin = subject.exercise, subject.plugin
    for call, answer in zip(subject.calls, subject.answers, strict=True):
        items = exercise.items(answer)
        for number, (item, single) in enumerate(zip(items, exercise.singles(call), strict=False)):
            alone = exercise.items(exercise.run(plugin, single))
            what = f"item {number} of a batch of {len(items)} to be what it is alone"
            expect_alike(subject, [item], alone, subject.tolerance, what)


def empty_batch(subject: Subject) -> None:
    """A call without any face gives an answer without any face."""
    plugin = _fit(subject)
    answer = subject.exercise.run(plugin, subject.exercise.empty(plugin))
    received = len(answer) if isinstance(answer, list) else count(answer)
    expect(received == 0, "an empty answer", f"{received} items")


def odd_sizes(subject: Subject) -> None:
    """Odd, tiny and unusual sizes give answers that keep the contract."""
    plugin = _fit(subject)
    for call in subject.exercise.odd(plugin):
        shapes = [list(array.shape) for _, array in arrays_in(call)]
        try:
            answer = subject.exercise.run(plugin, copied(call))
        except Exception as error:
            what = f"{type(error).__name__}: {error}"
            raise CheckError(f"expected an answer to arrays of shapes {shapes}. Received: {what}") from error
        broken = not_finite(answer)
        expect(broken is None, f"finite numbers for arrays of shapes {shapes}", f"others in {broken}")


def _watched(subject: Subject) -> Any:
    """A twin of the shared object whose calls are checked against the contract."""
    return checked(copy.copy(subject.plugin), subject.found.label)


def _fit(subject: Subject) -> Any:
    """The plugin to give unusual calls to: watched, unless it breaks the contract for ordinary ones already."""
    _ = subject.calls

    def keeps_contract() -> bool:
        try:
            contract_types(subject)
        except Exception:
            return False
        return True

    return _watched(subject) if subject.remember("keeps-contract", keeps_contract) else subject.plugin


CHECKS = (
    *declared.CHECKS,
    *(
        check_of(function)
        for function in (
            loads,
            loads_twice,
            contract_types,
            inputs_unchanged,
            read_only_inputs,
            same_answer,
            no_hidden_randomness,
            batch_equals_singles,
            empty_batch,
            odd_sizes,
        )
    ),
)
