"""The templates of new plugin packages: files below `templates/`, with `$names` in the places of names.

    package/            what every package has; a path may hold names too
    KIND/BASE/          what a plugin of a base class has: its module, its test, and `about.toml`

They end in `.tmpl`, since they are no Python before they are filled in: linters, type checkers, pytest and the import
system pass them by, and a test checks the packages that are made of them instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

from ..errors import PluginError, suggest

_FOLDER = Path(__file__).with_name("templates")
_SUFFIX = ".tmpl"


@dataclass(frozen=True)
class About:
    """What a template says of its plugin.

    Attributes:
        summary: What the plugin does, in a sentence.
        dependencies: The packages that its module imports, faceswap left out.
        use: A command that uses the plugin, with `$name` for its name; empty where no command takes its kind.
    """

    summary: str
    dependencies: tuple[str, ...]
    use: str


def bases_of(kind: str) -> list[str]:
    """The base classes that there are templates for; the first is taken when nobody chooses."""
    return sorted(folder.parent.name for folder in (_FOLDER / kind).glob("*/about.toml"))


def chosen_base(kind: str, base: str | None) -> str:
    """The base class to take.

    Args:
        kind: The plugin's kind.
        base: What the user asked for; None for the first.

    Raises:
        PluginError: The kind has no template, or none of that base class.
    """
    known = bases_of(kind)
    if base is not None and base not in known:
        raise PluginError(f"There is no template of a {kind} with the base class '{base}'. {suggest(base, known)}")
    if not known:
        raise PluginError(f"There is no template of a {kind} yet. docs/plugins/ explains how to begin without one.")
    return base or known[0]


def read_about(kind: str, base: str) -> About:
    """Reads what a template says of its plugin."""
    import tomllib

    about = tomllib.loads((_FOLDER / kind / base / "about.toml").read_text(encoding="utf-8"))
    return About(about["summary"], tuple(about["dependencies"]), about["use"])


def filled_files(kind: str, base: str, values: Mapping[str, str]) -> dict[str, str]:
    """Fills in the templates of a package.

    Args:
        kind: The plugin's kind.
        base: Its base class.
        values: What stands for each name.

    Returns:
        Path below the package's folder -> content.
    """
    shared, own = _FOLDER / "package", _FOLDER / kind / base
    sources = {str(path.relative_to(shared)): path for path in sorted(shared.rglob(f"*{_SUFFIX}"))}
    sources |= {"$module.py": own / "module.py.tmpl", "tests/test_$module.py": own / "test.py.tmpl"}
    return {
        Template(name.removesuffix(_SUFFIX)).substitute(values): Template(
            source.read_text(encoding="utf-8")
        ).substitute(values)
        for name, source in sources.items()
    }
