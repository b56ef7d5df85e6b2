"""Lays `build/links/faceswap/`: one link per member of the package, for editable installs and for mypy.

The root folder is the package, so an editable install cannot point at it by name; a folder of links can.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

MEMBERS = ("__init__.py", "__main__.py", "testing.py", "py.typed", "core", "plugins", "lib")


def lay_links(root: Path) -> None:
    """Makes the folder of links anew."""
    package = root / "build" / "links" / "faceswap"
    package.mkdir(parents=True, exist_ok=True)
    for member in MEMBERS:
        link = package / member
        link.unlink(missing_ok=True)
        link.symlink_to(root / member)


class LinksHook(BuildHookInterface):  # type: ignore[misc, type-arg, unused-ignore]
    """Lays the links before an editable install."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before each wheel; only the editable one needs links."""
        if version == "editable":
            lay_links(Path(self.root))


if __name__ == "__main__":
    lay_links(Path(__file__).resolve().parent)
