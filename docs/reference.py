"""Writes pages of the site while it is built: the reference out of the code, the home page out of the README.

`pages()` gives them as text; run by mkdocs, this file hands them to the site.
"""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from click.testing import CliRunner

os.environ["FACESWAP_NO_PLUGINS"] = "1"  # The reference is of this package, whatever else is installed.

import faceswap
import faceswap.testing
from faceswap.core import hookspecs, kinds, run_hooks
from faceswap.core.cli.main import COMMANDS, cli
from faceswap.core.listing import describe
from faceswap.core.names import KINDS
from faceswap.core.options import describe_options
from faceswap.core.registry import Found, discover, select

_ROOT = Path(__file__).resolve().parents[1]
_PAGES = {"README": "index.md", "CONTRIBUTING": "contributing.md", "CHANGELOG": "changelog.md"}
_WIDTH = 100
_ELSEWHERE = ("core.kinds", "core.contract", "core.hookspecs")
"""Modules whose public names have a page of their own."""


def pages() -> dict[str, str]:
    """The pages that are made: path below `docs/` -> Markdown."""
    return {
        "index.md": _from_root("README.md"),
        "contributing.md": _from_root("CONTRIBUTING.md"),
        "changelog.md": _from_root("CHANGELOG.md"),
        "reference/kinds.md": _kinds(),
        "reference/contract.md": "# The contract as code\n\n" + _objects(["faceswap.core.contract"]),
        "reference/hooks.md": _hooks(),
        "reference/commands.md": _commands(),
        "reference/options.md": _options(),
        "reference/python.md": "# Python interface\n\n" + _objects(filter(_has_no_page, map(_home, faceswap.__all__))),
        "reference/testing.md": "# Conformance suite\n\n" + _objects(map(_testing_home, faceswap.testing.__all__)),
    }


def _hooks() -> str:
    sections = (
        ("Of a module: handing over the class", hookspecs),
        ("Of a listener: being told what a run does", run_hooks),
    )
    text = "# Hooks\n\nEach is marked with `hookimpl`: `from faceswap import hookimpl`.\n"
    for title, module in sections:
        hooks = [f"{module.__name__}.{name}" for name in vars(module) if name.startswith("faceswap_")]
        text += f"\n## {title}\n\n{_objects(hooks)}"
    return text


def _from_root(name: str) -> str:
    """A page that lies beside the docs: links to other pages are turned, links to what is no page become plain text."""
    text = (_ROOT / name).read_text()
    text = re.sub(r"\]\((?:docs/)?(README|CONTRIBUTING|CHANGELOG)\.md", lambda found: f"]({_PAGES[found[1]]}", text)
    text = text.replace("](docs/", "](")
    return re.sub(r"(?<!!)\[([^\]]+)\]\((?!https?:|#)(?![^)]*\.md)[^)]*\)", r"\1", text)


def _kinds() -> str:
    public = {name: getattr(kinds, name) for name in kinds.__all__}
    classes = [name for name, value in public.items() if inspect.isclass(value) and issubclass(value, kinds.Plugin)]
    groups = "\n".join(f"| `{kind.name}` | `{kind.base}` | `{kind.group}` | `{kind.hook}` |" for kind in KINDS.values())
    table = f"| kind | base class | entry-point group | hook |\n|---|---|---|---|\n{groups}\n"
    return f"# Plugin kinds\n\n{table}\n" + _objects(_path_of(public[name], name) for name in classes)


def _commands() -> str:
    sections = [f"## faceswap {name}\n\n```text\n{_help(name)}\n```\n" for name in COMMANDS]
    return "# Commands\n\nWhat each command says of itself, with the options of its default plugins.\n\n" + "\n".join(
        sections
    )


def _help(command: str) -> str:
    result = CliRunner().invoke(cli, [command, "--help"], terminal_width=_WIDTH, prog_name="faceswap")
    if result.exit_code:
        raise RuntimeError(f"`faceswap {command} --help` failed: {result.output}")
    return result.output.strip()


def _options() -> str:
    return "# Plugins and their options\n\n" + "\n".join(map(_plugin, discover()))


def _plugin(found: Found) -> str:
    listed = describe(found)
    options = describe_options(select(found.kind, found.name).plugin_class.Options)
    weights = f"\nWeights: {listed.weights_terms}.\n" if listed.weights else ""
    rows = [
        f"| `{option.name}` | {option.type} | `{option.default}` | {_cell(option.description)} |" for option in options
    ]
    table = "\n| option | type | default | what it does |\n|---|---|---|---|\n" + "\n".join(rows) + "\n" if rows else ""
    return f"## {found.kind} `{found.name}`\n\n{listed.summary}\n{weights}{table}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _objects(paths: Iterable[str]) -> str:
    return "\n".join(f"::: {path}\n" for path in paths)


def _has_no_page(path: str) -> bool:
    return not any(path.startswith(f"faceswap.{module}.") for module in _ELSEWHERE)


def _home(name: str) -> str:
    return _path_of(getattr(faceswap, name), name)


def _testing_home(name: str) -> str:
    return _path_of(getattr(faceswap.testing, name), name)


def _path_of(thing: Any, name: str) -> str:
    """Where a public name is defined; markers have no module of their own, so they are told from the hookspecs."""
    module = getattr(thing, "__module__", "")
    return f"{module}.{name}" if module.startswith("faceswap") else f"faceswap.core.hookspecs.{name}"


if __name__ in ("<run_path>", "__main__"):
    import mkdocs_gen_files

    for path, text in pages().items():
        with mkdocs_gen_files.open(path, "w") as file:
            file.write(text)
