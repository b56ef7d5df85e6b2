"""What a plugin's name leads to: the names of its package, module and class, and which names can be taken."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ... import __all__ as PUBLIC
from ..errors import PluginError
from ..names import KINDS
from ..registry import discover, known_kind

_VALID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@dataclass(frozen=True)
class Names:
    """The names of a new plugin.

    Attributes:
        kind: Its kind.
        name: Its name on the command line: `tint`.
        package: Its distribution: `faceswap-tint-blender`.
        module: Its module: `faceswap_tint_blender`.
        class_name: Its class: `TintBlender`.
    """

    kind: str
    name: str
    package: str
    module: str
    class_name: str

    @property
    def label(self) -> str:
        """The plugin as messages call it: `blender 'tint'`."""
        return f"{self.kind} '{self.name}'"

    @property
    def group(self) -> str:
        """The entry-point group of its kind."""
        return KINDS[self.kind].group

    @property
    def hook(self) -> str:
        """The hook of its kind."""
        return KINDS[self.kind].hook


def new_names(kind: str, name: str) -> Names:
    """The names of a plugin that is to be made.

    Args:
        kind: Its kind.
        name: Its name on the command line.

    Raises:
        PluginError: There is no such kind, the name is not valid, or an installed plugin of the kind has it.
    """
    _check_valid(known_kind(kind), name)
    for found in discover(kind):
        if found.name == name:
            raise PluginError(f"There is a {found.label} already, from {found.origin}. Choose another name.")
    return derived_names(kind, name)


def derived_names(kind: str, name: str) -> Names:
    """The names of a plugin with a valid name; the kind is part of them, so that two kinds may share a name."""
    stem = name if name == kind or name.endswith(f"-{kind}") else f"{name}-{kind}"
    package = f"faceswap-{stem}"
    class_name = "".join(part.capitalize() for part in stem.split("-"))
    if class_name in PUBLIC:  # A plugin `crop` is no CropBlender of the host's.
        class_name += "Plugin"
    return Names(kind, name, package, package.replace("-", "_"), class_name)


def _check_valid(kind: str, name: str) -> None:
    if _VALID.fullmatch(name):
        return
    nearest = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    example = nearest if _VALID.fullmatch(nearest) else f"my-{kind}"
    raise PluginError(
        "A plugin's name must be of lower-case letters and digits, with single hyphens between them, and begin with a "
        f"letter, such as '{example}'. Received: '{name}'"
    )
