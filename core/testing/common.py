"""Checks for plugins of every kind: importing, options, loading, and how each call treats what it is given."""

from __future__ import annotations

import copy
import json
import os
import pickle
import sys
from typing import Any

from pydantic import ValidationError

from ..checking import checked
from ..kinds import Trainable
from .arrays import arrays_in, copied, difference, not_finite, read_only
from .exercise import count
from .interpreter import last_line, run_fresh
from .records import CheckError, SkipCheckError, check_of, expect
from .subject import Subject

_HEAVY = ("jax", "keras", "tensorflow", "torch")

_INSIDE = "FACESWAP_INSIDE_LIGHT_IMPORT"
"""Set in the interpreter that imports a plugin's module: a module that itself runs the suite must not begin anew."""

_IMPORT_AND_MAKE = """
import contextlib, json, os
from importlib import import_module

inside, name, file, qualified = sys.argv[1:]
os.environ[inside] = "1"
heavy = {"jax", "keras", "tensorflow", "torch"} - before
try:
    module = import_module(name)
except ModuleNotFoundError as error:
    if not (error.name and f"{name}.".startswith(f"{error.name}.")):
        raise
    spec = importlib.util.spec_from_file_location(name, file)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
imported = sorted(heavy & set(sys.modules))
plugin_class = module
for part in qualified.split("."):
    plugin_class = getattr(plugin_class, part, None)
with contextlib.suppress(Exception):  # Whether it can be made is for other checks to say.
    plugin_class()
made = sorted(heavy & set(sys.modules))
print("\\n" + json.dumps([imported, made]))
"""


def light_import(subject: Subject) -> None:
    """Importing the module and making the plugin bring in no tensorflow, keras, torch or jax."""
    name = subject.plugin_class.__module__
    file = getattr(sys.modules.get(name), "__file__", None)
    if _INSIDE in os.environ:
        raise SkipCheckError("the module is being imported by this very check")
    if file is None or name == "__main__":
        raise SkipCheckError(f"the module {name} cannot be imported elsewhere")
    ran = run_fresh(_IMPORT_AND_MAKE, _INSIDE, name, file, subject.plugin_class.__qualname__, capture_output=True)
    expect(ran.returncode == 0, "the module to import in a fresh interpreter", last_line(ran.stderr))
    imported, made = json.loads(last_line(ran.stdout))
    expect(not imported, f"a module that leaves heavy imports ({', '.join(_HEAVY)}) to load()", imported)
    expect(not made, f"an __init__ that leaves heavy imports ({', '.join(_HEAVY)}) to load()", made)


def option_defaults(subject: Subject) -> None:
    """Every option has a default, and the defaults are allowed values."""
    options_class = subject.plugin_class.Options
    try:
        defaults = options_class()
        options_class.model_validate(defaults.model_dump())
    except ValidationError as error:
        first = error.errors()[0]
        raise CheckError(
            f"expected valid defaults. Received: {'.'.join(map(str, first['loc']))}: {first['msg']}"
        ) from None


def options_round_trip(subject: Subject) -> None:
    """Options written as JSON and read again are the same, so that a stored run can be repeated."""
    for options in (subject.options, _varied(subject.options)):
        again = type(options).model_validate(json.loads(json.dumps(options.model_dump(mode="json"))))
        expect(again == options, f"{options!r} after a round trip through JSON", repr(again))


def unknown_option_refused(subject: Subject) -> None:
    """An option that does not exist is an error."""
    options = subject.options
    try:
        type(options).model_validate({**options.model_dump(), "no_such_option": 1})
    except ValidationError:
        return
    raise CheckError("expected an error for the option `no_such_option`. Received: none")


def keeps_options(subject: Subject) -> None:
    """The options that the plugin is made with are its `options`."""
    given = _varied(subject.options)
    if given == subject.options:
        raise SkipCheckError("it has no option that could be varied")
    kept = getattr(subject.plugin_class(given), "options", None)
    expect(kept == given, f"options {given!r}", repr(kept))


def pickles(subject: Subject) -> None:
    """The class, its options and the plugin before load() survive pickling, as worker processes need."""
    made = subject.plugin_class(_varied(subject.options))
    try:
        again_class, again_options, again = pickle.loads(pickle.dumps((type(made), made.options, made)))
    except Exception as error:
        raise CheckError(f"expected it to be pickled. Received: {type(error).__name__}: {error}") from error
    expect(again_class is type(made), "the same class after pickling", again_class)
    expect(again_options == made.options, f"{made.options!r} after pickling", repr(again_options))
    expect(again.options == made.options, f"a plugin with {made.options!r} after pickling", repr(again.options))


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
            _expect_alike(answer, again, subject.tolerance, "the same answer after a second load()")


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
        _expect_alike(answer, again, subject.tolerance, "the same answer as for writable arrays")


def same_answer(subject: Subject) -> None:
    """Two objects with the same options (and, for trainable ones, the same seed) give the same answers."""
    answers = subject.answers
    other = subject.fresh()
    for call, answer in zip(subject.calls, answers, strict=True):
        again = subject.exercise.run(other, call)
        _expect_alike(answer, again, subject.tolerance, "the same answer from a second object")


def batch_equals_singles(subject: Subject) -> None:
    """A batch gives what its items give one by one."""
    exercise, plugin = subject.exercise, subject.plugin
    for call, answer in zip(subject.calls, subject.answers, strict=True):
        items = exercise.items(answer)
        for number, (item, single) in enumerate(zip(items, exercise.singles(call), strict=False)):
            alone = exercise.items(exercise.run(plugin, single))
            what = f"item {number} of a batch of {len(items)} to be what it is alone"
            _expect_alike([item], alone, subject.tolerance, what)


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


def _varied(options: Any) -> Any:
    """The same options with one of them changed to another allowed value; as they are where none can be."""
    values = options.model_dump()
    for name, value in values.items():
        for other in _others(value):
            try:
                changed = type(options).model_validate({**values, name: other})
            except ValidationError:
                continue
            if changed != options:
                return changed
    return options


def _others(value: Any) -> list[Any]:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, (int, float)):
        return [value / 2, value + 1, value - 1, value * 2]
    return []


def _watched(subject: Subject) -> Any:
    """A twin of the shared object whose calls are checked against the contract."""
    return checked(copy.copy(subject.plugin), subject.found.label)


def _fit(subject: Subject) -> Any:
    """The plugin to give unusual calls to: watched, unless it breaks the contract for ordinary ones already."""

    def keeps_contract() -> bool:
        try:
            contract_types(subject)
        except Exception:
            return False
        return True

    return _watched(subject) if subject.remember("keeps-contract", keeps_contract) else subject.plugin


def _expect_alike(answer: Any, again: Any, tolerance: float, expected: str) -> None:
    found = difference(answer, again, tolerance)
    allowed = f", to {tolerance:g}" if tolerance else ", bit for bit"
    expect(found is None, expected + allowed, found)


CHECKS = tuple(
    check_of(function)
    for function in (
        light_import,
        option_defaults,
        options_round_trip,
        unknown_option_refused,
        keeps_options,
        pickles,
        loads,
        loads_twice,
        contract_types,
        inputs_unchanged,
        read_only_inputs,
        same_answer,
        batch_equals_singles,
        empty_batch,
        odd_sizes,
    )
)
