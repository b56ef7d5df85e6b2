"""Frames and blender chains to be tried beside each other: how people write them, and which are taken if they do not.

Nothing here knows a plugin by name: what is tried by default follows from the chain that a run takes by default and
from what is installed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ...lib.face_table import FaceTable
from ...lib.media import Medium, Selection, Timeline
from ..errors import FaceswapError, OptionError
from ..host import PluginChoice, default_chain
from ..kinds import FrameBlender
from ..registry import discover, select

Chain = tuple[PluginChoice, ...]


def parse_chain(text: str) -> Chain:
    """Reads a chain as people write it: names with their options behind them, `reinhard feather blur=5 alpha`.

    Raises:
        ValueError: It is empty, or begins with an option.
    """
    plugins: list[tuple[str, dict[str, str]]] = []
    for word in text.split():
        option, equals, value = word.partition("=")
        if not equals:
            plugins.append((word, {}))
        elif plugins:
            plugins[-1][1][option.replace("-", "_")] = value
        else:
            raise ValueError(f"must begin with a blender; {word} is an option of none")
    if not plugins:
        raise ValueError("must name blenders, such as 'reinhard feather alpha'")
    return tuple(PluginChoice(name=name, options=options) for name, options in plugins)


def chain_in_words(chain: Chain) -> str:
    """A chain as `parse_chain` reads it."""
    words = []
    for choice in chain:
        words.append(choice.name.partition("@")[0])
        words += [f"{option}={value}" for option, value in choice.options.items()]
    return " ".join(words)


def default_chains() -> tuple[Chain, ...]:
    """The chain of a run that names none, and it with each other installed blender that composites at its end."""
    usual = default_chain("blender")
    others = [(*usual[:-1], last) for last in _compositing() if last.name != usual[-1].name]
    return (usual, *others)


def _compositing() -> list[PluginChoice]:
    """The installed blenders that composite in the frame; those that cannot be imported are left out."""
    found = []
    for blender in discover("blender"):
        name = f"{blender.name}@{blender.package}"
        try:
            if issubclass(select("blender", name).plugin_class, FrameBlender):
                found.append(PluginChoice(name=name))
        except FaceswapError:
            continue
    return found


def places_at(medium: Medium, timeline: Timeline, words: Sequence[str]) -> list[int]:
    """The places of frames that are given as numbers from 0 or as times; of a time, the first frame from it on.

    Raises:
        OptionError: There is no such frame, or it is given in another form.
    """
    places: list[int] = []
    for word in words:
        try:
            selection = Selection.parse(1, f"{word}-")
        except ValueError:
            raise OptionError(f"--at takes frame numbers, or times such as 0:12.5. Received: {word!r}") from None
        if selection.has_times and medium.kind != "video":
            raise OptionError(f"--at gives a time, which images do not have; give a number from 0. Received: {word!r}")
        found = selection.of(timeline, medium.time_base).times[:1]
        if not found:
            raise OptionError(f"{medium.path} has no frame {word}; it has {len(timeline.times)}")
        places += found
    return places


def spread_places(places: Sequence[int], count: int) -> list[int]:
    """Chooses places in even steps, the first and the last among them; all if they are no more than `count`."""
    steps = np.linspace(0, len(places) - 1, min(count, len(places)))
    return [places[step] for step in np.rint(steps).astype(int).tolist()]


def differing_faces(table: FaceTable, count: int) -> NDArray[np.int64]:
    """Chooses faces that differ: the most usual one, then again and again the one farthest from those chosen.

    They are compared by how the head is turned, how large and how bright the face is, and a little by when it is seen.

    Args:
        table: The faces, at least one.
        count: How many are wanted.

    Returns:
        Their rows, ascending, at most `count`.

    Reference:
        T. F. Gonzalez, Clustering to Minimize the Maximum Intercluster Distance, Theoretical Computer Science 38, 1985.
    """
    features = np.stack([table.yaw, table.pitch, table.roll, table.brightness, np.log(table.size), table.time], axis=1)
    features = (features - _mean(features)) / np.maximum(_spread(features), 1e-9)
    features = np.nan_to_num(features) * [1, 1, 1, 1, 1, 0.3]
    chosen = [int(np.linalg.norm(features, axis=1).argmin())]
    apart = np.linalg.norm(features - features[chosen[0]], axis=1)
    while len(chosen) < count and apart.max() > 0:
        chosen.append(int(apart.argmax()))
        apart = np.minimum(apart, np.linalg.norm(features - features[chosen[-1]], axis=1))
    return np.sort(chosen)


def _mean(features: NDArray[np.float64]) -> NDArray[np.float64]:
    known = np.isfinite(features)
    return np.asarray(np.where(known, features, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1))


def _spread(features: NDArray[np.float64]) -> NDArray[np.float64]:
    apart = np.where(np.isfinite(features), features - _mean(features), 0)
    return np.asarray(np.sqrt((apart**2).mean(axis=0)))
