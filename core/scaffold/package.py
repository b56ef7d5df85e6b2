"""Writes a new plugin package: the templates filled in, published whole or not at all."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from string import Template

from ...lib.publish import output_errors, publish_new_folder, require_parent, temp_path
from ..errors import OutputError
from ..names import CONTRACT_VERSION
from .naming import Names, new_names
from .templates import About, chosen_base, filled_files, read_about


@dataclass(frozen=True)
class NewPackage:
    """A package that was written.

    Attributes:
        names: The names of its plugin.
        folder: Its folder.
        files: The paths of its files below the folder.
        use: A command that uses the plugin; empty where no command takes its kind.
    """

    names: Names
    folder: Path
    files: tuple[str, ...]
    use: str


def new_package(kind: str, name: str, parent: Path, base: str | None = None) -> NewPackage:
    """Writes the package of a new plugin into a folder of its own.

    Args:
        kind: The plugin's kind.
        name: Its name on the command line.
        parent: Where the package's folder is made.
        base: Its base class, where there are templates for several; the first when None.

    Raises:
        PluginError: There is no such kind or base class, the name is not valid, or an installed plugin has it.
        OutputError: The folder exists already, or cannot be written.
    """
    names = new_names(kind, name)
    base = chosen_base(kind, base)
    about = read_about(kind, base)
    use = Template(about.use).substitute(name=name)
    folder = parent / names.package
    _refuse_existing(folder)
    files = filled_files(kind, base, _values(names, about, use))
    _write(folder, files)
    return NewPackage(names, folder, tuple(files), use)


def _values(names: Names, about: About, use: str) -> dict[str, str]:
    """What stands for each name in the templates."""
    return {
        "kind": names.kind,
        "name": names.name,
        "package": names.package,
        "module": names.module,
        "class_name": names.class_name,
        "group": names.group,
        "hook": names.hook,
        "contract": str(CONTRACT_VERSION),
        "summary": about.summary,
        "dependencies": ", ".join(f'"{needed}"' for needed in about.dependencies),
        "use": use or f"# No command takes a {names.kind} yet.",
    }


def _refuse_existing(folder: Path) -> None:
    if os.path.lexists(folder):
        raise OutputError(f"cannot make {folder}: it exists already, and nothing is overwritten; choose another --path")
    require_parent(folder)


def _write(folder: Path, files: dict[str, str]) -> None:
    temp = temp_path(folder)
    try:
        with output_errors(folder):
            for name, text in files.items():
                path = temp / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8", newline="\n")
        publish_new_folder(temp, folder)
    finally:
        shutil.rmtree(temp, ignore_errors=True)
