"""The commands `faceswap faceset`: one module for each, imported when it is called."""

from __future__ import annotations

import click

from ..light_group import LightGroup

COMMANDS = {
    "info": "Tell what a faceset holds.",
    "check": "Tell whether a faceset is whole, and what to do.",
    "remove": "Take faces out; their images move to the faceset's trash.",
    "restore": "Bring removed faces back.",
    "people": "Find out who a faceset shows.",
    "stats": "Draw and tell which poses there are, how sharp, and when.",
    "sheet": "Draw contact sheets.",
    "sort": "Sort faces into a folder for looking.",
    "group": "Group faces into subfolders for looking.",
    "sync": "Take out the faces whose image was deleted, here or in such a folder.",
    "filter": "Remove faces by conditions: blurred, small, turned, twins, other people.",
    "import": "Make a faceset of what other tools have found.",
    "export": "Write a faceset to one file.",
    "merge": "Add the faces of facesets to another.",
}
"""Command -> summary."""


@click.group(cls=LightGroup, commands=COMMANDS, package=__name__)
def command() -> None:
    """Look at the faces that `faceswap extract` makes, and choose among them."""
