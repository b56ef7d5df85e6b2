"""Checks of what a plugin is before it works: its module, its options, and how it travels to worker processes."""

from __future__ import annotations

import json
import os
import pickle
import sys
from typing import Any

from pydantic import ValidationError

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


CHECKS = tuple(
    check_of(function)
    for function in (
        light_import,
        option_defaults,
        options_round_trip,
        unknown_option_refused,
        keeps_options,
        pickles,
    )
)
