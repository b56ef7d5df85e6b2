"""The model folder's own description, `model.yaml`, and the way from a folder to a trained model at work."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from ...lib.checkpoint import saved_steps
from ...lib.publish import publish_bytes
from ..contract import CropSpec
from ..errors import CheckpointError, OptionError
from ..host import PluginChoice, Prepared, prepare, use_backend
from ..kinds import Trainable, TrainableModel
from ..names import CONTRACT_VERSION, OLDEST_CONTRACT_VERSION
from ..options import parse_options

MODEL_FILE = "model.yaml"


class ModelRecord(BaseModel):
    """What `model.yaml` says.

    Attributes:
        contract: The version of the tensor contract.
        kind: The plugin's kind, `model` or `generator`.
        name: The plugin's name.
        package: The package that it came from.
        version: That package's version when training began.
        options: The plugin's options, all of them.
        crop: The crop that it wants: size, face type, coverage.
        identities: The names of the people that it knows.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    contract: int = CONTRACT_VERSION
    kind: str = "model"
    name: str
    package: str
    version: str
    options: dict[str, Any]
    crop: CropSpec
    identities: tuple[str, ...]

    @classmethod
    def of(cls, prepared: Prepared) -> ModelRecord:
        """Describes a model plugin."""
        plugin = prepared.plugin
        return cls(
            kind=prepared.found.kind,
            name=prepared.found.name,
            package=prepared.found.package,
            version=prepared.found.version,
            options=plugin.options.model_dump(mode="json"),
            crop=plugin.crop,
            identities=plugin.identities,
        )

    def differences(self, other: ModelRecord) -> list[str]:
        """What is not the same in another record, in words; package versions may differ."""
        mine, theirs = self._flat(), other._flat()
        return [
            f"{name} {mine.get(name, 'none')} instead of {theirs.get(name, 'none')}"
            for name in sorted(mine.keys() | theirs.keys())
            if mine.get(name) != theirs.get(name)
        ]

    def _flat(self) -> dict[str, Any]:
        record = self.model_dump(mode="json", exclude={"version", "contract", "options", "crop"})
        options = {f"option {name}": value for name, value in self.options.items()}
        return {**record, **options, "crop": f"{self.crop.size} px {self.crop.face_type} x{self.crop.coverage:g}"}


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A model or generator that was trained, ready for work.

    Attributes:
        plugin: The plugin, loaded, with its weights.
        record: What the folder says about it.
        step: The training step of its weights.
        crop: The crop that it wants.
        skipped: One line for each newer checkpoint that was passed over because it is damaged.
    """

    plugin: Any
    record: ModelRecord
    step: int
    crop: CropSpec
    skipped: tuple[str, ...] = ()


def write_record(folder: Path, record: ModelRecord) -> None:
    """Writes `model.yaml`.

    Raises:
        OutputError: The disk is full or cannot be written.
    """
    text = yaml.safe_dump(record.model_dump(mode="json"), sort_keys=False)
    publish_bytes(folder / MODEL_FILE, text.encode())


def read_record(folder: Path) -> ModelRecord:
    """Reads `model.yaml`.

    Raises:
        CheckpointError: There is none, it cannot be read, or it is of another contract version.
    """
    path = folder / MODEL_FILE
    try:
        content = yaml.safe_load(path.read_bytes())
        _require_contract(path, content)  # First: a later one may have other fields.
        record = ModelRecord.model_validate(content)
    except (FileNotFoundError, NotADirectoryError):
        raise CheckpointError(
            f"{folder} is not a model folder: it has no {MODEL_FILE}; make one with `faceswap train`"
        ) from None
    except (OSError, yaml.YAMLError, ValidationError) as error:
        reason = " ".join(str(error).split())[:200]
        raise CheckpointError(f"{path} cannot be read: {reason}; restore a copy or train again") from error
    return record


def _require_contract(path: Path, content: Any) -> None:
    contract = content.get("contract") if isinstance(content, dict) else None
    if isinstance(contract, int) and not OLDEST_CONTRACT_VERSION <= contract <= CONTRACT_VERSION:
        remedy = "upgrade faceswap" if contract > CONTRACT_VERSION else "train again"
        raise CheckpointError(f"{path} is of contract {contract}, this host {CONTRACT_VERSION}; {remedy}")


def settle_record(folder: Path, prepared: Prepared) -> None:
    """Writes the record of a folder without a checkpoint; insists on that of one with.

    Raises:
        CheckpointError: The folder holds another model, the same with other options, or cannot be read.
        OutputError: The disk is full or cannot be written.
    """
    record = ModelRecord.of(prepared)
    if not saved_steps(folder):
        write_record(folder, record)
        return
    saved = read_record(folder)
    if saved.name == record.name:
        saved = saved.model_copy(update={"options": _options_today(folder, saved, prepared)})
    if (saved.kind, saved.name, saved.package) != (record.kind, record.name, record.package):
        raise CheckpointError(
            f"{folder} holds the {saved.kind} '{saved.name}' of {saved.package}, and {prepared.label} is to be "
            "trained. Choose another folder or the same plugin."
        )
    differences = saved.differences(record)
    if differences:
        raise CheckpointError(
            f"{folder} was trained with {'; '.join(differences)}. Choose another folder or the same settings."
        )


def _options_today(folder: Path, saved: ModelRecord, prepared: Prepared) -> dict[str, Any]:
    """The options of a record for the plugin that is installed; one that it has gained had what is now its default."""
    try:
        options = parse_options(prepared.label, prepared.plugin.Options, saved.options)
    except OptionError as error:
        raise CheckpointError(
            f"{folder} was made by {saved.package} {saved.version} and does not fit {prepared.found.origin}: {error} "
            f"Install a version of {saved.package} that knows it, or choose another folder."
        ) from error
    return dict(options.model_dump(mode="json"))


def prepare_saved(folder: Path) -> Prepared:
    """The plugin of a folder with its options, whose heavy work has not been done.

    Raises:
        CheckpointError: It is no model folder.
        PluginError: The plugin is unknown.
    """
    record = read_record(folder)
    return prepare(record.kind, PluginChoice(name=f"{record.name}@{record.package}", options=record.options))


def load_trained_model(
    folder: Path,
    together_with: Sequence[Prepared] = (),
    which: str = "newest",
    base: type[Trainable] = TrainableModel,
) -> TrainedModel:
    """Builds the model of a folder and gives it the weights of a checkpoint; no training state is made.

    Args:
        folder: The model folder.
        together_with: The other plugins of this process, which must agree on a Keras backend.
        which: `newest`, the newest checkpoint that verifies; `best`, the best by validation; or a step.
        base: What the plugin must be: a model that was trained, or a generator.

    Raises:
        CheckpointError: It is no such model folder, or no checkpoint verifies or fits.
        PluginError: The plugin is unknown or cannot be loaded.
    """
    from .backends import import_keras
    from .checkpointing import load_weights

    record, prepared = read_record(folder), prepare_saved(folder)
    if record.kind != base.kind:
        raise CheckpointError(f"{folder} holds the {record.kind} '{record.name}', and a {base.kind} is needed here")
    use_backend([prepared, *together_with])
    import_keras()
    plugin = prepared.load()
    if not isinstance(plugin, base):
        raise CheckpointError(f"{folder} holds {prepared.label}, which cannot be trained")
    saved = load_weights(folder, plugin, which)
    return TrainedModel(plugin, record, saved.step, plugin.crop, saved.skipped)
