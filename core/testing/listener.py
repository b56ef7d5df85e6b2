"""Checks for listeners: their hooks exist, and they bear to be told of whole runs, however these end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from .. import events
from ..errors import PluginError
from ..host import Prepared
from ..listeners import hooks_of
from ..registry import Found
from .exercise import Call, Exercise
from .records import CheckError, SkipCheckError, check_of, expect
from .subject import Subject

_NOWHERE = Found("listener", "under test", "its own module", "its own package", "")
_LOSSES = {"source": 0.25, "target": 0.5}
_FIGURES = {"psnr_source": 30.0, "ssim_source": 0.9, "identity": 0.4}
_FRAME = {"source": "clip.mp4", "pts": 512, "seconds": 0.04, "faces": 1}


class ListenerExercise(Exercise):
    """Works listeners: a call is how a run ends, of which they are told everything; they answer nothing."""

    omits = frozenset(
        {
            "contract-types",
            "inputs-unchanged",
            "read-only-inputs",
            "same-answer",
            "no-hidden-randomness",
            "batch-equals-singles",
            "empty-batch",
            "odd-sizes",
        }
    )

    def calls(self, plugin: Any) -> list[Call]:
        """A run that is done, one that fails and one that somebody stops."""
        return [("done",), ("failed",), ("stopped",)]

    def run(self, plugin: Any, call: Call) -> None:
        """Tells a whole run."""
        hooks = hooks_of(Prepared(_NOWHERE, plugin))
        with TemporaryDirectory(prefix="faceswap-check-") as folder:
            for event in whole_run(Path(folder), *call):
                _tell(hooks, event, *call)

    def scaled(self, plugin: Any, items: int) -> list[Call]:
        """So many runs."""
        return [("done",)] * items

    def singles(self, call: Call) -> list[Call]:
        """A call is one item."""
        return [call]

    def items(self, answer: Any) -> list[Any]:
        """There is no answer."""
        return [answer]


def whole_run(folder: Path, outcome: str) -> Iterator[Any]:
    """The events of a training run, and of frames, in a folder that exists.

    Args:
        folder: Stands for the model folder.
        outcome: `done`, `failed` or `stopped`.
    """
    path, job = str(folder), {"job": "check"}
    yield events.Started(**job, command="train", settings={"model_dir": path}, plugins={}, home=path)
    yield events.FrameExtracted(**job, **_FRAME)
    yield events.TrainingStarted(**job, model_dir=path, step=10, iterations=20)
    yield events.TrainingStep(**job, step=20, steps=10, losses=_LOSSES, faces_per_second=40.0)
    yield events.Validated(**job, step=20, figures=_FIGURES, score=0.5, best_step=20)
    yield events.CheckpointSaved(**job, path=str(folder / "checkpoints" / "20"), step=20)
    yield events.Preview(**job, path=str(folder / "previews" / "00000020.png"), title="after 20 iterations")
    yield events.FrameConverted(**job, **_FRAME)
    if outcome == "done":
        yield events.Finished(**job, report={"iterations": 20})
    else:
        yield events.Failed(**job, message="Stopped as asked.", cancelled=outcome == "stopped")


def hooks_known(subject: Subject) -> None:
    """It implements a hook; its hooks exist, are marked with @hookimpl and take arguments that there are."""
    plugin = subject.plugin
    expect(bool(plugin.hooks), "a method that implements a hook", "none")
    try:
        hooks_of(Prepared(subject.found, plugin))
    except Exception as error:
        raise CheckError(f"expected hooks of the host. Received: {error}") from error


def bears_every_run(subject: Subject) -> None:
    """It can be told of every event, of runs that are done, fail or are stopped, without raising."""
    for call in subject.calls:
        try:
            subject.exercise.run(subject.plugin, call)
        except PluginError as error:
            raise SkipCheckError("its hooks are not those of the host") from error


def _tell(hooks: Any, event: Any, outcome: str) -> None:
    try:
        getattr(hooks, event.hook)(**event.arguments())
    except (Exception, SystemExit) as error:
        what = f"{type(error).__name__}: {error}"
        raise CheckError(
            f"expected `{event.hook}` of a run with outcome {outcome} to return. Received: {what}"
        ) from error


CHECKS = tuple(check_of(function) for function in (hooks_known, bears_every_run))
