"""The commands `faceswap evaluate`: one module for each, imported when it is called."""

from __future__ import annotations

import click

from ..light_group import LightGroup

COMMANDS = {
    "faces": "Measure generated faces, alone and against real ones.",
    "swap": "Measure a swap against the people in it, and against the truth.",
}
"""Command -> summary."""


@click.group(cls=LightGroup, commands=COMMANDS, package=__name__)
def command() -> None:
    """Measure faces with metrics, which are plugins: `faceswap plugins` names them.

    Prints a table and writes report.json and report.html, one page with everything in it, the worst and the best faces
    too.
    """
