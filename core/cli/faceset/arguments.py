"""What several commands of `faceswap faceset` take."""

from __future__ import annotations

from pathlib import Path

import click

from ..completing import complete_path


def faceset_argument(function: click.decorators.FC) -> click.decorators.FC:
    """FACESET: the faceset that a command is about."""
    kind = click.Path(path_type=Path)
    return click.argument("faceset", metavar="FACESET", type=kind, shell_complete=complete_path)(function)


def json_option(function: click.decorators.FC) -> click.decorators.FC:
    """`--json`: the same for programs."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(function)
