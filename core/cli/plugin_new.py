"""The command `faceswap plugins new`: a plugin package that works, to be changed into one's own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..names import KINDS
from ..scaffold.templates import bases_of
from .completing import complete_kinds, complete_path

if TYPE_CHECKING:
    from ..scaffold.package import NewPackage


def _several_bases() -> str:
    """The kinds with several base classes, in words."""
    several = [(kind, bases_of(kind)) for kind in KINDS]
    return "; ".join(f"{kind}: {' or '.join(bases)}" for kind, bases in several if len(bases) > 1)


@click.command(no_args_is_help=True, epilog=f"KIND is one of {', '.join(KINDS)}.")
@click.argument("kind", shell_complete=complete_kinds)
@click.argument("name")
@click.option(
    "--path",
    default=".",
    metavar="DIR",
    help="Where its folder is made.  [default: here]",
    shell_complete=complete_path,
)
@click.option(
    "--base",
    metavar="CLASS",
    help=f"Its base class, where there is a choice; the first if not given ({_several_bases()}).",
)
def new(kind: str, name: str, path: str, base: str | None) -> None:
    """Write a new plugin package that works, to be changed into your own.

    The package has a module with a small, real plugin, the pyproject.toml by which faceswap finds it, tests with the
    conformance suite, a README and a place for your license. Nothing that exists is overwritten.

    NAME is what users will write: lower-case letters and digits, with single hyphens between them, beginning with a
    letter. `faceswap plugins new blender tint` makes the folder faceswap-tint-blender with the module
    faceswap_tint_blender.py and the class TintBlender, used by `--blender tint`.
    """
    from ..scaffold.package import new_package

    click.echo("\n".join(_told(new_package(kind, name, Path(path), base))))


def _told(package: NewPackage) -> list[str]:
    """What was made, and what to do next."""
    names = package.names
    steps = ["pip install -e '.[test]'", "pytest", f"faceswap plugins check {names.kind} {names.name}", package.use]
    return [
        f"Made the {names.label} in {package.folder}:",
        *(f"  {name}" for name in package.files),
        "",
        f"It works as it is. Next, and again after each change of {names.module}.py:",
        f"  cd {os.path.relpath(package.folder)}",
        *(f"  {step}" for step in steps if step),
        "",
        "Before you publish it: write the LICENSE, the README, and your name into pyproject.toml.",
    ]
