"""What can be said of a model folder without building the model: for people, and as JSON for programs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ...lib import checkpoint, checkpoint_files
from ...lib.checkpoint_shelf import snapshots
from ...lib.history import read_history, read_validations
from ..contract import CropSpec
from ..errors import CheckpointError, PluginError
from ..listing import describe
from ..registry import find
from .saved_model import ModelRecord, read_record
from .standing import Standing


class SavedState(BaseModel):
    """A checkpoint or a snapshot.

    Attributes:
        name: The step, or the snapshot's name.
        step: The step that it was taken after.
        bytes: The size of its files.
        weights_bytes: The size of the weights among them.
        saved: When it was written, in local time.
        fault: What is wrong with it; empty where all files are what the manifest says.
        info: What training noted in it: seed, backend and the like.
    """

    name: str
    step: int
    bytes: int
    weights_bytes: int
    saved: str
    fault: str
    info: dict[str, Any]


class ModelInfo(BaseModel):
    """What `faceswap model info` tells.

    Attributes:
        folder: The model folder.
        kind: The plugin's kind, `model` or `generator`.
        plugin: The plugin: name, package and version.
        options: Its options.
        crop: The crop that it wants.
        identities: The people whom it knows.
        checkpoints: Ascending by step.
        snapshots: By name.
        step: The newest step.
        best_step: The best step by validation, as far as the newest checkpoint knows.
        best_figures: What was measured then.
        losses: The last losses of the history, with their step.
        validation: The last validation of the history, with its step.
        licences: Of the weights that the plugin brings, with whether commercial use is allowed; empty where it brings
            none: what was trained here belongs to whoever trained it.
    """

    folder: Path
    kind: str
    plugin: str
    options: dict[str, Any]
    crop: CropSpec
    identities: tuple[str, ...]
    checkpoints: list[SavedState]
    snapshots: list[SavedState]
    step: int | None
    best_step: int | None
    best_figures: dict[str, float]
    losses: dict[str, Any]
    validation: dict[str, Any]
    licences: list[str]

    def lines(self) -> list[str]:
        """The same for people."""
        return list(self._told())

    def _told(self) -> Iterator[str]:
        yield f"{self.kind}: {self.plugin}"
        yield f"options: {_figures(self.options) or 'none'}"
        yield f"crop: {self.crop.size} px, {self.crop.face_type}, coverage {self.crop.coverage:g}"
        if self.checkpoints:
            newest = self.checkpoints[-1]
            noted = {name: value for name, value in newest.info.items() if isinstance(value, (str, int, float))}
            yield f"trained: {self.step} iterations; {_figures(noted)}; weights {newest.weights_bytes / 1e6:.1f} MB"
        else:
            yield "trained: not yet; `faceswap train` begins"
        yield f"licence of weights that the plugin brings: {'; '.join(self.licences) or 'it brings none'}"
        for title, told in (("losses", self.losses), ("validation", self.validation)):
            if told:
                yield f"{title} after {told['step']} iterations: {_figures(told['figures'])}"
        if self.best_step is not None:
            yield f"best by validation: {self.best_step} iterations: {_figures(self.best_figures)}"
        for title, states in (("checkpoints", self.checkpoints), ("snapshots", self.snapshots)):
            yield f"{title}:{'' if states else ' none'}"
            yield from (self._line(state) for state in states)

    def _line(self, state: SavedState) -> str:
        name = state.name if state.name == str(state.step) else f"{state.name} (step {state.step})"
        best = "  best" if state.step == self.best_step else ""
        sound = f"DAMAGED: {state.fault}" if state.fault else "verified"
        return f"  {name:>8}  {state.saved}  {state.bytes / 1e6:8.1f} MB  {sound}{best}"


def model_info(folder: Path) -> ModelInfo:
    """Looks at a model folder; every file of every checkpoint is read, to verify it.

    Raises:
        CheckpointError: It is none, or cannot be read.
    """
    record = read_record(folder)
    states = list(_checkpoints(folder))
    standing = next((Standing.of(state.info, folder) for state in reversed(states) if not state.fault), Standing())
    return ModelInfo(
        folder=folder,
        kind=record.kind,
        plugin=f"{record.name} from {record.package} {record.version}",
        options=record.options,
        crop=record.crop,
        identities=record.identities,
        checkpoints=states,
        snapshots=list(_snapshots(folder)),
        step=states[-1].step if states else None,
        best_step=standing.best_step,
        best_figures=standing.best_figures,
        losses=_last(read_history(folder), "losses"),
        validation=_last(read_validations(folder), "validation"),
        licences=_licences(record),
    )


def _checkpoints(folder: Path) -> Iterator[SavedState]:
    for step in checkpoint.saved_steps(folder):
        # A training that goes on meanwhile may remove one.
        with suppress(FileNotFoundError):
            yield _state(str(step), checkpoint.locate(folder, step), step)


def _state(name: str, path: Path, step: int) -> SavedState:
    files = {entry.name: entry.stat() for entry in path.iterdir()}
    fault = checkpoint_files.fault(path, step)
    newest = max((stat.st_mtime for stat in files.values()), default=path.stat().st_mtime)
    return SavedState(
        name=name,
        step=step,
        bytes=sum(stat.st_size for stat in files.values()),
        weights_bytes=files["weights.safetensors"].st_size if "weights.safetensors" in files else 0,
        saved=time.strftime("%Y-%m-%d %H:%M", time.localtime(newest)),
        fault=fault,
        info={} if fault else dict(checkpoint_files.read_info(path, step)),
    )


def _snapshots(folder: Path) -> Iterator[SavedState]:
    for name, path in snapshots(folder).items():
        try:
            yield _state(name, path, checkpoint_files.step_of(path))
        except CheckpointError as error:
            state = _state(name, path, -1)
            yield state.model_copy(update={"fault": str(error)})


def _last(lines: list[dict[str, Any]], key: str) -> dict[str, Any]:
    return {"step": lines[-1]["step"], "figures": lines[-1][key]} if lines else {}


def _licences(record: ModelRecord) -> list[str]:
    try:
        found = find(record.kind, f"{record.name}@{record.package}")
    except PluginError:
        return [f"unknown: {record.package} is not installed"]
    return [
        f"{part.get('name', '?')}: {part.get('licence', 'unknown licence')}, commercial use "
        f"{'allowed' if part.get('commercial') else 'not allowed'}"
        for part in describe(found).weights
    ]


def _figures(figures: dict[str, Any]) -> str:
    return ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in figures.items()
    )
