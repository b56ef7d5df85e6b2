"""Reference pictures: whose face is meant, told by a picture of the person alone.

The picture goes through the detector, aligner and recognizer that the faces went through, in a process of its own, so
that what these plugins load and the Keras backend that they need go with it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from ...lib.faceset import Faceset
from ...lib.media import FrameKey, probe, read_frames
from ..errors import MediaError
from ..host import PluginChoice, use_backend
from ..workers.pool import WorkerPool
from .chain import Chain
from .plugins import PluginChoices
from .settings import Alignment, Search

_CROP = 64
"""Side of the crops that the chain would store; nothing looks at them."""


class ReferenceWorker:
    """Embeds reference pictures; made once in a worker process.

    Args:
        settings: A dump of `PluginChoices`, with a recognizer.

    Raises:
        PluginError: A plugin could not be loaded.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        plugins = PluginChoices.model_validate(settings).prepare()
        use_backend(plugins.all)
        self._chain = Chain(plugins, _CROP)

    def run(self, task: dict[str, Any], note: Callable[[Any], None]) -> Callable[[], dict[str, Any]]:
        """Embeds the one face of a picture; `note` is told of which, before it is looked at."""
        path = Path(task["path"])
        note(path.name)
        image = next(iter(read_frames(probe(path)))).image()
        faces = self._chain.faces(FrameKey(path.name, 0), image)
        if len(faces) != 1:
            found = f"{len(faces)} faces were" if faces else "no face was"
            raise MediaError(f"{found} found in the reference {path}; give a picture that shows the person alone")
        (embedding,) = faces[0].embeddings.values()
        return lambda: {"embedding": embedding.tolist()}


def reference_embeddings(
    plugins: PluginChoices, paths: Sequence[Path], check: Callable[[], None]
) -> NDArray[np.float32]:
    """Embeds the faces of reference pictures.

    Args:
        plugins: The chain, with a recognizer.
        paths: The pictures.
        check: Called now and then; raises when the run should stop.

    Returns:
        float32 `[pictures dim]`.

    Raises:
        MediaError: A picture cannot be read, or does not show one face.
        PluginError: A plugin could not be loaded, or failed.
    """
    # What footage is searched for says nothing of pictures.
    settings = plugins.model_copy(update={"maskers": (), "search": Search()}).model_dump(mode="json")
    tasks = [{"path": str(path.absolute())} for path in paths]
    # One worker, so that answers come in the order of the tasks.
    with WorkerPool(__name__, "ReferenceWorker", settings, min(1, len(tasks))) as pool:
        return np.array([answer["embedding"] for answer in pool.run(tasks, check)], np.float32)


def chain_of(faceset: Faceset) -> PluginChoices:
    """The plugins that made a faceset: with their options where its run records tell them, else with the defaults."""
    stages = {(stage.kind, stage.name) for stage in faceset.stages}
    for record in sorted((faceset.path / "runs").glob("*.json"), reverse=True):
        choices = _recorded(record)
        if choices is not None and _stages_of(choices) <= stages:
            return choices
    named = {kind: PluginChoice(name=name) for kind, name in stages if kind != "masker"}
    return PluginChoices(detector=named["detector"], aligner=named["aligner"], recognizer=named.get("recognizer"))


def _recorded(record: Path) -> PluginChoices | None:
    """What an extraction's record says; None for other records and damaged ones."""
    try:
        settings = json.loads(record.read_bytes())["settings"]
        kinds = {kind: settings[kind] for kind in ("detector", "aligner", "recognizer")}
        alignment = {name: settings[name] for name in Alignment.model_fields if name in settings}
        return PluginChoices.model_validate({**kinds, "alignment": alignment})
    except (OSError, ValueError, KeyError, TypeError, ValidationError):
        return None


def _stages_of(choices: PluginChoices) -> set[tuple[str, str]]:
    used = {"detector": choices.detector, "aligner": choices.aligner, "recognizer": choices.recognizer}
    return {(kind, choice.name.partition("@")[0]) for kind, choice in used.items() if choice is not None}
