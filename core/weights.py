"""The weights that the installed plugins declare, and which of them a user means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ..lib.weights import WeightsFile
from .errors import FaceswapError, WeightsError, suggest
from .listing import describe
from .names import KINDS
from .registry import Found, discover, find


@dataclass(frozen=True)
class Declared:
    """A weights file and who needs it.

    Attributes:
        file: What is known of it.
        plugins: The plugins that declare it, as messages call them.
    """

    file: WeightsFile
    plugins: tuple[str, ...]


def declared(
    plugins: Iterable[Found] | None = None, complain: Callable[[str], None] = lambda fault: None
) -> list[Declared]:
    """The weights of all installed plugins, or of some; reads their sources, imports none.

    Args:
        plugins: Whose weights.
        complain: Told of each entry that breaks the rules and is left out.
    """
    users: dict[WeightsFile, list[str]] = {}
    for found in discover() if plugins is None else plugins:
        for entry in describe(found).weights:
            try:
                users.setdefault(WeightsFile.declared(entry), []).append(found.label)
            except ValueError as error:
                complain(f"{found.label} from {found.origin}: {error}")
    return [Declared(file, tuple(labels)) for file, labels in users.items()]


def chosen(words: Sequence[str]) -> list[Declared]:
    """The weights that a user means.

    Args:
        words: `KIND NAME` for those of one plugin, `FILE` for one file, nothing for all.

    Raises:
        FaceswapError: Nothing, or more than one file, is called so.
    """
    if not words:
        return declared()
    if len(words) == 2 and words[0] in KINDS:
        return declared([find(words[0], words[1])], _refuse)
    if len(words) > 1:
        raise FaceswapError(f"Name a plugin (KIND NAME) or one file. Received: {' '.join(words)}")
    everything = declared()
    meant = [each for each in everything if each.file.name == words[0]]
    if not meant:
        known = [each.file.name for each in everything]
        raise FaceswapError(f"No plugin declares weights '{words[0]}'. {suggest(words[0], known)}")
    if len(meant) > 1:
        users = " and ".join(each.plugins[0] for each in meant)
        raise FaceswapError(f"'{words[0]}' are different files of {users}. Name the plugin instead: KIND NAME.")
    return meant


def _refuse(fault: str) -> None:
    raise WeightsError(fault)
