"""What the job `train` trains, whether the other settings go with it, and whose faces it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import OptionError, PluginError
from ..host import Prepared, default_choice, prepare
from ..kinds import Generator, Trainable
from .train_settings import IDENTITIES

if TYPE_CHECKING:
    from .train import TrainJob


def trained_plugin(job: TrainJob) -> Prepared:
    """The model or the generator, if it can be trained as the settings say.

    Raises:
        PluginError: It cannot be trained, or not with what this command can give it.
    """
    prepared = trainable(prepare(*job.trained))
    if job.adversarial:
        from ..training.adversarial import require_autoencoder

        require_autoencoder(prepared.plugin, prepared.label)
    return prepared


def trainable(prepared: Prepared) -> Prepared:
    """Returns the plugin if it can be trained with facesets that this command can be given."""
    plugin = prepared.plugin
    if not isinstance(plugin, Trainable):
        raise PluginError(f"{prepared.label} from {prepared.found.origin} cannot be trained; choose another model")
    if set(plugin.identities) not in ({"source", "target"}, set(Generator.identities)):
        known = ", ".join(plugin.identities)
        raise PluginError(f"{prepared.label} is trained with {known}; this command trains source and target only")
    return prepared


def require_settings(job: TrainJob) -> None:
    """Refuses settings that say nothing for what is trained, and a run without its facesets.

    Raises:
        OptionError: Names the setting and what to do.
        PluginError: The plugin is unknown or cannot be trained.
    """
    if job.generator:
        _refuse_for_generators(job)
    prepared = trained_plugin(job)
    for identity in IDENTITIES:
        _require_faceset(job, identity, identity in prepared.plugin.identities, prepared.label)
    _require_two(job)


def _require_two(job: TrainJob) -> None:
    """Refuses one faceset in the place of two, unless people of it are told apart."""
    if not (job.source and job.target) or job.source.resolve() != job.target.resolve():
        return
    sides = (job.filter_fields(identity) for identity in ("source", "target"))
    if not any(getattr(job, field) for fields in sides for field in fields):
        raise OptionError(
            f"--source and --target are both {job.source}: give the facesets of two people, or say with "
            "--source-person and --target-person whom each means."
        )


def _refuse_for_generators(job: TrainJob) -> None:
    if job.model != default_choice("model"):
        raise OptionError("A run trains one plugin: give --model or --generator, not both.")
    if job.adversarial:
        raise OptionError("--adversarial judges autoencoders, and --generator trains none: leave one out.")
    if job.stop_when_flat:
        raise OptionError(
            "--stop-when-flat goes by faces that are reconstructed, and a generator reconstructs none: give "
            "--iterations or --minutes."
        )


def _require_faceset(job: TrainJob, identity: str, wanted: bool, label: str) -> None:
    """Insists that an identity has a faceset where it is trained, and neither that nor a filter where it is not."""
    fields = (job.faceset_field(identity), *job.filter_fields(identity))
    flags = [f"--{field.strip('_').replace('_', '-')}" for field in fields]
    if wanted and getattr(job, fields[0]) is None:
        if job.faceset and not job.generator:
            raise OptionError("--faceset is for generators: add --generator NAME, or give --source and --target.")
        raise OptionError(f"{job.command} needs {flags[0]} for {label}. `faceswap {job.command} --help` explains it.")
    for field, flag in zip(fields, flags, strict=True):
        if not wanted and getattr(job, field):
            needed = " and ".join(f"--{job.faceset_field(name)}" for name in prepare(*job.trained).plugin.identities)
            raise OptionError(f"{label} is trained from {needed} and has no use for {flag}: leave it out.")
