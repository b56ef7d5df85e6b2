"""The file that treats stretches of frames apart: each with a blender chain of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from ...lib.media import Medium, Selection, Timeline
from ..errors import FaceswapError, OptionError, suggest
from ..host import PluginChoice, Prepared, prepare
from ..layers import load_yaml, plugin_list
from .chain import load_chain, require_chain
from .footage import Footage
from .shots import Shots, Stretch
from .trying import chain_in_words, parse_chain

_KEYS = ("frames", "blenders")
_FORM = "`frames` such as 120-180 or 0:12-0:15, and `blenders`, a list"


@dataclass(frozen=True)
class Shot:
    """An entry of the file.

    Attributes:
        where: The entry as messages call it.
        frames: Its frames, as `Selection.parse` reads them.
        chain: Its chain, as people write it.
        blenders: The chain's blenders, not loaded.
    """

    where: str
    frames: str
    chain: str
    blenders: tuple[Prepared, ...]

    def bounds(self, medium: Medium, timeline: Timeline) -> tuple[int, int]:
        """The places of its first and last frame.

        Raises:
            OptionError: The medium has no such frames.
        """
        selection = Selection.parse(1, self.frames)
        if selection.has_times and medium.kind != "video":
            raise OptionError(f"{self.where}: images have no times; give frame numbers such as 0-99")
        times = selection.of(timeline, medium.time_base).times
        if not times:
            raise OptionError(
                f"{self.where}: {medium.path} has no frame in {self.frames}; it has {len(timeline.times)}"
            )
        return times[0], times[-1]


def read_shots(path: Path) -> tuple[Shot, ...]:
    """Reads the file and checks all that can be known without the footage.

    Raises:
        FaceswapError: It cannot be read, or is not YAML.
        OptionError: An entry has another form, or an option of a blender is wrong.
        PluginError: A blender is unknown, or a chain cannot work.
    """
    content = load_yaml(path, "list of shots")
    if not isinstance(content, list) or not content:
        raise OptionError(f"{path} must be a list of entries, each with {_FORM}. Received: {type(content).__name__}")
    return tuple(_shot(entry, f"{path}, entry {number}", path) for number, entry in enumerate(content, start=1))


def _shot(entry: Any, where: str, path: Path) -> Shot:
    if not isinstance(entry, dict) or not all(entry.get(key) not in (None, "", []) for key in _KEYS):
        raise OptionError(f"{where} must have {_FORM}. Received: {entry!r}")
    for key in entry:
        if key not in _KEYS:
            raise OptionError(f"{where}: there is no setting '{key}'. {suggest(str(key), _KEYS)}")
    frames = str(entry["frames"])
    try:
        Selection.parse(1, frames)
        choices = _choices(entry["blenders"], where, path)
    except ValueError as error:
        raise OptionError(f"{where}: {error}. Received: {entry!r}") from None
    try:
        blenders = tuple(prepare("blender", choice) for choice in choices)
        require_chain(blenders)
    except FaceswapError as error:
        raise type(error)(f"{where}: {error}") from None
    return Shot(where, frames, chain_in_words(choices), blenders)


def _choices(blenders: Any, where: str, path: Path) -> tuple[PluginChoice, ...]:
    """A chain as one text, or as a configuration has it."""
    if isinstance(blenders, str):
        return parse_chain(blenders)
    chosen = plugin_list(blenders, f"{where}: blenders", str(path))
    return tuple(PluginChoice(name=plugin.name, options=plugin.options) for plugin in chosen)


def require_apart(shots: Sequence[Shot], medium: Medium, timeline: Timeline) -> list[tuple[int, int]]:
    """The places of the first and the last frame of each shot.

    Raises:
        OptionError: The footage has not all of them, or two shots overlap.
    """
    places = [shot.bounds(medium, timeline) for shot in shots]
    order = sorted(range(len(shots)), key=places.__getitem__)
    for before, after in pairwise(order):
        if places[after][0] <= places[before][1]:
            raise OptionError(
                f"{shots[after].where} ({shots[after].frames}) has frames of {shots[before].where} "
                f"({shots[before].frames}) too; a frame has one chain"
            )
    return places


def load_shots(
    usual: Sequence[Prepared],
    shots: Sequence[Shot],
    places: Sequence[tuple[int, int]],
    footage: Footage,
    check: bool = False,
) -> Shots:
    """Loads the chains of a conversion.

    Args:
        usual: The chain of frames that are not treated apart.
        shots: Those that are.
        places: Where each of these begins and ends (see `require_apart`).
        footage: Says which frames are swapped.
        check: Whether each call is checked against the contract.

    Raises:
        PluginError: A blender could not be loaded.
    """
    apart = [Stretch(*ends, load_chain(shot.blenders, check)) for shot, ends in zip(shots, places, strict=True)]
    loaded = Shots(load_chain(usual, check), *footage.bounds(), tuple(apart))
    return replace(loaded, seen=footage.bounds(loaded.context))
