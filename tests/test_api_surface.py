"""The public names of `faceswap` and `faceswap.testing` are those of `api_surface.json`.

After a change that is meant, write the file anew with `python tests/test_api_surface.py`, and read its diff by
docs/plugins/publishing.md, "Versions": what was removed or changed there needs the road that is described there.
"""

import dataclasses
import importlib
import inspect
import json
from pathlib import Path

import pytest

SURFACE = Path(__file__).with_name("api_surface.json")
MODULES = ("faceswap", "faceswap.testing")
AGAIN = "If this is meant: `python tests/test_api_surface.py`, and docs/plugins/publishing.md, 'Versions'"


def describe_module(name):
    module = importlib.import_module(name)
    return {public: describe(getattr(module, public)) for public in sorted(module.__all__)}


def describe(value):
    """What a plugin or a script can rely on: a function's signature, a class's fields, attributes and methods."""
    if inspect.isclass(value):
        return {
            "class": [base.__name__ for base in value.__bases__],
            "fields": described_fields(value),
            "members": dict(sorted(dict(members_of(value)).items(), key=lambda member: member[0])),
        }
    return str(inspect.signature(value)) if inspect.isfunction(value) else f"a {type(value).__name__}"


def fields_of(owner):
    """Field names -> whether they must be given, of a dataclass (in the order of its arguments) or a pydantic model."""
    if dataclasses.is_dataclass(owner):
        missing = dataclasses.MISSING
        return {each.name: each.default is missing is each.default_factory for each in dataclasses.fields(owner)}
    return {name: field.is_required() for name, field in sorted(getattr(owner, "model_fields", {}).items())}


def described_fields(owner):
    return [name if required else f"{name} (optional)" for name, required in fields_of(owner).items()]


def members_of(owner):
    """Public methods, properties, attributes and options, its own and those that it inherits from this project."""
    for base in reversed(owner.__mro__):
        if base.__module__.partition(".")[0] == "faceswap":
            declared = {name: str(text) for name, text in inspect.get_annotations(base).items()}
            for name in {**declared, **vars(base)}:
                if not name.startswith("_") and name not in fields_of(owner) and name != "model_config":
                    yield name, describe_member(vars(base).get(name), declared.get(name))


def describe_member(value, annotation):
    if isinstance(value, property):
        return "property"
    if isinstance(value, (classmethod, staticmethod)):
        return f"{type(value).__name__} {inspect.signature(value.__func__)}"
    if inspect.isclass(value):
        return {"fields": described_fields(value)}
    return str(inspect.signature(value)) if inspect.isfunction(value) else f"attribute: {annotation or 'any'}"


def difference(recorded, found):
    """The names that differ, one line each."""
    names = sorted({*recorded, *found})
    told = {True: "was removed", False: "was changed"}
    return [
        f"{name} {'is new' if name not in recorded else told[name not in found]}: "
        f"{recorded.get(name)} -> {found.get(name)}"
        for name in names
        if recorded.get(name) != found.get(name)
    ]


@pytest.mark.parametrize("module", MODULES)
def test_feature_the_public_names_are_the_recorded_ones(module):
    recorded = json.loads(SURFACE.read_text())[module]
    changed = difference(recorded, describe_module(module))
    assert not changed, "\n".join([*changed, AGAIN])


@pytest.mark.parametrize("module", MODULES)
def test_feature_every_recorded_name_can_be_imported_and_is_explained(module):
    found = importlib.import_module(module)
    for name in json.loads(SURFACE.read_text())[module]:
        assert inspect.getdoc(getattr(found, name)), name


class Before:
    width: int = 1

    def swap(self, crops, identity):
        """Before."""


@pytest.mark.parametrize(
    ("after", "words"),
    [
        ({}, "Before was removed"),
        ({"Before": describe(type("Before", (), {}))}, "Before was changed"),
        ({"Before": None, "After": "(self)"}, "After is new"),
    ],
)
def test_feature_a_difference_is_told(after, words, monkeypatch):
    monkeypatch.setattr(Before, "__module__", "faceswap.somewhere")
    recorded = {"Before": describe(Before)}
    assert recorded["Before"]["members"] == {"swap": "(self, crops, identity)", "width": "attribute: <class 'int'>"}
    assert difference(recorded, recorded) == []
    assert words in "\n".join(difference(recorded, after))


if __name__ == "__main__":
    surface = {name: describe_module(name) for name in MODULES}
    SURFACE.write_text(json.dumps(surface, indent=1) + "\n")
