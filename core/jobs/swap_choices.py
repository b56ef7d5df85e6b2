"""Which faces are swapped with what: settings that jobs which swap have in common, and what they come to in a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from ..errors import OptionError
from ..facesets.selecting import FaceFilter, People, Pictures
from .context import JobContext
from .groups import BLENDING, MODEL, PEOPLE, RUNNING
from .provenance import ProvenanceChoices

if TYPE_CHECKING:
    from ...lib.faceset import Faceset
    from ...lib.media import Medium
    from ...lib.provenance.signing import Sealer
    from ..converting.casting import Cast, Role
    from ..converting.faces import FacesetFaces
    from ..converting.models import UsedModel
    from ..host import Prepared


def _role_words(given: object) -> object:
    """In YAML roles may stand as a mapping, person to folder, or as one text."""
    if isinstance(given, dict):
        return tuple(f"{person}={folder}" for person, folder in given.items())
    return given if isinstance(given, list | tuple) else (given,)


Roles = Annotated[tuple[str, ...], BeforeValidator(_role_words)]
"""`PERSON=MODEL_DIR` for each person."""


class SwapChoices(ProvenanceChoices):
    """A trained model and the faces that it is put on."""

    media: Path = Field(description="The video, image or folder of images to change.")
    model_dir: Path | None = Field(None, description="Folder of the trained model.", json_schema_extra=MODEL)
    map: Roles = Field(
        (),
        description="In place of --model-dir: a person of the faceset, by number or name, and the folder of the model "
        "for this person's faces (repeatable). Nobody else is swapped.",
        json_schema_extra=PEOPLE,
    )
    faceset: Path | None = Field(None, description="Faceset that was extracted from MEDIA.", json_schema_extra=PEOPLE)
    only: Pictures = Field(
        (), description="Picture of a person whose faces alone are swapped (repeatable).", json_schema_extra=PEOPLE
    )
    not_: Pictures = Field(
        (), description="Picture of a person whose faces are left as they are (repeatable).", json_schema_extra=PEOPLE
    )
    person: People = Field(
        (), description="Number or name of a person who alone is swapped (repeatable).", json_schema_extra=PEOPLE
    )
    identity: str = Field(
        "source",
        description="Whose face is put on: `source`, or `target` in footage of the source, the other way round.",
        json_schema_extra=PEOPLE,
    )
    mask: str = Field(
        "auto",
        description="Masker of the faceset, or `model`; `auto`: the model's if it gives one.",
        json_schema_extra=BLENDING,
    )
    smooth: float = Field(
        1.0,
        ge=0,
        le=10,
        description="How strongly landmarks are smoothed along each face's track against jitter; 0: not at all.",
        json_schema_extra=BLENDING,
    )
    batch_size: int = Field(16, ge=1, description="Faces in one call of the model.", json_schema_extra=RUNNING)
    check: bool = Field(
        False, description="Check every plugin call against the tensor contract.", json_schema_extra=RUNNING
    )

    @field_validator("map")
    @classmethod
    def _roles(cls, words: tuple[str, ...]) -> tuple[str, ...]:
        if words:
            from ..converting.casting import parse_roles

            parse_roles(words)
        return words

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        """Insists that it is said once who gets which face."""
        if (self.model_dir is None) == (not self.map):
            raise ValueError("either --model-dir or --map must say which model is used")
        if self.map and (self.only or self.not_ or self.person):
            raise ValueError("--map says whose faces are swapped; leave out --only, --not and --person")
        return self

    def roles(self) -> tuple[Role, ...]:
        """Who gets which model's face."""
        from ..converting.casting import Role, parse_roles

        return (Role(self.model_dir),) if self.model_dir else parse_roles(self.map)

    def folders(self) -> tuple[Path, ...]:
        """The model folders, each once."""
        return tuple(dict.fromkeys(role.folder for role in self.roles()))

    def home(self) -> Path:
        """The first model folder, where the run is recorded."""
        return self.folders()[0]

    def require_faces(self, faceset: Faceset, medium: Medium) -> None:
        """Refuses a faceset of other footage, or without the mask that is asked for.

        Raises:
            StoreError: It is of other footage.
            OptionError: Its faces have no such mask.
        """
        from ..converting.faces import require_mask, require_same_footage

        require_same_footage(faceset, medium)
        require_mask(faceset, self.mask)

    def cast(self, context: JobContext, blenders: list[Prepared], checkpoint: str) -> list[Cast]:
        """Loads the models with the weights of a checkpoint.

        Raises:
            CheckpointError: A folder holds no model, or no checkpoint verifies or fits.
            OptionError: A model does not know the identity.
            PluginError: A model cannot be loaded.
        """
        from ..converting.casting import load_cast

        cast = load_cast(self.roles(), blenders, checkpoint, self.identity)
        for each in cast:
            for damage in each.trained.skipped:
                context.warn(f"{damage}; the weights of step {each.trained.step} are used")
        return cast

    def used_models(self, cast: Sequence[Cast]) -> tuple[UsedModel, ...]:
        """The loaded models as the stream takes them."""
        return tuple(each.used(self.identity, self.check) for each in cast)

    def faces_of(self, context: JobContext, faceset: Faceset) -> FacesetFaces:
        """The faces of a faceset that are to be swapped, each with the number of its role.

        Raises:
            MediaError: A reference cannot be read, or does not show one face.
            OptionError: The faceset has no such person, or two roles mean the same.
            StoreError: The faceset has no embeddings, or no face that is asked for.
        """
        from ..converting.faces import FacesetFaces, has_tracks
        from ..facesets.selecting import select_faces

        if self.smooth and not has_tracks(faceset):
            context.warn(
                f"{faceset.path} has no tracks, so landmarks are not smoothed; the command that extracted it adds them."
            )
        chosen: dict[str, int] = {}
        for number, role in enumerate(self.roles()):
            people = (role.person,) if role.person else self.person
            wanted = FaceFilter(only=self.only, without=self.not_, people=people)
            names = select_faces(faceset, wanted, context.check)
            if names is None:
                return FacesetFaces(faceset, self.smooth)
            if not names.isdisjoint(chosen):
                raise OptionError(f"--map names person {role.person} twice, by number and by name; keep one")
            chosen |= dict.fromkeys(names, number)
        return FacesetFaces(faceset, self.smooth, chosen)

    def sealer_for(self, cast: Sequence[Cast], blenders: list[Prepared]) -> Sealer | None:
        """What seals pictures of these models and blenders; None where that is not wanted."""
        from ..converting.making import making

        known = [(each.trained, each.manifest) for each in cast]
        return self.sealer(making(known, self.consents(*self.folders()), blenders))
