"""The host's part of the error family: plugins, options and names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from ..lib.errors import CheckpointError, FaceswapError, MediaError, OutputError, StoreError, WeightsError

__all__ = [
    "Cancelled",
    "CheckpointError",
    "ContractError",
    "FaceswapError",
    "MediaError",
    "OptionError",
    "OutputError",
    "PluginError",
    "StoreError",
    "WeightsError",
    "suggest",
]


class PluginError(FaceswapError):
    """A plugin is unknown, clashes with another, cannot be loaded, or failed while it worked."""


class OptionError(FaceswapError):
    """An option is unknown or its value is not allowed.

    Attributes:
        option: The option's name, where one of a plugin is meant; who knows which file or variable gave it can say so.
    """

    def __init__(self, message: str, option: str = "") -> None:
        super().__init__(message)
        self.option = option


class ContractError(FaceswapError):
    """A plugin gave or was given arrays that break the tensor contract."""


class Cancelled(FaceswapError):  # noqa: N818 - it is an answer, not a fault
    """The user asked the job to stop; what was finished is kept and the same command continues."""


def suggest(word: str, known: Iterable[str]) -> str:
    """Returns the tail of an 'unknown ...' message: the nearest known word, or all of them.

    Args:
        word: What the user wrote.
        known: What would have been right.
    """
    choices = sorted(known)
    near = difflib.get_close_matches(word, choices, n=1, cutoff=0.5)
    if near:
        return f"Did you mean '{near[0]}'?"
    return f"Known: {', '.join(choices)}." if choices else "There are none."
