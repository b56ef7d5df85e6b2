"""Who of the footage gets which model's face."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..checking import checked, checks_wanted
from ..errors import OptionError, PluginError, suggest
from ..host import Prepared
from ..training import saved_model
from ..training.saved_model import TrainedModel
from .making import manifest_of
from .models import UsedModel


@dataclass(frozen=True)
class Role:
    """A person of the footage, and the model of the face that the person gets.

    Attributes:
        folder: The model folder.
        person: The person's number or name; empty for everybody whose faces are swapped.
    """

    folder: Path
    person: str = ""


@dataclass(frozen=True, eq=False)
class Cast:
    """A role with its model, loaded.

    Attributes:
        role: The role.
        trained: The model.
    """

    role: Role
    trained: TrainedModel

    @property
    def label(self) -> str:
        """The model as messages call it."""
        return f"model '{self.trained.record.name}'"

    @property
    def manifest(self) -> str:
        """The manifest of the weights' checkpoint, as text."""
        return manifest_of(self.role.folder, self.trained.step)

    def used(self, identity: str, check: bool) -> UsedModel:
        """The model as the stream takes it; with `check` each call is checked against the contract."""
        plugin = self.trained.plugin
        watched = checked(plugin, self.label) if checks_wanted(check) else plugin
        return UsedModel(watched, self.label, self.trained.crop, identity, self.role.person)


def parse_roles(words: Sequence[str]) -> tuple[Role, ...]:
    """Reads roles as people write them, `PERSON=FOLDER`.

    Raises:
        ValueError: One has another form, or a person is named twice.
    """
    roles: list[Role] = []
    for word in words:
        person, equals, folder = (part.strip() for part in word.partition("="))
        if not (person and equals and folder):
            raise ValueError(f"must be PERSON=MODEL_DIR, such as anna=models/anna; {word!r} is not")
        if person in {role.person for role in roles}:
            raise ValueError(f"names {person} twice; a person gets one face")
        roles.append(Role(Path(folder), person))
    return tuple(roles)


def load_cast(roles: Sequence[Role], blenders: Sequence[Prepared], checkpoint: str, identity: str) -> list[Cast]:
    """Loads the models of roles; each folder once, all into one process and on one Keras backend.

    Args:
        roles: At least one.
        blenders: The other plugins of the process.
        checkpoint: Which weights: `newest`, `best` by validation, or a step.
        identity: Whose face is put on.

    Raises:
        CheckpointError: A folder holds no model, or no checkpoint verifies or fits.
        PluginError: A model cannot be loaded, or two need different backends.
        OptionError: A model does not know the identity.
    """
    folders = list(dict.fromkeys(role.folder for role in roles))
    others = [saved_model.prepare_saved(folder) for folder in folders] if len(folders) > 1 else []
    together = [*others, *blenders]
    loaded = {folder: _load(folder, together, checkpoint, identity) for folder in folders}
    return [Cast(role, loaded[role.folder]) for role in roles]


def _load(folder: Path, together: Sequence[Prepared], checkpoint: str, identity: str) -> TrainedModel:
    trained = saved_model.load_trained_model(folder, together_with=together, which=checkpoint)
    known = trained.plugin.identities
    if identity not in known:
        raise OptionError(f"The model of {folder} knows no identity '{identity}'. {suggest(identity, known)}")
    return trained


def require_schemes(cast: Sequence[Cast], schemes: Iterable[str], found: str, remedy: str) -> None:
    """Refuses landmarks that a model cannot be aligned by.

    Args:
        cast: The models.
        schemes: The schemes of the landmarks.
        found: Where they come from, as the message goes on: `faceset x has`.
        remedy: What to do.

    Raises:
        PluginError: A model does not accept one of the schemes.
    """
    for each in cast:
        accepted = each.trained.plugin.schemes
        refused = sorted(set(schemes) - (accepted or set(schemes)))
        if refused:
            wanted = ", ".join(sorted(accepted or ()))
            raise PluginError(f"{each.label} needs landmarks of {wanted}, {found} {', '.join(refused)}; {remedy}.")
