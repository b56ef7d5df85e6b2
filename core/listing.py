"""What can be said of a plugin without importing it: its summary, its weights and whether they are there.

The module's source is found through the import system's finders and read with `ast`.
"""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..lib.weights import State, WeightsFile, state
from .registry import Found

_DOCSTRING = re.compile(rb'(?:[ \t]*(?:#[^\n]*)?\r?\n)*"""[^"\\]*"""(?=[ \t]*\r?\n)')


@dataclass(frozen=True)
class Listed:
    """A plugin as the list shows it.

    Attributes:
        kind: Its kind.
        name: Its name on the command line.
        package: The distribution that brought it.
        version: That distribution's version.
        summary: The first line of its module's docstring.
        weights: Its weights files as it declares them, each with the `state` that `lib/weights.py` tells.
    """

    kind: str
    name: str
    package: str
    version: str
    summary: str
    weights: tuple[dict[str, Any], ...]

    @property
    def weights_terms(self) -> str:
        """Their weights' terms in a few words: licences, or that commercial use is excluded; and what is missing."""
        terms = (
            (part.get("licence", "unknown") if part.get("commercial") else "non-commercial")
            + (" (optional)" if part.get("optional") else "")
            for part in self.weights
        )
        return ": ".join([", ".join(dict.fromkeys(terms)), *self.absent])

    @property
    def absent(self) -> list[State]:
        """What is wrong with weights that it needs: that some are missing, or others than it declares."""
        needed = [part["state"] for part in self.weights if not part.get("optional")]
        return [state for state in (State.MISSING, State.WRONG) if state in needed]

    def as_dict(self) -> dict[str, Any]:
        """The plugin as JSON holds it."""
        return asdict(self)


def describe(found: Found) -> Listed:
    """Reads what a plugin's source says of it; an unreadable source gives an empty summary."""
    tree = _parsed(found.module)
    summary = (ast.get_docstring(tree) or "").partition("\n")[0]
    weights = tuple({**entry, "state": _state(entry)} for entry in _weights(tree))
    return Listed(found.kind, found.name, found.package, found.version, summary, weights)


def _state(entry: dict[str, Any]) -> str:
    try:
        return state(WeightsFile.declared(entry))
    except (ValueError, OSError) as error:
        return f"unclear: {error}"


def _parsed(module: str) -> ast.Module:
    source = find_source(module)
    try:
        return ast.parse(_relevant(source.read_bytes())) if source else ast.Module([], [])
    except (OSError, SyntaxError, ValueError):
        return ast.Module([], [])


def _relevant(source: bytes) -> bytes:
    """The docstring alone where a module declares no weights, since parsing all of it costs more than all the rest."""
    docstring = None if b"WEIGHTS" in source else _DOCSTRING.match(source)
    return docstring[0] if docstring else source


def find_source(module: str) -> Path | None:
    """Finds a module's file without importing it or the packages above it."""
    top, *below = module.split(".")
    loaded = sys.modules.get(top)
    spec = loaded.__spec__ if loaded else _find_spec(top)
    if spec is None:
        return None
    if not below:
        return Path(spec.origin) if spec.origin else None
    return _below(spec.submodule_search_locations or [], below)


def _find_spec(top: str) -> Any:
    for finder in sys.meta_path:
        spec = finder.find_spec(top, None)
        if spec is not None:
            return spec
    return None


def _below(roots: Any, parts: list[str]) -> Path | None:
    for root in roots:
        path = Path(root).joinpath(*parts)
        for candidate in (path.with_suffix(".py"), path / "__init__.py"):
            if candidate.is_file():
                return candidate
    return None


def _weights(tree: ast.Module) -> tuple[dict[str, Any], ...]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(_is_weights(target) for target in node.targets):
            return _literal(node.value)
        if isinstance(node, ast.AnnAssign) and node.value is not None and _is_weights(node.target):
            return _literal(node.value)
    return ()


def _is_weights(target: ast.expr) -> bool:
    return isinstance(target, ast.Name) and target.id == "WEIGHTS"


def _literal(node: ast.expr) -> tuple[dict[str, Any], ...]:
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return ()
    entries = value if isinstance(value, (tuple, list)) else ()
    return tuple(
        {key: part for key, part in entry.items() if _is_plain(key, part)}
        for entry in entries
        if isinstance(entry, dict)
    )


def _is_plain(key: Any, value: Any) -> bool:
    """Whether JSON can hold a part of an entry."""
    return isinstance(key, str) and (value is None or isinstance(value, (str, int, float)))
